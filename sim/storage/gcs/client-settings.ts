import type { ClientSettings, KeyRequest } from '../families.ts';
import { shellWord } from '../shell-word.ts';

/** The token where Google's own programs and Terraform look for it, and the address for gcloud. */
export function googleVariables(endpoint: string, token: string): Readonly<Record<string, string>> {
  return {
    CLOUDSDK_AUTH_ACCESS_TOKEN: token,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: `${endpoint}/storage/v1/`,
    GOOGLE_OAUTH_ACCESS_TOKEN: token,
  };
}

/** For the remote `:gcs:`, which needs no configuration file. */
export function rcloneVariables(endpoint: string, token: string): Readonly<Record<string, string>> {
  return {
    RCLONE_GCS_ENDPOINT: `${endpoint}/storage/v1/`,
    RCLONE_GCS_TOKEN: JSON.stringify({ access_token: token }),
    // There are no access control lists here, and rclone would set one.
    RCLONE_GCS_BUCKET_POLICY_ONLY: 'true',
  };
}

/** What to paste so that a client speaks to this storage as its owner, for an hour. */
export function gcsClientSettings(at: {
  readonly endpoint: string;
  readonly projectId: string;
  readonly token: string;
  readonly hmacKey: { readonly accessId: string; readonly secret: string };
  /** Absent when there is none yet. */
  readonly bucket: string | undefined;
}): readonly ClientSettings[] {
  const { endpoint, projectId, token, hmacKey, bucket = 'BUCKET' } = at;
  const variables = Object.entries(rcloneVariables(endpoint, token));
  return [
    {
      client: '@google-cloud/storage',
      lines: [
        `const authClient = new OAuth2Client();`,
        `authClient.setCredentials({ access_token: '${token}' });`,
        `const apiEndpoint = '${endpoint}';`,
        `const projectId = '${projectId}';`,
        'new Storage({ apiEndpoint, useAuthWithCustomEndpoint: true, authClient, projectId });',
      ],
    },
    {
      client: 'rclone',
      lines: [
        ...variables.map(([name, value]) => `export ${name}=${shellWord(value)}`),
        `rclone ls :gcs:${bucket}`,
      ],
    },
    {
      client: 'curl',
      lines: [
        `curl -H 'Authorization: Bearer ${token}' '${endpoint}/storage/v1/b?project=${projectId}'`,
      ],
    },
    {
      client: 'awscli (XML API, HMAC key)',
      lines: [
        `export AWS_ACCESS_KEY_ID=${hmacKey.accessId}`,
        `export AWS_SECRET_ACCESS_KEY=${hmacKey.secret}`,
        'export AWS_REQUEST_CHECKSUM_CALCULATION=when_required',
        `aws --endpoint-url ${endpoint} s3 ls`,
      ],
    },
  ];
}

/** What a token opens, tried with common clients; its variables must be exported. */
export function gcsCommands(
  endpoint: string,
  { bucket, prefix }: Pick<KeyRequest, 'bucket' | 'prefix'>,
): readonly string[] {
  const list = `${endpoint}/storage/v1/b/${bucket}/o?prefix=${encodeURIComponent(prefix)}`;
  return [
    `rclone ls ${shellWord(`:gcs:${bucket}/${prefix}`)}`,
    `curl -H "Authorization: Bearer $GOOGLE_OAUTH_ACCESS_TOKEN" ${shellWord(list)}`,
  ];
}
