import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { listObjects } from '../../../adapters/azure/listing.ts';
import type { AzureRequests, Place } from '../../../adapters/azure/requests.ts';
import { ACCOUNT, ACCOUNT_KEY, azureWorld } from '../../contract/azure-world.ts';
import { keysOf, pattern } from '../../contract/store-content.ts';
import { seeded } from '../../support/seed.ts';

/** As an account with directories sorts: name by name, so `/` counts less than anything. */
function inTreeOrder(left: string, right: string): number {
  return Buffer.compare(
    Buffer.from(left.replaceAll('/', '\0')),
    Buffer.from(right.replaceAll('/', '\0')),
  );
}

function inByteOrder(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function item(name: string, metadata: Record<string, string> = {}) {
  return { name, metadata, properties: { contentLength: 1, lastModified: new Date(0), etag: 'e' } };
}

/** An account with directories, its pages as small as the test wants. */
function treeRequests(keys: readonly string[], pageEntries: number) {
  const prefixes: string[] = [];
  const container = {
    listBlobsByHierarchy: (_delimiter: string, { prefix = '' }: { prefix?: string }) => ({
      byPage: ({ continuationToken = '0' }: { continuationToken?: string }) => ({
        async next() {
          prefixes.push(prefix);
          const below = keys.filter((key) => key.startsWith(prefix));
          const rows = [
            ...new Set(
              below.map((key) => {
                const end = key.indexOf('/', prefix.length);
                return end < 0 ? key : key.slice(0, end + 1);
              }),
            ),
          ].sort((left, right) => inTreeOrder(left.replace(/\/$/, ''), right.replace(/\/$/, '')));
          const from = Number(continuationToken);
          const page = rows.slice(from, from + pageEntries);
          const next = from + pageEntries < rows.length ? String(from + pageEntries) : '';
          const blobItems = page.filter((row) => !row.endsWith('/')).map((row) => item(row));
          const blobPrefixes = page.filter((row) => row.endsWith('/')).map((name) => ({ name }));
          return { value: { segment: { blobItems, blobPrefixes }, continuationToken: next } };
        },
      }),
    }),
  };
  const place = { container } as unknown as Place;
  const requests = {
    placeOf: () => place,
    send: (_operation: string, _place: Place, run: (options: object) => Promise<unknown>) =>
      run({}),
  } as unknown as AzureRequests;
  return { requests, prefixes };
}

const segment = fc.stringMatching(/^[A-C][A-C ._-]{0,2}$/);
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
/** No key is the directory of another one: a tree has no such files. */
const tree = fc
  .uniqueArray(path, { maxLength: 30 })
  .map((keys) => keys.filter((key) => !keys.some((other) => other.startsWith(`${key}/`))));

describe('a listing of an account with directories', () => {
  afterEach(() => void vi.useRealTimers());

  test('always: UTF-8 order, each key once, whatever the page and the start', async () => {
    await fc.assert(
      fc.asyncProperty(
        tree,
        fc.integer({ min: 1, max: 5 }),
        fc.oneof(path, fc.constant('')),
        async (keys, pageEntries, startAfter) => {
          const { requests } = treeRequests(keys, pageEntries);
          const options = { hasDirectories: true, startAfter };
          const listed = await keysOf(listObjects(requests, '', options));
          const behind = keys.filter((key) => inByteOrder(key, startAfter) > 0);
          expect(listed).toEqual(behind.toSorted(inByteOrder));
        },
      ),
      seeded({ numRuns: 300 }),
    );
  });

  test('the storage itself has another order (azure-sdk-for-go #24210)', async () => {
    const keys = ['A-B', 'A-C/dat2', 'A/dat1', 'AB.txt', 'AB/AB'];
    expect(keys.toSorted(inTreeOrder)).not.toEqual(keys.toSorted(inByteOrder));
    const { requests } = treeRequests(keys, 1);
    const listed = await keysOf(listObjects(requests, '', { hasDirectories: true }));
    expect(listed).toEqual(keys.toSorted(inByteOrder));
  });

  test('directories that lie before the start are not entered', async () => {
    const keys = ['a/1', 'b/x/1', 'b/y/1', 'c/1'];
    const { requests, prefixes } = treeRequests(keys, 10);
    const options = { hasDirectories: true, startAfter: 'b/x/1' };
    expect(await keysOf(listObjects(requests, '', options))).toEqual(['b/y/1', 'c/1']);
    expect(prefixes).toEqual(['', 'b/', 'b/x/', 'b/y/', 'c/']);
  });

  test.each(['directory', 'container'] as const)(
    'placeholders of directories are no objects (%s)',
    async (scopeKind) => {
      const world = await azureWorld({ scopeKind });
      await world.owner.put('folder/file', pattern(1));
      const { bucket = '' } = world.requests.at(-1) ?? {};
      vi.useFakeTimers({ toFake: ['Date'], now: world.clock.now() });
      const key = new StorageSharedKeyCredential(ACCOUNT, ACCOUNT_KEY);
      const service = new BlobServiceClient(String(world.location.endpoint), key);
      const placeholder = service.getContainerClient(bucket).getBlockBlobClient('folder');
      await placeholder.upload('', 0, { metadata: { hdi_isfolder: 'true' } });
      expect(await keysOf(world.owner.list(''))).toEqual(['folder/file']);
      expect(await keysOf(world.owner.list('', { startAfter: 'a' }))).toEqual(['folder/file']);
      expect(await world.owner.head('folder')).toBeNull();
      expect(await world.owner.abortUploads('')).toBe(0);
      await world.close();
    },
  );
});
