import type { ClientSettings } from '../families.ts';
import { shellWord } from '../shell-word.ts';

/** What to paste so that a client speaks to this storage as its owner. */
export function azureClientSettings(at: {
  readonly endpoint: string;
  readonly accountName: string;
  readonly accountKey: Buffer;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** A container by a SAS that lives for a day; absent when there is no container yet. */
  readonly containerUrl: string | undefined;
}): readonly ClientSettings[] {
  const { endpoint, accountName } = at;
  const key = at.accountKey.toString('base64');
  const blobEndpoint = `${endpoint}/${accountName}`;
  const connection =
    `DefaultEndpointsProtocol=${endpoint.split(':')[0]};AccountName=${accountName};` +
    `AccountKey=${key};BlobEndpoint=${blobEndpoint};`;
  return [
    {
      client: 'az',
      lines: [
        `export AZURE_STORAGE_CONNECTION_STRING='${connection}'`,
        'az storage container list --output table',
      ],
    },
    {
      client: 'rclone 1.62 and later',
      lines: [
        'export RCLONE_CONFIG_FORTNIGHT_TYPE=azureblob',
        `export RCLONE_CONFIG_FORTNIGHT_ACCOUNT=${accountName}`,
        `export RCLONE_CONFIG_FORTNIGHT_KEY=${key}`,
        `export RCLONE_CONFIG_FORTNIGHT_ENDPOINT=${blobEndpoint}`,
        'rclone lsd fortnight:',
      ],
    },
    ...(at.containerUrl === undefined ? [] : [rcloneBySas(at.containerUrl)]),
    {
      client: 'Azure SDK for JavaScript',
      lines: [`BlobServiceClient.fromConnectionString('${connection}');`],
    },
    {
      client: 'token of Entra ID',
      lines: [
        `curl -d grant_type=client_credentials -d client_id=${at.clientId} \\`,
        `  -d client_secret=${at.clientSecret} \\`,
        '  -d scope=https://storage.azure.com/.default \\',
        `  ${endpoint}/${at.tenantId}/oauth2/v2.0/token`,
      ],
    },
  ];
}

/** Older versions of rclone speak to no other endpoint than Azure's, except by a SAS URL. */
function rcloneBySas(containerUrl: string): ClientSettings {
  const container = containerUrl.replace(/\?.*/, '').split('/').at(-1);
  return {
    client: 'rclone by SAS, for one day',
    lines: [
      'export RCLONE_CONFIG_FORTNIGHT_TYPE=azureblob',
      `export RCLONE_CONFIG_FORTNIGHT_SAS_URL='${containerUrl}'`,
      `rclone ls fortnight:${container}`,
    ],
  };
}

/** What a SAS opens, tried with common clients; its variables must be exported. */
export function azureCommands(container: string, directory: string): readonly string[] {
  const below = directory === '' ? container : `${container}/${directory}`;
  const path = below.split('/').map(encodeURIComponent).join('/');
  const url = `$AZURE_STORAGE_SERVICE_ENDPOINT/${path.replaceAll('$', '\\$')}`;
  return [
    `rclone ls ${shellWord(`:azureblob:${below}`)}`,
    `curl "${url}/FILE?$AZURE_STORAGE_SAS_TOKEN"  # azcopy takes the same URL`,
  ];
}
