import type { ClientSettings, KeyRequest } from '../families.ts';
import { shellWord } from '../shell-word.ts';

/** What to paste so that a client speaks to this storage as its owner. */
export function s3ClientSettings(at: {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Absent when there is none yet. */
  readonly bucket: string | undefined;
}): readonly ClientSettings[] {
  const { endpoint, region, accessKeyId, secretAccessKey, bucket } = at;
  const keys = [
    // A shell that took a temporary key has its token still.
    'unset AWS_SESSION_TOKEN',
    `export AWS_ACCESS_KEY_ID=${accessKeyId}`,
    `export AWS_SECRET_ACCESS_KEY=${secretAccessKey}`,
  ];
  return [
    {
      client: 'awscli',
      lines: [
        ...keys,
        `export AWS_DEFAULT_REGION=${region}`,
        ...(bucket === undefined
          ? [`aws --endpoint-url ${endpoint} s3 mb s3://BUCKET`]
          : [`aws --endpoint-url ${endpoint} s3 ls s3://${bucket}`]),
      ],
    },
    {
      client: 'rclone',
      lines: [
        'export RCLONE_CONFIG_FORTNIGHT_TYPE=s3',
        'export RCLONE_CONFIG_FORTNIGHT_PROVIDER=Other',
        'export RCLONE_CONFIG_FORTNIGHT_ENV_AUTH=true',
        `export RCLONE_CONFIG_FORTNIGHT_ENDPOINT=${endpoint}`,
        ...keys,
        'rclone lsd fortnight:',
      ],
    },
    {
      client: 'restic',
      lines: [...keys, `restic --repo s3:${endpoint}/${bucket ?? 'BUCKET'}/repository init`],
    },
    {
      client: 'AWS SDK for JavaScript',
      lines: [
        'new S3Client({',
        `  endpoint: '${endpoint}',`,
        `  region: '${region}',`,
        '  forcePathStyle: true,',
        `  credentials: { accessKeyId: '${accessKeyId}', secretAccessKey: '${secretAccessKey}' },`,
        '});',
      ],
    },
  ];
}

/** What a temporary key opens, tried with the common clients; its variables must be exported. */
export function s3Commands(
  endpoint: string,
  { bucket, prefix }: Pick<KeyRequest, 'bucket' | 'prefix'>,
): readonly string[] {
  const remote = `:s3,provider=Other,env_auth=true,no_check_bucket=true,endpoint='${endpoint}':`;
  return [
    // Before 2.13 awscli knows no AWS_ENDPOINT_URL and would take the key to Amazon.
    `aws --endpoint-url ${endpoint} s3 ls ${shellWord(`s3://${bucket}/${prefix}`)}`,
    `rclone ls ${shellWord(`${remote}${bucket}/${prefix}`)}`,
    // restic 0.14 asks for the bucket itself, which no key below a prefix opens.
    ...(prefix === '' ? [`restic --repo s3:${endpoint}/${bucket}/repository init`] : []),
  ];
}
