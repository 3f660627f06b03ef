import { expect, test } from 'vitest';
import type { SessionContext } from '../../../machines/backup-session/index.ts';
import type { LifecycleContext } from '../../../machines/credential-lifecycle/index.ts';
import { Search, System, systemNamed } from '../../../sim/explore/index.ts';
import { NOW } from '../../../sim/explore/life-line.ts';
import type { ScopeCell, ScopeLocal } from '../../../sim/explore/scope-cell.ts';
import type { SessionCell } from '../../../sim/explore/session-cell.ts';
import type { SessionLocal } from '../../../sim/explore/session-local.ts';

/**
 * The explorer leaves out of a context what it claims that no guard reads before it is written anew.
 * Here every step of every local state is taken once more with other values in those places: it must
 * lead to the same.
 */
const NO_LIMITS = { depth: null, bytes: null, isOver: () => false };
const LONG_AGO = NOW - 400 * 86_400_000;
const FAR = NOW + 12_345_678;

function otherScope(local: ScopeLocal): ScopeLocal {
  const { context } = local;
  const handle = <One extends { readonly issuedAt: number } | null>(one: One): One =>
    one === null ? one : { ...one, issuedAt: LONG_AGO };
  const { retry, issueTimeout } = context.deadlines;
  const other: LifecycleContext = {
    ...context,
    current: handle(context.current),
    issued: handle(context.issued),
    older: context.older.map(handle),
    lastError: 'disk.full',
    waiters: [...context.waiters].reverse(),
    deadlines: {
      ...context.deadlines,
      retry: retry === null ? null : FAR,
      issueTimeout: issueTimeout === null ? null : FAR,
    },
  };
  return { ...local, context: other };
}

function otherSession(local: SessionLocal, path: string): SessionLocal {
  const { context } = local;
  if (context === null) return local;
  const { budget } = context.deadlines;
  const isHeldRead = ['active.running', 'active.awaitingQuota'].includes(path);
  const other: SessionContext = {
    ...context,
    lastError: 'disk.full',
    outageSince: context.outageSince,
    held: isHeldRead ? context.held : { generation: 1, expiresAt: FAR },
    credential: context.credential === null ? null : { ...context.credential, degraded: true },
    deadlines: { ...context.deadlines, budget: budget === null ? null : FAR },
  };
  const isEnding = path.startsWith('ending.');
  const unread = {
    isSourceReady: true,
    isTargetReady: true,
    hasTransferStarted: true,
    restarts: 1,
  };
  return { ...local, context: isEnding ? { ...other, ...unread, drainReason: 'user' } : other };
}

test('what the explorer forgets, no step depends on', { timeout: 180_000 }, () => {
  const system = new System({
    settings: { ...systemNamed('aws-direct'), faults: ['issuer', 'late', 'storage', 'contact'] },
    bounds: { scopes: 1, sessions: 1, faults: 1 },
  });
  expect(new Search(system, NO_LIMITS).run().end).toBe('complete');
  let compared = 0;
  const scopeLogic = system.hubLogic as ScopeCell;
  const sessionLogic = system.spokeLogic as SessionCell;
  for (const local of [...(system.hub.locals as ScopeLocal[])]) {
    for (const { message } of scopeLogic.choices(local)) {
      const [one, other] = [local, otherScope(local)].map((from) => {
        const notes = { sendings: [], broken: [] };
        return JSON.stringify([
          scopeLogic.key(scopeLogic.take(from, message, notes)),
          sorted(notes.sendings),
        ]);
      });
      expect(other).toBe(one);
      compared += 1;
    }
  }
  for (const local of [...(system.spoke.locals as SessionLocal[])]) {
    const path = sessionLogic.pathOf(local);
    for (const { message } of sessionLogic.choices(local)) {
      const [one, other] = [local, otherSession(local, path)].map((from) => {
        const notes = { sendings: [], broken: [] };
        return JSON.stringify([
          sessionLogic.key(sessionLogic.take(from, message, notes)),
          notes.sendings,
        ]);
      });
      expect(other).toBe(one);
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(2_000);
});

/** Answers to several who wait are told in one step, each to another session. */
function sorted(sendings: readonly unknown[]): readonly string[] {
  return sendings.map((one) => JSON.stringify(one)).sort();
}
