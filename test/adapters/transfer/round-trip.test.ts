import { describe, expect, test } from 'vitest';
import { isRestorePointId } from '../../../adapters/backup-format/index.ts';
import { property } from '../../support/seed.ts';
import {
  type MemoryTree,
  noise,
  TreeSink,
  treeArbitrary,
  treeSource,
} from '../../support/transfer/memory-tree.ts';
import { TestBucket } from '../../support/transfer/test-store.ts';
import { BLOCK_BYTES, TransferSession } from '../../support/transfer/transfer-session.ts';

async function backUp(bucket: TestBucket, tree: MemoryTree, startedAt = 1_000_000) {
  const source = treeSource(tree);
  return new TransferSession({ bucket, source, spec: { startedAt } }).run();
}

async function restore(bucket: TestBucket, restorePoint: string | null = null) {
  const sink = new TreeSink();
  const spec = { operation: 'restore', restorePoint } as const;
  const session = await new TransferSession({ bucket, sink, spec, grantedBytes: null }).run();
  return { sink, session };
}

function file(content: Uint8Array) {
  return { kind: 'file', mode: 0o644, modifiedAt: 5, content } as const;
}

property(
  'I72 restore(backup(x)) = x, and I3 the bytes are equal on every hop',
  [treeArbitrary(BLOCK_BYTES)],
  async (tree) => {
    const bucket = new TestBucket();
    const session = await backUp(bucket, tree);
    expect([session.sourceEnd, session.targetEnd]).toEqual(['completed', 'completed']);
    const { summary, sourceSummary } = session;
    expect(isRestorePointId(summary.restorePoint)).toBe(true);
    for (const bytes of [summary.linkBytes, sourceSummary.linkBytes, session.linkBytes]) {
      expect(bytes).toBe(bucket.putBytes);
    }
    expect(summary.storageBytes).toBe(bucket.putBytes);
    expect(session.target.spentBytes()).toBe(bucket.putBytes);
    const restored = await restore(bucket);
    expect(restored.session.sourceEnd).toBe('completed');
    expect(restored.session.targetEnd).toBe('completed');
    expect(restored.sink.result).toEqual(new Map(tree));
    const { sourceSummary: atSource, summary: atTarget } = restored.session;
    expect(atSource.linkBytes).toBe(atTarget.linkBytes);
    expect(atTarget.storageBytes).toBe(atTarget.linkBytes);
    expect(atSource.verified).toBe(true);
    expect(atSource.sourceBytes).toBe(summary.sourceBytes);
  },
  { numRuns: 150 },
);

property(
  'a second backup sends exactly the blocks that the first one did not store',
  [treeArbitrary(BLOCK_BYTES), treeArbitrary(BLOCK_BYTES)],
  async (before, after) => {
    const bucket = new TestBucket();
    const first = await backUp(bucket, before);
    const stored = new Set(first.sentBlocks);
    const second = await backUp(bucket, after, 2_000_000);
    expect(second.sentBlocks.some((id) => stored.has(id))).toBe(false);
    expect(new Set(second.sentBlocks).size).toBe(second.sentBlocks.length);
    expect(second.summary.blocksStored).toBe(second.sentBlocks.length);
    expect(second.summary.blocksReused).toBe(second.summary.blocksTotal - second.sentBlocks.length);
    const old = await restore(bucket, first.summary.restorePoint);
    expect(old.sink.result).toEqual(new Map(before));
    const newest = await restore(bucket);
    expect(newest.sink.result).toEqual(new Map(after));
  },
  { numRuns: 60 },
);

describe('incremental', () => {
  test('one changed block of ten is the only one that is sent', async () => {
    const bucket = new TestBucket();
    const content = noise(1, 10 * BLOCK_BYTES);
    await backUp(bucket, new Map([['a', file(content)]]));
    const changed = content.slice();
    changed[5 * BLOCK_BYTES] = (changed[5 * BLOCK_BYTES]! + 1) % 256;
    const second = await backUp(bucket, new Map([['a', file(changed)]]), 2_000_000);
    expect(second.summary).toMatchObject({ blocksTotal: 10, blocksStored: 1, blocksReused: 9 });
  });

  test('an unchanged folder moves only the manifest', async () => {
    const bucket = new TestBucket();
    const tree: MemoryTree = new Map([['a', file(noise(1, 50_000))]]);
    await backUp(bucket, tree);
    const second = await backUp(bucket, tree, 2_000_000);
    expect(second.sentBlocks).toEqual([]);
    expect(bucket.keys('/MetaData/')).toHaveLength(2);
  });

  test('a block that occurs twice in one run goes once', async () => {
    const bucket = new TestBucket();
    const content = noise(3, BLOCK_BYTES);
    const twice = new Uint8Array(Buffer.concat([content, content]));
    const tree: MemoryTree = new Map([
      ['a', file(twice)],
      ['b', file(content)],
    ]);
    const session = await backUp(bucket, tree);
    expect(session.sentBlocks).toHaveLength(1);
    expect((await restore(bucket)).sink.result).toEqual(tree);
  });

  test('the second restore point names the first as its parent', async () => {
    const bucket = new TestBucket();
    const first = await backUp(bucket, new Map());
    const messages: unknown[] = [];
    const source = treeSource(new Map());
    await new TransferSession({
      bucket,
      source,
      spec: { startedAt: 9_000_000 },
      onMessage: (_to, message) => {
        if (message.type === 'backup.ready') messages.push(message.header);
        return message;
      },
    }).run();
    expect(messages).toEqual([{ parent: first.summary.restorePoint }]);
  });
});

