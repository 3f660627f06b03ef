import type { ClientSettings } from '../families.ts';

/** What to paste so that a client speaks to this storage as its owner. */
export function s3ClientSettings(at: {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}): readonly ClientSettings[] {
  const { endpoint, region, accessKeyId, secretAccessKey } = at;
  const keys = [
    `export AWS_ACCESS_KEY_ID=${accessKeyId}`,
    `export AWS_SECRET_ACCESS_KEY=${secretAccessKey}`,
  ];
  return [
    {
      client: 'awscli',
      lines: [
        ...keys,
        `export AWS_DEFAULT_REGION=${region}`,
        `aws --endpoint-url ${endpoint} s3 ls`,
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
      lines: [...keys, `restic --repo s3:${endpoint}/BUCKET/repository init`],
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
