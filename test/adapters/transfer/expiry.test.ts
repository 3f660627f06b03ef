import { describe, expect, test } from 'vitest';
import type { EngineFact, TransferSpec } from '../../../adapters/transfer/types.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import {
  type MemoryTree,
  noise,
  TreeSink,
  treeSource,
} from '../../support/transfer/memory-tree.ts';
import { TestBucket, TestStore } from '../../support/transfer/test-store.ts';
import {
  type SessionOptions,
  settle,
  TransferSession,
} from '../../support/transfer/transfer-session.ts';

const TREE: MemoryTree = new Map([
  ['a', { kind: 'file', mode: 0o644, modifiedAt: 5, content: noise(1, 20_000) }],
  ['d', { kind: 'directory', mode: 0o755 }],
  ['d/b', { kind: 'file', mode: 0o600, modifiedAt: 6, content: noise(2, 9_000) }],
]);
const OLDER: MemoryTree = new Map([
  ['a', { kind: 'file', mode: 0o644, modifiedAt: 5, content: noise(1, 5_000) }],
]);

async function bucketWith(...trees: MemoryTree[]): Promise<TestBucket> {
  const bucket = new TestBucket();
  for (const [index, tree] of trees.entries()) {
    const spec = { startedAt: 1_000 + index };
    await new TransferSession({ bucket, source: treeSource(tree), spec }).run();
  }
  bucket.requests.length = 0;
  bucket.putBytes = 0;
  return bucket;
}

/** What a data-mover machine does: pause, wait for `drained`, resume with a renewed credential. */
function renewing(renewals: { count: number }) {
  return (fact: EngineFact, session: TransferSession) => {
    if (fact.type === 'engine.credentialExpired') session.target.pause();
    if (fact.type !== 'engine.drained') return;
    renewals.count += 1;
    expect(session.bucket.inFlight).toBe(0);
    session.target.resume(new TestStore(session.bucket, `renewed ${renewals.count}`));
  };
}

type Case = readonly [TransferSpec['operation'], () => Promise<TestBucket>];
const CASES: readonly Case[] = [
  ['backup', () => bucketWith(OLDER)],
  ['restore', () => bucketWith(OLDER, TREE)],
  ['verify', () => bucketWith(OLDER, TREE)],
  ['list', () => bucketWith(OLDER, TREE)],
  ['delete', () => bucketWith(OLDER, TREE)],
];

async function optionsFor(operation: TransferSpec['operation'], bucket: TestBucket) {
  const newest = bucket.keys('/MetaData/').at(-1)?.split('/').at(-1) ?? null;
  const restorePoint = operation === 'backup' ? null : newest;
  const sink = new TreeSink();
  const options: SessionOptions = {
    bucket,
    sink: operation === 'restore' ? sink : null,
    source: operation === 'backup' ? treeSource(TREE) : null,
    grantedBytes: operation === 'backup' ? 1_000_000_000 : null,
    spec: { operation, restorePoint, startedAt: 5_000 },
  };
  return { options, sink };
}

async function restoredTree(bucket: TestBucket): Promise<unknown> {
  const sink = new TreeSink();
  const spec = { operation: 'restore' } as const;
  await new TransferSession({ bucket, sink, spec, grantedBytes: null }).run();
  return sink.result;
}

async function checkResult(
  operation: TransferSpec['operation'],
  session: TransferSession,
  sink: TreeSink,
): Promise<void> {
  expect([session.sourceEnd, session.targetEnd]).toEqual(['completed', 'completed']);
  const { bucket } = session;
  if (operation === 'restore') expect(sink.result).toEqual(TREE);
  if (operation === 'backup') {
    expect(new Set(session.sentBlocks).size).toBe(session.sentBlocks.length);
    expect(session.target.spentBytes()).toBe(session.summary.storageBytes);
    expect(await restoredTree(bucket)).toEqual(TREE);
  }
  if (operation === 'list') expect(session.summary.listing).toHaveLength(2);
  if (operation === 'delete') expect(await restoredTree(bucket)).toEqual(OLDER);
}

