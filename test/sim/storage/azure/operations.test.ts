import { createHash } from 'node:crypto';
import { type ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChecksum } from '../../../../sim/storage/core/checksums.ts';
import {
  CONTAINER,
  HOUR_MS,
  type Lab,
  MINUTE_MS,
  namesIn,
  OTHER_KEY,
  outcome,
  refusal,
  START,
  startLab,
  TREE,
  textOf,
} from './lab.ts';

const id = (number: number): string =>
  Buffer.from(String(number).padStart(6, '0')).toString('base64');

describe('Azure Blob operations with the real client', () => {
  let lab: Lab;
  let container: ContainerClient;
  beforeAll(async () => {
    lab = await startLab();
    container = lab.container();
  });
  afterAll(async () => {
    await lab.close();
    expect(lab.internalErrors).toEqual([]);
  });
  const put = (name: string, text = 'body', more: object = {}) =>
    container.getBlockBlobClient(name).upload(text, text.length, more);

  it('containers: create, exists, properties, metadata, list, delete', async () => {
    const service = lab.owner();
    const one = service.getContainerClient('one');
    const created = await one.create({ metadata: { purpose: 'test' } });
    expect(created.etag).toMatch(/^"0x8D[0-9A-F]{13}"$/);
    expect(created.version).toBe('2026-10-06');
    expect(created.requestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(await one.exists()).toBe(true);
    expect(await service.getContainerClient('absent').exists()).toBe(false);
    const properties = await one.getProperties();
    expect([properties.metadata, properties.lastModified?.getTime()]).toEqual([
      { purpose: 'test' },
      START,
    ]);
    await one.setMetadata({ other: 'x' });
    expect((await one.getProperties()).metadata).toEqual({ other: 'x' });
    expect(await refusal(one.create())).toMatchObject({
      code: 'ContainerAlreadyExists',
      status: 409,
    });
    expect((await one.createIfNotExists()).succeeded).toBe(false);
    await service.createContainer('onetwo');
    await service.createContainer('three');
    const names = async (options: object = {}): Promise<string[]> => {
      const found: string[] = [];
      const pages = service.listContainers(options).byPage({ maxPageSize: 1 });
      for await (const page of pages) found.push(...page.containerItems.map((item) => item.name));
      return found;
    };
    expect(await names()).toEqual([CONTAINER, 'one', 'onetwo', 'three']);
    expect(await names({ prefix: 'one' })).toEqual(['one', 'onetwo']);
    await one.getBlockBlobClient('a/b').upload('x', 1);
    await one.getBlockBlobClient('open').stageBlock(id(1), 'x', 1);
    await one.delete();
    expect(await refusal(one.delete())).toMatchObject({ code: 'ContainerNotFound', status: 404 });
    await one.create();
    expect(await namesIn(one)).toEqual([]);
    expect(await outcome(one.getBlockBlobClient('open').getBlockList('all'))).toBe(
      '404 BlobNotFound',
    );
  });

  it('account information says whether there are directories', async () => {
    const tree = await lab.owner().getAccountInfo();
    expect([tree.isHierarchicalNamespaceEnabled, tree.accountKind]).toEqual([true, 'StorageV2']);
  });

  it('public access is refused as on a new account', async () => {
    const open = lab.owner().getContainerClient('public');
    expect(await refusal(open.create({ access: 'blob' }))).toMatchObject({
      code: 'PublicAccessNotPermitted',
      status: 409,
    });
  });

  it('a blob keeps its bytes, properties and metadata', async () => {
    const blob = container.getBlockBlobClient('Veeam/Backup/ü & <x>.vbk');
    await blob.upload('hello', 5, {
      metadata: { owner: 'acme', _x9: 'y' },
      blobHTTPHeaders: {
        blobContentType: 'text/plain',
        blobCacheControl: 'no-store',
        blobContentEncoding: 'identity',
        blobContentLanguage: 'en',
        blobContentDisposition: 'inline',
      },
    });
    const found = await blob.getProperties();
    const md5 = createHash('md5').update('hello').digest();
    expect(found).toMatchObject({
      contentLength: 5,
      contentType: 'text/plain',
      cacheControl: 'no-store',
      contentEncoding: 'identity',
      contentLanguage: 'en',
      contentDisposition: 'inline',
      blobType: 'BlockBlob',
      leaseState: 'available',
      accessTier: 'Hot',
      metadata: { owner: 'acme', _x9: 'y' },
    });
    expect(Buffer.from(found.contentMD5!).equals(md5)).toBe(true);
    expect(found.createdOn?.getTime()).toBe(START);
    expect((await blob.downloadToBuffer()).toString()).toBe('hello');
    expect(await blob.exists()).toBe(true);
    await blob.setMetadata({ new: '1' });
    await blob.setHTTPHeaders({ blobContentType: 'text/html' });
    const changed = await blob.getProperties();
    expect([changed.metadata, changed.contentType, changed.cacheControl]).toEqual([
      { new: '1' },
      'text/html',
      undefined,
    ]);
    expect(changed.etag).not.toBe(found.etag);
    await blob.delete();
    expect(await blob.exists()).toBe(false);
    expect(await refusal(blob.delete())).toMatchObject({ code: 'BlobNotFound', status: 404 });
    expect((await blob.deleteIfExists()).succeeded).toBe(false);
  });

  it('HEAD of a missing blob carries the code in a header', async () => {
    const error = await refusal(container.getBlobClient('missing').getProperties());
    expect(error).toMatchObject({ code: 'BlobNotFound', status: 404 });
  });

  it.each<[string, number, number | undefined, string]>([
    ['the first bytes', 0, 3, '012'],
    ['the middle', 3, 4, '3456'],
    ['to the end', 7, undefined, '789'],
    ['beyond the end', 8, 100, '89'],
  ])('a range: %s', async (_name, offset, count, wanted) => {
    await put('range', '0123456789');
    const blob = container.getBlobClient('range');
    const reply = await blob.download(offset, count, { rangeGetContentMD5: count !== undefined });
    const chunks: Buffer[] = [];
    for await (const chunk of reply.readableStreamBody!) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe(wanted);
    const whole = count === undefined && offset === 0;
    expect(reply._response.status).toBe(whole ? 200 : 206);
    if (count !== undefined) {
      const md5 = createHash('md5').update(wanted).digest();
      expect(Buffer.from(reply.contentMD5!).equals(md5)).toBe(true);
    }
  });

  it('a range behind the end, or of an empty blob, is 416 InvalidRange', async () => {
    await put('range', '0123456789');
    await put('empty', '');
    for (const [name, offset] of [
      ['range', 10],
      ['empty', 0],
    ] as const) {
      const request = container.getBlobClient(name).download(offset, 1);
      expect(await refusal(request)).toMatchObject({ code: 'InvalidRange', status: 416 });
    }
    expect((await container.getBlobClient('empty').downloadToBuffer()).length).toBe(0);
  });

  it('block blobs: staged blocks, lists of both kinds, commit, partial replacement', async () => {
    const blob = container.getBlockBlobClient('blocks');
    for (const number of [2, 1, 3]) await blob.stageBlock(id(number), `part${number}`, 5);
    await blob.stageBlock(id(3), 'third', 5);
    const open = await blob.getBlockList('all');
    expect(open.uncommittedBlocks).toEqual([1, 2, 3].map((n) => ({ name: id(n), size: 5 })));
    expect(open.committedBlocks ?? []).toEqual([]);
    expect(await outcome(blob.getProperties())).toBe('404 BlobNotFound');
    await blob.commitBlockList([id(1), id(3)], {
      blobHTTPHeaders: { blobContentType: 'x/y' },
      metadata: { made: 'blocks' },
    });
    expect(await textOf(container, 'blocks')).toBe('part1third');
    expect(await blob.getProperties()).toMatchObject({
      contentType: 'x/y',
      metadata: { made: 'blocks' },
    });
    // What was staged and not committed is gone.
    expect(await outcome(blob.commitBlockList([id(2)]))).toBe('400 InvalidBlockList');
    await blob.stageBlock(id(9), 'ninth', 5);
    await blob.commitBlockList([id(9), id(1), id(9)]);
    expect(await textOf(container, 'blocks')).toBe('ninthpart1ninth');
    const list = await blob.getBlockList('committed');
    expect(list.committedBlocks?.map((block) => block.name)).toEqual([id(9), id(1), id(9)]);
    await blob.stageBlock(id(4), 'x', 1);
    await put('blocks', 'whole');
    expect((await blob.getBlockList('all')).uncommittedBlocks ?? []).toEqual([]);
    await blob.commitBlockList([]);
    expect(await textOf(container, 'blocks')).toBe('');
  });

  it('uncommitted blocks end a week after the last one', async () => {
    const blob = container.getBlockBlobClient('stale');
    await blob.stageBlock(id(1), 'x', 1);
    lab.clock.at = START + 7 * 24 * HOUR_MS - 1;
    expect((await blob.getBlockList('uncommitted')).uncommittedBlocks?.length).toBe(1);
    lab.clock.at = START + 7 * 24 * HOUR_MS;
    expect(await outcome(blob.getBlockList('uncommitted'))).toBe('404 BlobNotFound');
    lab.clock.at = START;
  });

  it('parallel uploads of the client make one blob', async () => {
    const bytes = Buffer.alloc(9 * 1024 * 1024 + 7, 'abcdefg');
    const blob = container.getBlockBlobClient('parallel');
    await blob.uploadData(bytes, { blockSize: 1024 * 1024, maxSingleShotSize: 1024 * 1024 });
    expect((await blob.downloadToBuffer()).equals(bytes)).toBe(true);
    expect((await blob.getBlockList('committed')).committedBlocks?.length).toBe(10);
  });

  it('MD5 and CRC64 are verified', async () => {
    const blob = container.getBlockBlobClient('checked');
    const wrong = new Uint8Array(16);
    const md5 = createHash('md5').update('hello').digest();
    const crc = createChecksum('CRC64NVME');
    crc.update(Buffer.from('hello'));
    const crc64 = new Uint8Array(crc.digest().reverse());
    expect(
      await outcome(blob.stageBlock(id(1), 'hello', 5, { transactionalContentMD5: md5 })),
    ).toBe('ok');
    expect(
      await outcome(blob.stageBlock(id(2), 'hello', 5, { transactionalContentMD5: wrong })),
    ).toBe('400 Md5Mismatch');
    const good = await blob.stageBlock(id(2), 'hello', 5, { transactionalContentCrc64: crc64 });
    expect(Buffer.from(good.xMsContentCrc64!).equals(Buffer.from(crc64))).toBe(true);
    expect(
      await outcome(
        blob.stageBlock(id(3), 'hello', 5, { transactionalContentCrc64: new Uint8Array(8) }),
      ),
    ).toBe('400 Crc64Mismatch');
    expect(
      await outcome(blob.upload('hello', 5, { blobHTTPHeaders: { blobContentMD5: wrong } })),
    ).toBe('400 Md5Mismatch');
    expect(await outcome(blob.getBlockList('uncommitted'))).toBe('ok');
  });

  it('lists: prefix, delimiter, pages, metadata, odd names', async () => {
    const lists = lab.owner().getContainerClient('lists');
    await lists.create();
    const names = ['a', 'd/1', 'd/2', 'd/e/3', 'd0', 'q&<>"\'', 'u\uffff', 'ü'];
    for (const name of names) {
      await lists.getBlockBlobClient(name).upload('x', 1, { metadata: { name: 'v' } });
    }
    expect(await namesIn(lists)).toEqual(
      names.toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y))),
    );
    expect(await namesIn(lists, 'd/')).toEqual(['d/1', 'd/2', 'd/e/3']);
    const page = lists.listBlobsByHierarchy('/', { prefix: 'd/', includeMetadata: true });
    const found: unknown[] = [];
    for await (const item of page) {
      found.push(item.kind === 'prefix' ? item.name : [item.name, item.metadata]);
    }
    // The client hands over the prefixes of a page first.
    expect(found).toEqual(['d/e/', ['d/1', { name: 'v' }], ['d/2', { name: 'v' }]]);
    const sizes: number[] = [];
    for await (const one of lists.listBlobsFlat().byPage({ maxPageSize: 3 })) {
      sizes.push(one.segment.blobItems.length);
    }
    expect(sizes).toEqual([3, 3, 2]);
    const first = (await lists.listBlobsFlat({ prefix: 'a' }).next()).value;
    expect(first?.properties).toMatchObject({ contentLength: 1, blobType: 'BlockBlob' });
    expect(first?.properties.lastModified.getTime()).toBe(START);
  });

  it('conditions hold at the commit', async () => {
    const blob = container.getBlockBlobClient('conditions');
    const { etag } = await blob.upload('one', 3);
    const later = new Date(START + MINUTE_MS);
    const earlier = new Date(START - MINUTE_MS);
    const wrong = '"0x8D0000000000000"';
    const write = (conditions: object) => outcome(blob.upload('one', 3, { conditions }));
    const read = (conditions: object) => outcome(blob.getProperties({ conditions }));
    expect(await write({ ifNoneMatch: '*' })).toBe('409 BlobAlreadyExists');
    expect(await write({ ifMatch: wrong })).toBe('412 ConditionNotMet');
    expect(await write({ ifUnmodifiedSince: earlier })).toBe('412 ConditionNotMet');
    expect(await write({ ifModifiedSince: later })).toBe('412 ConditionNotMet');
    expect(await read({ ifMatch: etag })).toBe('ok');
    expect(await read({ ifMatch: wrong })).toBe('412 ConditionNotMet');
    expect(await read({ ifNoneMatch: etag })).toBe('304 ConditionNotMet');
    expect(await read({ ifNoneMatch: wrong })).toBe('ok');
    expect(await read({ ifModifiedSince: later })).toBe('304 ConditionNotMet');
    expect(await read({ ifModifiedSince: earlier })).toBe('ok');
    expect(await read({ ifUnmodifiedSince: earlier })).toBe('412 ConditionNotMet');
    expect(await read({ ifMatch: etag, ifNoneMatch: wrong })).toBe(
      '400 MultipleConditionHeadersNotSupported',
    );
    expect(await outcome(blob.delete({ conditions: { ifMatch: wrong } }))).toBe(
      '412 ConditionNotMet',
    );
    expect(await write({ ifMatch: etag })).toBe('ok');
    await blob.delete();
    expect(await write({ ifMatch: etag! })).toBe('412 ConditionNotMet');
    expect(await write({ ifNoneMatch: '*' })).toBe('ok');
    const list = container.getBlockBlobClient('conditions2');
    const commit = () => outcome(list.commitBlockList([], { conditions: { ifNoneMatch: '*' } }));
    expect([await commit(), await commit()]).toEqual(['ok', '409 BlobAlreadyExists']);
  });

  it('copies from a URL, both ways, without the query in the properties', async () => {
    await put('source', 'copied', { metadata: { a: 'b' } });
    const source = container.getBlobClient('source').url;
    const one = container.getBlobClient('copy-one');
    const synchronous = await one.syncCopyFromURL(source);
    expect(synchronous.copyStatus).toBe('success');
    const poller = await container.getBlobClient('copy-two').beginCopyFromURL(source);
    expect((await poller.pollUntilDone()).copyStatus).toBe('success');
    for (const name of ['copy-one', 'copy-two']) {
      expect(await textOf(container, name)).toBe('copied');
      const found = await container.getBlobClient(name).getProperties();
      expect([found.metadata, found.copySource]).toEqual([{ a: 'b' }, source]);
    }
    const missing = one.syncCopyFromURL(container.getBlobClient('missing').url);
    expect(await outcome(missing)).toBe('404 CannotVerifyCopySource');
    const conditional = one.syncCopyFromURL(source, { sourceConditions: { ifMatch: '"x"' } });
    expect(await outcome(conditional)).toBe('412 SourceConditionNotMet');
    const elsewhere = one.syncCopyFromURL(`http://example.invalid/${TREE}/${CONTAINER}/no/no`);
    expect(await outcome(elsewhere)).toBe('404 CannotVerifyCopySource');
  });

  it('what is not served says so', async () => {
    await put('plain', 'x');
    const blob = container.getBlockBlobClient('plain');
    const page = () => container.getPageBlobClient('page').create(512);
    const append = () => container.getAppendBlobClient('append').create();
    const unknown: [() => Promise<unknown>, string][] = [
      [page, '400 UnsupportedHeader'],
      [append, '501 NotImplemented'],
      [() => blob.createSnapshot(), '501 NotImplemented'],
      [() => blob.setAccessTier('Cool'), '501 NotImplemented'],
      [() => blob.setTags({ a: 'b' }), '501 NotImplemented'],
      [() => blob.getBlobLeaseClient().acquireLease(20), '501 NotImplemented'],
      [() => blob.upload('x', 1, { conditions: { leaseId: 'x' } }), '400 UnsupportedHeader'],
      [() => blob.upload('x', 1, { tier: 'Cool' }), '400 UnsupportedHeader'],
      [
        () => blob.withSnapshot('2026-01-01T00:00:00.0000000Z').getProperties(),
        '501 NotImplemented',
      ],
      [() => lab.owner().getProperties(), '501 NotImplemented'],
      [() => blob.undelete(), '501 NotImplemented'],
    ];
    for (const [request, wanted] of unknown) expect(await outcome(request())).toBe(wanted);
  });

  it('shared key: wrong key, wrong account, another account, clock skew of 15 minutes', async () => {
    const wrong = lab.owner(TREE, OTHER_KEY).getContainerClient(CONTAINER);
    const error = await refusal(wrong.getProperties());
    expect(error).toMatchObject({ code: 'AuthenticationFailed', status: 403 });
    const listed = await refusal(wrong.listBlobsFlat().next());
    expect(listed.detail).toContain('Server used following string to sign');
    const stranger = new StorageSharedKeyCredential('stranger', OTHER_KEY);
    const { ContainerClient: Client } = await import('@azure/storage-blob');
    const foreign = new Client(container.url, stranger, { retryOptions: { maxTries: 1 } });
    expect(await outcome(foreign.getProperties())).toBe('403 AuthenticationFailed');
    for (const [offMs, wanted] of [
      [15 * MINUTE_MS, 'ok'],
      [15 * MINUTE_MS + 1000, '403 AuthenticationFailed'],
      [-15 * MINUTE_MS, 'ok'],
      [-15 * MINUTE_MS - 1000, '403 AuthenticationFailed'],
    ] as const) {
      lab.storage.faults.add({ kind: 'skewClock', ms: offMs, nth: 1 });
      expect([offMs, await outcome(container.getProperties())]).toEqual([offMs, wanted]);
    }
    lab.storage.faults.clear();
  });

  it('faults: error, corrupted body', async () => {
    await put('faulty', 'body');
    lab.storage.faults.add({
      kind: 'error',
      code: 'ServerBusy',
      status: 503,
      operation: 'GetBlob',
      keyPrefix: 'faulty',
      nth: 1,
    });
    lab.storage.faults.add({ kind: 'corruptBody', operation: 'GetBlob', nth: 2 });
    const read = async () => {
      const reply = await container.getBlobClient('faulty').download();
      const chunks: Buffer[] = [];
      for await (const chunk of reply.readableStreamBody!) chunks.push(chunk as Buffer);
      return chunks;
    };
    expect(await refusal(read())).toMatchObject({ code: 'ServerBusy', status: 503 });
    expect(Buffer.concat(await read()).toString()).not.toBe('body');
    expect(Buffer.concat(await read()).toString()).toBe('body');
    lab.storage.faults.clear();
  });
});
