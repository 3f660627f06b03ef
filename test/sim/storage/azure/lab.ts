import { createHash } from 'node:crypto';
import {
  AnonymousCredential,
  BlobServiceClient,
  type ContainerClient,
  RestError,
  type StoragePipelineOptions,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { vi } from 'vitest';
import {
  type AzureStorageOptions,
  type EntraOptions,
  type RunningAzureStorage,
  startAzureStorage,
} from '../../../../sim/storage/azure/index.ts';
import { readSas } from '../../../../sim/storage/azure/sas.ts';
import { sasString } from '../../../../sim/storage/azure/sas-string.ts';
import { signBase64 } from '../../../../sim/storage/azure/shared-key.ts';
import type { RequestRecord } from '../../../../sim/storage/index.ts';

export const START = Date.UTC(2026, 0, 15, 12, 0, 0);
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
export const CONTAINER = 'backup';

/** Has directories; `flat` has none. */
export const TREE = 'treeaccount';
export const FLAT = 'flataccount';
export const KEY = Buffer.from('the key of the storage account').toString('base64');
export const OTHER_KEY = Buffer.from('the key of another account').toString('base64');

export const DELEGATOR = {
  clientId: 'client-owner',
  clientSecret: 'owner-secret',
  objectId: '11111111-1111-4111-8111-111111111111',
  roles: ['Storage Blob Data Contributor'],
} as const;
export const READER = {
  clientId: 'client-reader',
  clientSecret: 'reader-secret',
  objectId: '22222222-2222-4222-8222-222222222222',
  roles: ['Storage Blob Data Reader'],
} as const;
export const NOBODY = {
  clientId: 'client-nobody',
  clientSecret: 'nobody-secret',
  objectId: '33333333-3333-4333-8333-333333333333',
  roles: [],
} as const;
export const ENTRA: EntraOptions = {
  tenantId: '99999999-9999-4999-8999-999999999999',
  signingSecret: 'signs the tokens',
  applications: [DELEGATOR, READER, NOBODY],
};

/** A storage on a movable clock; `Date` of this process, which the SDK signs with, follows it. */
export interface Lab {
  storage: RunningAzureStorage;
  clock: { at: number };
  records: RequestRecord[];
  internalErrors: unknown[];
  /** The owner of an account. */
  owner(account?: string, key?: string): BlobServiceClient;
  /** The default container as its owner. */
  container(account?: string): ContainerClient;
  /** The default container by a SAS. */
  bySas(sas: string, account?: string): ContainerClient;
  close(): Promise<void>;
}

function countingRandom(): (bytes: number) => Buffer {
  let count = 0;
  return (bytes) => {
    count += 1;
    return createHash('sha512').update(String(count)).digest().subarray(0, bytes);
  };
}

export const ONE_TRY: StoragePipelineOptions = { retryOptions: { maxTries: 1 } };

export async function startLab(overrides: Partial<AzureStorageOptions> = {}): Promise<Lab> {
  let at = START;
  vi.useFakeTimers({ toFake: ['Date'], now: at });
  const clock = {
    get at(): number {
      return at;
    },
    set at(value: number) {
      at = value;
      vi.setSystemTime(value);
    },
  };
  const records: RequestRecord[] = [];
  const internalErrors: unknown[] = [];
  const storage = await startAzureStorage({
    clock: { now: () => at },
    state: { kind: 'memory' },
    accounts: [
      { name: TREE, key: KEY, hierarchicalNamespace: true, containers: [CONTAINER] },
      { name: FLAT, key: OTHER_KEY, containers: [CONTAINER] },
    ],
    entra: ENTRA,
    random: countingRandom(),
    onRequest: (record) => records.push(record),
    onInternalError: (error) => internalErrors.push(error),
    ...overrides,
  });
  const lab: Lab = {
    storage,
    clock,
    records,
    internalErrors,
    owner: (account = TREE, key = account === TREE ? KEY : OTHER_KEY) => {
      const credential = new StorageSharedKeyCredential(account, key);
      return new BlobServiceClient(`${storage.endpoint}/${account}`, credential, ONE_TRY);
    },
    container: (account) => lab.owner(account).getContainerClient(CONTAINER),
    bySas: (sas, account = TREE) => {
      const url = `${storage.endpoint}/${account}?${sas}`;
      const service = new BlobServiceClient(url, new AnonymousCredential(), ONE_TRY);
      return service.getContainerClient(CONTAINER);
    },
    close: async () => {
      await storage.close();
      vi.useRealTimers();
    },
  };
  return lab;
}

/** Status and code of the error that a request ends with; fails when it succeeds. */
export async function refusal(
  request: Promise<unknown>,
): Promise<{ code: string; status: number; message: string; detail: string }> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    const details = error.details as { authenticationErrorDetail?: string } | undefined;
    const detail = details?.authenticationErrorDetail ?? '';
    return { code: codeOf(error), status: error.statusCode ?? 0, message: error.message, detail };
  }
  throw new Error('the request succeeded although it must be refused');
}

/** From the document, or from the header where an answer has no body. */
function codeOf(error: RestError): string {
  const details = error.details as { errorCode?: string } | undefined;
  return details?.errorCode ?? error.code ?? '';
}

/** `ok`, or the code of the refusal. */
export async function outcome(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'ok';
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    return `${error.statusCode} ${codeOf(error)}`;
  }
}

export async function textOf(container: ContainerClient, name: string): Promise<string> {
  // Not downloadToBuffer: that asks with HEAD first, whose refusal has no document.
  const reply = await container.getBlobClient(name).download();
  const chunks: Buffer[] = [];
  for await (const chunk of reply.readableStreamBody!) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export async function namesIn(container: ContainerClient, prefix?: string): Promise<string[]> {
  const names: string[] = [];
  const options = prefix === undefined ? {} : { prefix };
  for await (const blob of container.listBlobsFlat(options)) names.push(blob.name);
  return names;
}

export function seconds(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

/**
 * A SAS made by hand, for fields that the blob SDK does not let through (it knows no `l` for a
 * directory). The string to sign itself is held to the SDK's in known-answers.test.ts.
 */
export function handSas(
  fields: Readonly<Record<string, string>>,
  name: string,
  key: string | Buffer = KEY,
): string {
  const all: [string, string][] = Object.entries({
    sv: '2026-10-06',
    sp: 'racwdl',
    se: seconds(START + HOUR_MS),
    ...fields,
  });
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : key;
  const unsigned = readSas({ query: [...all, ['sig', '-']] })!;
  const text = sasString(unsigned, name, { headers: new Map(), query: [] });
  const signed = [...all, ['sig', signBase64(bytes, text)] as const];
  return signed.map(([field, value]) => `${field}=${encodeURIComponent(value)}`).join('&');
}

/** A directory SAS of the account key. */
export function directorySas(
  directory: string,
  fields: Readonly<Record<string, string>> = {},
  account = TREE,
): string {
  const sdd = String(directory.split('/').length);
  const name = `/blob/${account}/${CONTAINER}/${directory}`;
  return handSas({ sr: 'd', sdd, ...fields }, name, account === TREE ? KEY : OTHER_KEY);
}

export function containerSas(
  fields: Readonly<Record<string, string>> = {},
  account = TREE,
): string {
  const name = `/blob/${account}/${CONTAINER}`;
  return handSas({ sr: 'c', ...fields }, name, account === TREE ? KEY : OTHER_KEY);
}