describe.each([1, 4])('expiry with %d parallel requests (C15, C16, L4)', (parallelRequests) => {
  describe.each(['before', 'after'] as const)('the storage refuses %s the effect', (moment) => {
    test.each(CASES)('%s: at every request n', async (operation, prepare) => {
      const calm = await prepare();
      const { options: calmOptions } = await optionsFor(operation, calm);
      const undisturbed = await new TransferSession({ ...calmOptions, parallelRequests }).run();
      expect(undisturbed.targetEnd).toBe('completed');
      const requests = calm.requests.length;
      expect(requests).toBeGreaterThan(3);
      for (let n = 1; n <= requests; n += 1) {
        const bucket = await prepare();
        const { options, sink } = await optionsFor(operation, bucket);
        const renewals = { count: 0 };
        // From the n-th request on, the first credential is dead; later ones work.
        bucket[moment] = ({ view, number }) => {
          if (view === 'first' && number >= n) throw new FortnightError('credential.expired');
        };
        const session = await new TransferSession({
          ...options,
          parallelRequests,
          onTargetFact: renewing(renewals),
        }).run();
        bucket[moment] = () => {};
        expect(renewals.count).toBe(1);
        expect(session.count('engine.credentialExpired')).toBe(1);
        // L4: only the unfinished request of each stream is repeated. A manifest that had landed
        // is put again, refused, and read to see that it is the same: one request more.
        const mayLookBack = operation === 'backup' && moment === 'after' ? 1 : 0;
        const repeated = bucket.requests.length - requests;
        expect(repeated).toBeLessThanOrEqual(parallelRequests + mayLookBack);
        await checkResult(operation, session, sink);
      }
    });
  });

  test.each(CASES)(
    '%s: C16, the own clock says stop before every request',
    async (operation, prepare) => {
      for (let n = 1; n <= 30; n += 1) {
        const bucket = await prepare();
        const { options, sink } = await optionsFor(operation, bucket);
        let asked = 0;
        let isExpired = false;
        const renewals = { count: 0 };
        const renew = renewing(renewals);
        const session = await new TransferSession({
          ...options,
          parallelRequests,
          mayStartRequest: () => {
            asked += 1;
            if (asked === n) isExpired = true;
            return !isExpired;
          },
          onTargetFact: (fact, current) => {
            if (fact.type === 'engine.drained') isExpired = false;
            renew(fact, current);
          },
        }).run();
        expect(renewals.count).toBe(asked >= n ? 1 : 0);
        await checkResult(operation, session, sink);
      }
    },
  );
});

describe('pause and resume', () => {
  test('after pause no request starts; drained comes when the last one has ended', async () => {
    const bucket = new TestBucket();
    let release = () => {};
    bucket.before = ({ kind }) =>
      kind === 'put' ? new Promise((resolve) => (release = resolve)) : undefined;
    const session = await new TransferSession({
      bucket,
      source: treeSource(TREE),
      parallelRequests: 1,
    }).run();
    expect(bucket.inFlight).toBe(1);
    session.target.pause();
    await settle();
    expect(session.count('engine.drained')).toBe(0);
    const before = bucket.requests.length;
    release();
    await settle();
    expect(session.count('engine.drained')).toBe(1);
    expect(bucket.requests.length).toBe(before);
    bucket.before = () => {};
    session.target.resume(new TestStore(bucket, 'second'));
    await settle();
    expect(session.targetEnd).toBe('completed');
    expect(bucket.requests.slice(before).every(({ view }) => view === 'second')).toBe(true);
  });

  test('pause with nothing in flight is drained at once', async () => {
    const session = await new TransferSession({ source: null, spec: { operation: 'list' } });
    session.target.pause();
    expect(session.targetFacts).toEqual([{ type: 'engine.drained' }]);
  });

  test('a late expiry of the old store does not pause the new one', async () => {
    const bucket = new TestBucket();
    const rejections: (() => void)[] = [];
    bucket.before = ({ kind, view }) =>
      kind === 'put' && view === 'first'
        ? new Promise((_resolve, reject) =>
            rejections.push(() => reject(new FortnightError('credential.expired'))),
          )
        : undefined;
    const session = await new TransferSession({
      bucket,
      source: treeSource(TREE),
      parallelRequests: 2,
    }).run();
    rejections.shift()?.();
    await settle();
    expect(session.count('engine.credentialExpired')).toBe(1);
    session.target.resume(new TestStore(bucket, 'second'));
    rejections.shift()?.();
    await settle();
    expect(session.count('engine.credentialExpired')).toBe(1);
    expect(session.targetEnd).toBe('completed');
  });

  test('access denied is not expiry (C20): the session fails with it', async () => {
    const bucket = new TestBucket();
    bucket.before = ({ kind }) => {
      if (kind === 'put') throw new FortnightError('access.denied', 'put');
    };
    const session = await new TransferSession({ bucket, source: treeSource(TREE) }).run();
    expect([session.targetEnd, session.sourceEnd]).toEqual(['access.denied', 'access.denied']);
    expect(bucket.inFlight).toBe(0);
  });
});
