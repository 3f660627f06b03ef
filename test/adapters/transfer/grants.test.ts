import { describe, expect, test } from 'vitest';
import type { EngineFact } from '../../../adapters/transfer/types.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import { type MemoryTree, noise, treeSource } from '../../support/transfer/memory-tree.ts';
import { TestBucket, TestStore } from '../../support/transfer/test-store.ts';
import { settle, TransferSession } from '../../support/transfer/transfer-session.ts';

const TREE: MemoryTree = new Map([
  ['a', { kind: 'file', mode: 0o644, modifiedAt: 5, content: noise(1, 40_000) }],
]);

function neededBytes(facts: readonly EngineFact[]): number[] {
  return facts.flatMap((fact) => (fact.type === 'engine.grantNeeded' ? [fact.bytes] : []));
}

describe('grants (Q2, I52)', () => {
  test.each([1, 4])(
    '%d parallel: stops at the grant, asks once, goes on',
    async (parallelRequests) => {
      const bucket = new TestBucket();
      const session = await new TransferSession({
        bucket,
        source: treeSource(TREE),
        grantedBytes: 10_000,
        parallelRequests,
      }).run();
      expect(session.targetEnd).toBe('running');
      expect(bucket.putBytes).toBeLessThanOrEqual(10_000);
      expect(neededBytes(session.targetFacts)).toHaveLength(1);
      session.target.grant(1);
      await settle();
      expect(neededBytes(session.targetFacts)).toHaveLength(2);
      session.target.grant(1_000_000);
      await settle();
      expect(session.targetEnd).toBe('completed');
      expect(session.target.spentBytes()).toBe(bucket.putBytes);
    },
  );

  test.each([
    ['at once', (grant: () => void) => grant()],
    ['later', (grant: () => void) => queueMicrotask(grant)],
  ])(
    'granting %s exactly what is asked for gets on; spent never passes granted',
    async (_, answer) => {
      const bucket = new TestBucket();
      let granted = 0;
      const session = await new TransferSession({
        bucket,
        source: treeSource(TREE),
        grantedBytes: 0,
        onTargetFact: (fact, { target }) => {
          expect(bucket.putBytes).toBeLessThanOrEqual(granted);
          if (fact.type !== 'engine.grantNeeded') return;
          granted += fact.bytes;
          answer(() => target.grant(fact.bytes));
        },
      }).run();
      expect(session.targetEnd).toBe('completed');
      expect(session.target.spentBytes()).toBe(granted);
    },
  );

  test('Q3 quota exhausted: abort, then clean-up removes what no manifest needs', async () => {
    const bucket = new TestBucket();
    const older: MemoryTree = new Map([
      ['a', { kind: 'file', mode: 0o644, modifiedAt: 5, content: noise(1, 4_096) }],
    ]);
    await new TransferSession({ bucket, source: treeSource(older), spec: { startedAt: 1 } }).run();
    const before = bucket.keys('');
    const session = await new TransferSession({
      bucket,
      source: treeSource(TREE),
      grantedBytes: 20_000,
    }).run();
    const spent = session.target.spentBytes();
    expect(spent).toBeGreaterThan(0);
    session.target.abort('quota.exceeded');
    await settle();
    expect([session.targetEnd, session.sourceEnd]).toEqual(['quota.exceeded', 'quota.exceeded']);
    session.target.cleanUp(new TestStore(bucket));
    await settle();
    expect(session.targetFacts.at(-1)).toEqual({ type: 'engine.cleaned', freedBytes: spent });
    expect(bucket.keys('')).toEqual(before);
  });

  test('clean-up keeps a block that a manifest has come to refer to', async () => {
    const bucket = new TestBucket();
    const session = await new TransferSession({
      bucket,
      source: treeSource(TREE),
      grantedBytes: 20_000,
    }).run();
    session.target.abort('session.cancelled');
    const other = await new TransferSession({
      bucket,
      source: treeSource(TREE),
      spec: { startedAt: 9 },
    }).run();
    expect(other.summary.blocksReused).toBeGreaterThan(0);
    const before = bucket.keys('');
    session.target.cleanUp(new TestStore(bucket));
    await settle();
    expect(session.targetFacts.at(-1)).toEqual({ type: 'engine.cleaned', freedBytes: 0 });
    expect(bucket.keys('')).toEqual(before);
  });

  test('I58 a put that met the expiry gives its bytes back: an exact grant is enough', async () => {
    const calm = await new TransferSession({ source: treeSource(TREE) }).run();
    const grantedBytes = calm.summary.storageBytes;
    for (let n = 1; n <= calm.bucket.requests.length; n += 1) {
      const bucket = new TestBucket();
      bucket.before = ({ number }) => {
        if (number === n) throw new FortnightError('credential.expired');
      };
      const session = await new TransferSession({
        bucket,
        source: treeSource(TREE),
        grantedBytes,
        onTargetFact: (fact, { target }) => {
          if (fact.type === 'engine.credentialExpired') target.resume(new TestStore(bucket));
        },
      }).run();
      expect(session.targetEnd).toBe('completed');
      expect(neededBytes(session.targetFacts)).toEqual([]);
      expect(session.target.spentBytes()).toBe(grantedBytes);
    }
  });

  test('a put that failed is not spent', async () => {
    const bucket = new TestBucket();
    bucket.before = ({ kind }) => {
      if (kind === 'put') throw new FortnightError('storage.full');
    };
    const session = await new TransferSession({ bucket, source: treeSource(TREE) }).run();
    expect(session.targetEnd).toBe('storage.full');
    expect(session.target.spentBytes()).toBe(0);
  });

  test('clean-up is answered even when the storage fails', async () => {
    const bucket = new TestBucket();
    const session = await new TransferSession({
      bucket,
      source: treeSource(TREE),
      grantedBytes: 20_000,
    }).run();
    session.target.abort('quota.exceeded');
    bucket.before = () => {
      throw new FortnightError('storage.unreachable');
    };
    session.target.cleanUp(new TestStore(bucket));
    await settle();
    expect(session.targetFacts.at(-1)).toEqual({ type: 'engine.cleaned', freedBytes: 0 });
  });
});
