import { describe, expect, test } from 'vitest';
import { createSourceEngine } from '../../../adapters/transfer/index.ts';
import type { TransferSpec } from '../../../adapters/transfer/types.ts';
import type { LinkMessage } from '../../../machines/ports/link.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import {
  type MemoryTree,
  noise,
  TreeSink,
  treeSource,
} from '../../support/transfer/memory-tree.ts';
import { TestBucket } from '../../support/transfer/test-store.ts';
import {
  BLOCK_BYTES,
  settle,
  specOf,
  TransferSession,
} from '../../support/transfer/transfer-session.ts';

const TREE: MemoryTree = new Map([
  ['a', { kind: 'file', mode: 0o644, modifiedAt: 5, content: noise(1, 50_000) }],
  ['b', { kind: 'file', mode: 0o644, modifiedAt: 5, content: new Uint8Array(30_000) }],
]);

async function backedUp(): Promise<TestBucket> {
  const bucket = new TestBucket();
  const session = await new TransferSession({ bucket, source: treeSource(TREE) }).run();
  expect(session.targetEnd).toBe('completed');
  return bucket;
}

async function restore(bucket: TestBucket, operation: TransferSpec['operation'] = 'restore') {
  const sink = new TreeSink();
  const session = await new TransferSession({
    bucket,
    sink,
    spec: { operation },
    grantedBytes: null,
  }).run();
  return { sink, session };
}

/** Every manifest in the storage has all its blocks: it restores. */
async function expectNoManifestWithoutBlocks(bucket: TestBucket): Promise<void> {
  for (const key of bucket.keys('/MetaData/')) {
    const spec = { operation: 'verify', restorePoint: key.split('/').at(-1)! } as const;
    const session = await new TransferSession({ bucket, spec, grantedBytes: null }).run();
    expect(session.sourceEnd).toBe('completed');
  }
}

describe('interrupted backup', () => {
  test.each([1, 4])(
    '%d parallel: fails at every put n; the next one re-sends nothing stored',
    async (parallelRequests) => {
      const puts = (await backedUp()).requests.filter(({ kind }) => kind === 'put').length;
      for (let n = 1; n <= puts; n += 1) {
        const bucket = new TestBucket();
        let put = 0;
        bucket.before = ({ kind }) => {
          if (kind === 'put') put += 1;
          if (kind === 'put' && put >= n) throw new FortnightError('storage.unreachable');
        };
        const source = treeSource(TREE);
        const failed = await new TransferSession({ bucket, source, parallelRequests }).run();
        expect(failed.targetEnd).toBe('storage.unreachable');
        expect(bucket.keys('/MetaData/')).toEqual([]);
        const stored = new Set(bucket.keys('/Data/').map((key) => key.split('/').at(-1)));
        expect(stored.size).toBe(Math.min(n - 1, puts - 1));
        bucket.before = () => {};
        const again = await new TransferSession({ bucket, source, parallelRequests }).run();
        expect(again.targetEnd).toBe('completed');
        expect(again.sentBlocks.some((id) => stored.has(id))).toBe(false);
        expect((await restore(bucket)).sink.result).toEqual(TREE);
      }
    },
  );
});

