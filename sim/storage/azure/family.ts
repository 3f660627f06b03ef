import { createHmac } from 'node:crypto';
import {
  type FamilyOptions,
  FamilyRefusal,
  type IssuedFamilyKeys,
  type KeyRequest,
  type RunningFamily,
  type StorageFamily,
} from '../families.ts';
import { isContainerName } from './account.ts';
import { azureClientSettings, azureCommands } from './client-settings.ts';
import { makeServiceSas } from './make-sas.ts';
import { startAzureStorage } from './start.ts';

const ACCOUNT = 'fortnight';
/** Everything that a backup does, in Azure's order of letters. */
const PERMISSIONS = 'racwdl';
const SETTINGS_LIFETIME_MS = 86_400_000;
const SAS_URL_VARIABLE = 'RCLONE_AZUREBLOB_SAS_URL';

/** Azure Blob storage with one account that has directories, and one application in Entra ID. */
export const azureFamily: StorageFamily = { kind: 'azure', start };

async function start(options: FamilyOptions): Promise<RunningFamily> {
  const derive = (purpose: string): Buffer =>
    createHmac('sha512', options.ownerSeed).update(`azure ${purpose}`).digest();
  const guid = (purpose: string): string => {
    const hex = derive(purpose).toString('hex').slice(0, 32);
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  };
  const accountKey = derive('account key');
  const application = {
    clientId: guid('client'),
    clientSecret: derive('client secret').toString('base64url'),
    objectId: guid('object'),
    roles: ['Storage Blob Data Owner'] as const,
  };
  const tenantId = guid('tenant');
  const { profile: _profile, ownerSeed: _seed, buckets, ...common } = options;
  const storage = await startAzureStorage({
    ...common,
    accounts: [
      {
        name: ACCOUNT,
        key: accountKey.toString('base64'),
        hierarchicalNamespace: true,
        containers: buckets,
      },
    ],
    entra: {
      tenantId,
      signingSecret: derive('token').toString('base64'),
      applications: [application],
    },
  });
  const { endpoint, port } = storage;
  const account = { accountName: ACCOUNT, accountKey };
  const bucketNames = (): readonly string[] =>
    storage.bucketNames().map((name) => name.slice(ACCOUNT.length + 1));
  return {
    kind: 'azure',
    endpoint,
    port,
    clientSettings: () => {
      const container = buckets[0] ?? bucketNames()[0];
      const request = { bucket: container ?? '', prefix: '', durationMs: SETTINGS_LIFETIME_MS };
      const issued =
        container === undefined
          ? undefined
          : issueSas({ ...account, endpoint, request, now: options.clock.now() });
      const containerUrl = issued?.environment[SAS_URL_VARIABLE];
      return azureClientSettings({ endpoint, tenantId, ...account, ...application, containerUrl });
    },
    bucketNames,
    decisions: () => storage.decisions(),
    issueKeys: (request) => issueSas({ ...account, endpoint, request, now: options.clock.now() }),
    close: () => storage.close(),
  };
}

/** A service SAS for a directory or a container, as environment variables. */
function issueSas(owner: {
  readonly accountName: string;
  readonly accountKey: Buffer;
  readonly endpoint: string;
  readonly request: KeyRequest;
  readonly now: number;
}): IssuedFamilyKeys {
  const { request, accountName, accountKey, endpoint } = owner;
  const directory = request.prefix.replace(/^\/+|\/+$/g, '');
  const names = directory === '' ? [] : directory.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..')) {
    throw new FamilyRefusal('prefix.invalid', `"${request.prefix}" is no path of a directory`);
  }
  if (!isContainerName(request.bucket)) {
    throw new FamilyRefusal('bucket.invalid', `"${request.bucket}" is no container name of Azure`);
  }
  const expiresAt = Math.floor((owner.now + request.durationMs) / 1000) * 1000;
  if (expiresAt <= owner.now) {
    throw new FamilyRefusal('duration.invalid', 'a SAS must live for a second at least');
  }
  const { bucket: container } = request;
  const scope = { container, directory, permissions: PERMISSIONS, expiresAt };
  const token = makeServiceSas({ accountName, accountKey, ...scope });
  const environment = {
    AZURE_STORAGE_ACCOUNT: accountName,
    AZURE_STORAGE_SAS_TOKEN: token,
    AZURE_STORAGE_SERVICE_ENDPOINT: `${endpoint}/${accountName}`,
    [SAS_URL_VARIABLE]: `${endpoint}/${accountName}/${container}?${token}`,
  };
  return { expiresAt, environment, commands: azureCommands(container, directory) };
}