describe('verify, list, delete', () => {
  test('verify reads every distinct block and writes nothing', async () => {
    const bucket = new TestBucket();
    const tree: MemoryTree = new Map([
      ['a', file(noise(1, 20_000))],
      ['b', file(noise(1, 20_000))],
    ]);
    const backup = await backUp(bucket, tree);
    const session = await new TransferSession({
      bucket,
      spec: { operation: 'verify' },
      grantedBytes: null,
    }).run();
    expect(session.sourceSummary.verified).toBe(true);
    expect(session.summary.verified).toBe(true);
    expect(session.sentBlocks).toHaveLength(backup.summary.blocksTotal);
  });

  test('list names the restore points of all backups of the scope, and of no other', async () => {
    const bucket = new TestBucket();
    const names = ['docs', 'docs-2', 'docs.3', 'docs0', 'a'];
    for (const backup of names) {
      for (const startedAt of [1_000, 2_000]) {
        const tree: MemoryTree = new Map([['f', file(noise(startedAt, 9_000))]]);
        await new TransferSession({
          bucket,
          source: treeSource(tree),
          spec: { backup, startedAt },
        }).run();
      }
    }
    const scope = { repository: 'vault', tenant: 'acme2', subtenant: null };
    await new TransferSession({ bucket, source: treeSource(new Map()), spec: { scope } }).run();
    const list = (backup: string) =>
      new TransferSession({
        bucket,
        spec: { operation: 'list', backup },
        grantedBytes: null,
      }).run();
    const all = await list('');
    expect(all.sourceSummary.listing).toEqual(all.summary.listing);
    const seen = all.summary.listing!.map(({ backup, createdAt }) => `${backup} ${createdAt}`);
    expect(seen.sort()).toEqual(names.flatMap((name) => [`${name} 1000`, `${name} 2000`]).sort());
    expect(all.summary.listing![0]).toMatchObject({ files: 1, sourceBytes: 9_000 });
    expect(all.summary.linkBytes).toBe(0);
    const one = await list('docs');
    expect(one.summary.listing!.map(({ backup }) => backup)).toEqual(['docs', 'docs']);
  });

  property(
    'delete frees what only its restore point refers to; the others restore',
    [treeArbitrary(BLOCK_BYTES), treeArbitrary(BLOCK_BYTES)],
    async (one, two) => {
      const bucket = new TestBucket();
      const first = await backUp(bucket, one, 1_000);
      await backUp(bucket, two, 2_000);
      const before = [...bucket.objects.values()].reduce((sum, { length }) => sum + length, 0);
      const session = await new TransferSession({
        bucket,
        spec: { operation: 'delete', restorePoint: first.summary.restorePoint },
        grantedBytes: null,
      }).run();
      const after = [...bucket.objects.values()].reduce((sum, { length }) => sum + length, 0);
      expect(session.sourceSummary.freedBytes).toBe(before - after);
      expect((await restore(bucket)).sink.result).toEqual(new Map(two));
      const alone = new TestBucket();
      await backUp(alone, two, 2_000);
      expect(bucket.keys('/Data/')).toEqual(alone.keys('/Data/'));
    },
    { numRuns: 60 },
  );

  test.each([
    ['restore', null],
    ['verify', null],
    ['restore', '20260101T000000.000Z-abcdef'],
    ['delete', '20260101T000000.000Z-abcdef'],
    ['delete', null],
    ['restore', '../../T10/x'],
  ] as const)('%s of %s in an empty storage: restorePoint.missing', async (operation, id) => {
    const session = await new TransferSession({
      sink: new TreeSink(),
      spec: { operation, restorePoint: id },
      grantedBytes: null,
    }).run();
    expect([session.targetEnd, session.sourceEnd]).toEqual([
      'restorePoint.missing',
      'restorePoint.missing',
    ]);
  });
});