describe('damaged storage', () => {
  const cut = (object: Uint8Array) => object.slice(0, object.length - 1);
  const flip = (object: Uint8Array) => {
    const copy = object.slice();
    copy[copy.length - 1] = copy[copy.length - 1]! ^ 1;
    return copy;
  };
  test.each([
    ['a flipped bit in a block', '/Data/', flip, 'block.corrupt'],
    ['a truncated block', '/Data/', cut, 'block.corrupt'],
    ['an empty block object', '/Data/', () => new Uint8Array(0), 'block.corrupt'],
    ['a flipped bit in the manifest', '/MetaData/', flip, 'manifest.corrupt'],
    ['a truncated manifest', '/MetaData/', cut, 'manifest.corrupt'],
  ] as const)(
    '%s: every object in turn, nothing half-written stays',
    async (_, part, damage, code) => {
      const keys = (await backedUp()).keys(part);
      for (const key of keys) {
        for (const operation of ['restore', 'verify'] as const) {
          const bucket = await backedUp();
          bucket.objects.set(key, damage(bucket.objects.get(key)!));
          const { sink, session } = await restore(bucket, operation);
          expect([session.sourceEnd, session.targetEnd]).toEqual([code, code]);
          expect(sink.result).toBeNull();
          expect(sink.isDiscarded).toBe(operation === 'restore');
        }
      }
    },
  );

  test('a block that is gone: object.missing names it', async () => {
    const bucket = await backedUp();
    bucket.objects.delete(bucket.keys('/Data/')[0]!);
    const { sink, session } = await restore(bucket);
    expect([session.sourceEnd, session.targetEnd]).toEqual(['object.missing', 'object.missing']);
    expect(sink.isDiscarded).toBe(true);
  });

  test('a corrupt manifest can be deleted; its blocks are not known then and stay', async () => {
    const bucket = await backedUp();
    const key = bucket.keys('/MetaData/')[0]!;
    bucket.objects.set(key, flip(bucket.objects.get(key)!));
    const blocks = bucket.keys('/Data/');
    const session = await new TransferSession({
      bucket,
      spec: { operation: 'delete', restorePoint: key.split('/').at(-1)! },
      grantedBytes: null,
    }).run();
    expect(session.targetEnd).toBe('completed');
    expect(bucket.keys('')).toEqual(blocks);
  });

  test('another manifest that is corrupt stops a delete before it removes anything', async () => {
    const bucket = await backedUp();
    const later = new TransferSession({ bucket, source: treeSource(TREE), spec: { startedAt: 7 } });
    await later.run();
    const [first, second] = bucket.keys('/MetaData/');
    bucket.objects.set(first!, flip(bucket.objects.get(first!)!));
    const before = bucket.keys('');
    const spec = { operation: 'delete', restorePoint: second!.split('/').at(-1)! } as const;
    const session = await new TransferSession({ bucket, spec, grantedBytes: null }).run();
    expect(session.sourceEnd).toBe('manifest.corrupt');
    expect(bucket.keys('')).toEqual(before);
  });
});

describe('failing ends', () => {
  test('a sink that fails discards, and the target hears the code', async () => {
    const bucket = await backedUp();
    const sink = new TreeSink();
    sink.failsAt = 'b';
    const session = await new TransferSession({
      bucket,
      sink,
      spec: { operation: 'restore' },
      grantedBytes: null,
    }).run();
    expect([session.sourceEnd, session.targetEnd]).toEqual(['disk.full', 'disk.full']);
    expect([sink.result, sink.isDiscarded]).toEqual([null, true]);
  });

  test('a source that fails in the middle leaves no manifest', async () => {
    const bucket = new TestBucket();
    const session = await new TransferSession({
      bucket,
      source: {
        async *entries() {
          yield* treeSource(TREE).entries();
          throw new FortnightError('source.unreadable', 'c');
        },
      },
    }).run();
    expect([session.sourceEnd, session.targetEnd]).toEqual([
      'source.unreadable',
      'source.unreadable',
    ]);
    expect(bucket.keys('/MetaData/')).toEqual([]);
  });

  test.each(['source', 'target'] as const)(
    'abort of the %s at every message: nothing in flight, no manifest without its blocks',
    async (end) => {
      for (const operation of ['backup', 'restore'] as const) {
        for (let n = 1; n <= 60; n += 1) {
          const bucket = operation === 'backup' ? new TestBucket() : await backedUp();
          const sink = new TreeSink();
          let messages = 0;
          const session: TransferSession = new TransferSession({
            bucket,
            sink,
            source: treeSource(TREE),
            spec: { operation },
            grantedBytes: operation === 'backup' ? 10_000_000 : null,
            onMessage: (_to, message) => {
              messages += 1;
              if (messages === n) session[end].abort('session.cancelled');
              return message;
            },
          });
          await session.run();
          expect(bucket.inFlight).toBe(0);
          expect(session.targetEnd).toMatch(/^(completed|session\.cancelled)$/);
          if (messages < n) expect(session[`${end}End`]).toBe('completed');
          if (operation === 'restore' && session.sourceEnd !== 'completed') {
            expect(sink.result).toBeNull();
          }
          await expectNoManifestWithoutBlocks(bucket);
        }
      }
    },
  );

  test('abort while the storage hangs on cuts the request short by its signal', async () => {
    const bucket = new TestBucket();
    let release = () => {};
    bucket.before = ({ kind }) =>
      kind === 'put' ? new Promise((resolve) => (release = resolve)) : undefined;
    const session = await new TransferSession({
      bucket,
      source: treeSource(TREE),
      parallelRequests: 1,
    }).run();
    session.target.abort('session.cancelled');
    await settle();
    expect(session.targetEnd).toBe('running');
    release();
    await settle();
    expect(session.targetEnd).toBe('session.cancelled');
  });
});

describe('back-pressure', () => {
  test('a slow storage bounds what the engines hold, however long the source is', async () => {
    const bucket = new TestBucket();
    const releases: (() => void)[] = [];
    bucket.before = ({ kind }) =>
      kind === 'put' ? new Promise((resolve) => releases.push(resolve)) : undefined;
    const blocks = 20_000;
    let readBytes = 0;
    const session = await new TransferSession({
      bucket,
      parallelRequests: 2,
      source: {
        async *entries() {
          yield {
            path: 'big',
            kind: 'file',
            mode: 0o644,
            modifiedAt: 0,
            linkTarget: null,
            async *read() {
              for (let block = 0; block < blocks; block += 1) {
                readBytes += BLOCK_BYTES;
                yield noise(block, BLOCK_BYTES);
              }
            },
          };
        },
      },
    }).run();
    // The source's window, the target's room and one block on the way.
    expect(readBytes).toBeLessThanOrEqual(33_554_432 + 8 * BLOCK_BYTES);
    expect(session.sentBlocks.length).toBe(4);
    expect(bucket.inFlight).toBe(2);
    for (let step = 1; step <= 10; step += 1) {
      releases.shift()?.();
      await settle();
      expect(session.sentBlocks.length).toBe(4 + step);
      expect(bucket.inFlight).toBe(2);
    }
    session.target.abort('session.cancelled');
    for (const release of releases) release();
    await settle();
    expect(session.targetEnd).toBe('session.cancelled');
  });

  test('a slow sink bounds the reads of a restore', async () => {
    const bucket = new TestBucket();
    const content = noise(7, 9_000 * BLOCK_BYTES + 5);
    for (let at = 0; at < content.length; at += BLOCK_BYTES) content[at] = (at / BLOCK_BYTES) % 251;
    const tree: MemoryTree = new Map([['a', { kind: 'file', mode: 0, modifiedAt: 0, content }]]);
    await new TransferSession({ bucket, source: treeSource(tree, BLOCK_BYTES) }).run();
    bucket.requests.length = 0;
    const sink = new TreeSink();
    sink.file = () => new Promise(() => {});
    const session = await new TransferSession({
      bucket,
      sink,
      spec: { operation: 'restore' },
      grantedBytes: null,
    }).run();
    expect(session.sourceEnd).toBe('running');
    const reads = bucket.requests.filter(({ kind }) => kind === 'get').length;
    expect(reads * BLOCK_BYTES).toBeLessThanOrEqual(33_554_432 + BLOCK_BYTES);
    expect(reads).toBeGreaterThan(100);
  });
});

describe('messages that the protocol does not allow (closed union)', () => {
  const id = 'ab'.repeat(32);
  const bad: [string, LinkMessage][] = [
    ['unknown type', { type: 'blocks.steal', header: {} }],
    ['hello twice', { type: 'transfer.hello', header: { version: 1 } }],
    ['not an id', { type: 'blocks.offer', header: { ids: ['../x'], sizes: [1] } }],
    ['more ids than sizes', { type: 'blocks.offer', header: { ids: [id], sizes: [] } }],
    ['too many ids', { type: 'blocks.want', header: { ids: Array(257).fill(id) } }],
    ['no payload', { type: 'block.data', header: { id } }],
    ['a block nobody asked for', { type: 'block.data', header: { id }, payload: noise(1, 9) }],
    ['a huge manifest', { type: 'manifest.begin', header: { restorePoint: 'x', bytes: 9e15 } }],
    ['a negative count', { type: 'transfer.done', header: { totals: { files: -1 } } }],
    ['an invented error', { type: 'transfer.failed', header: { code: 'x', detail: '' } }],
  ];
  test.each(bad)('%s fails either engine', async (_name, message) => {
    for (const operation of ['backup', 'restore'] as const) {
      for (const end of ['source', 'target'] as const) {
        const session = new TransferSession({
          bucket: await backedUp(),
          source: treeSource(TREE),
          sink: new TreeSink(),
          spec: { operation, startedAt: 77 },
          // The first message of the other end is swapped for the bad one.
          onMessage: (to, arrived) =>
            to === end && arrived.type !== 'transfer.hello' ? message : arrived,
        });
        await session.run();
        expect(session[`${end}End`]).toBe('protocol.violation');
      }
    }
  });

  test.each([
    ['operation', { operation: 'verify' }],
    ['block size', { blockBytes: 8_192 }],
    ['session', { sessionId: 's2' }],
    ['version', { version: 2 }],
  ])('a hello with another %s is refused', async (_name, changes) => {
    const session = await new TransferSession({
      source: treeSource(TREE),
      onMessage: (_to, message) =>
        message.type === 'transfer.hello'
          ? { ...message, header: { ...message.header, ...changes } }
          : message,
    }).run();
    expect(session.targetEnd).toBe('protocol.violation');
    expect(session.sourceEnd).toBe('protocol.violation');
  });

  test('a manifest whose blocks were never stored is not put', async () => {
    const other = await backedUp();
    const object = other.objects.get(other.keys('/MetaData/')[0]!)!;
    const bucket = new TestBucket();
    const restorePoint = other.keys('/MetaData/')[0]!.split('/').at(-1)!;
    const session = new TransferSession({ bucket, source: { async *entries() {} } });
    session.target.start();
    const hello = { version: 1, sessionId: 's1', operation: 'backup', blockBytes: BLOCK_BYTES };
    await session.target.onMessage({ type: 'transfer.hello', header: hello });
    await settle();
    const begin = { restorePoint, bytes: object.length };
    await session.target.onMessage({ type: 'manifest.begin', header: begin });
    await session.target.onMessage({ type: 'manifest.part', header: {}, payload: object });
    await settle();
    expect(session.targetEnd).toBe('protocol.violation');
    expect(bucket.keys('')).toEqual([]);
  });

  test('another object under the id of the manifest is never replaced', async () => {
    const bucket = new TestBucket();
    const foreign = noise(1, 50);
    bucket.before = ({ kind, key }) => {
      if (kind === 'put' && key.includes('/MetaData/')) bucket.objects.set(key, foreign);
    };
    const session = await new TransferSession({ bucket, source: treeSource(TREE) }).run();
    expect([session.targetEnd, session.sourceEnd]).toEqual(['object.conflict', 'object.conflict']);
    expect(bucket.objects.get(bucket.keys('/MetaData/')[0]!)).toEqual(foreign);
  });

  test('a name that is not safe never becomes a key (§6)', async () => {
    const spec = { backup: '../T10', startedAt: 1 };
    const session = await new TransferSession({ source: treeSource(TREE), spec }).run();
    expect(session.targetEnd).toBe('request.invalid');
    expect(session.bucket.requests).toEqual([]);
  });
});

describe('a lost link', () => {
  test('a send that rejects fails the engine with its code', async () => {
    const facts: string[] = [];
    const engine = createSourceEngine({
      spec: specOf(),
      source: treeSource(TREE),
      sink: null,
      send: () => Promise.reject(new FortnightError('link.lost')),
      onFact: (fact) => facts.push(fact.type === 'engine.failed' ? fact.code : fact.type),
    });
    engine.start();
    await settle();
    expect(facts).toEqual(['link.lost']);
  });

  test('a link that never takes another message does not hold up an abort', async () => {
    const facts: string[] = [];
    const engine = createSourceEngine({
      spec: specOf(),
      source: treeSource(TREE),
      sink: null,
      send: () => new Promise(() => {}),
      onFact: (fact) => facts.push(fact.type === 'engine.failed' ? fact.code : fact.type),
    });
    engine.start();
    await settle();
    engine.abort('link.lost');
    await settle();
    expect(facts).toEqual(['link.lost']);
  });
});
