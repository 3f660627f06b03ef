import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { initialTransition } from 'xstate';
import { backupSessionMachine } from '../../machines/backup-session/index.ts';
import { isRenewalAsked } from '../../machines/credential-lifecycle/credential-lifecycle.guards.ts';
import {
  credentialLifecycleMachine,
  type LifecycleSettings,
} from '../../machines/credential-lifecycle/index.ts';
import { modeSelectionMachine } from '../../machines/mode-selection/index.ts';
import { guards as modeGuards } from '../../machines/mode-selection/mode-selection.guards.ts';
import { routeOracle } from '../../machines/rules/route.ts';
import { HOUR_MS } from '../../machines/rules/time.ts';
import { seeded } from '../support/seed.ts';
import { everySetting } from './every-setting.ts';
import { checkLifecycle, renewFromFastClock } from './lifecycle-run.ts';
import { FOURTEEN_DAYS, THIRTY_DAYS } from './lifecycle-settings.ts';
import { QUOTA_RULES, quotaStep, runQuota } from './quota-run.ts';
import { anyDraws, type SessionDraw, storyDraws } from './session-inputs.ts';
import { SessionWorld } from './session-world.ts';

/**
 * A property that cannot fail proves nothing. Each row is the machine with one wrong guard; the
 * property must find it, and for the reason that the row names.
 */
type LifecycleGuards = Parameters<typeof credentialLifecycleMachine.provide>[0]['guards'];
type SessionGuards = Parameters<typeof backupSessionMachine.provide>[0]['guards'];

/** The guard with its line moved by `byMs`: 1 makes "less than" into "or equal". */
function withLineMoved(byMs: number): LifecycleGuards {
  return {
    isRenewalAsked: ({ context, event }) => {
      const settings = {
        ...context.settings,
        checkClock: 'sp' as const,
        renewBelowMs: context.settings.renewBelowMs + byMs,
      };
      return isRenewalAsked({ context: { ...context, settings }, event });
    },
  };
}

describe('wrong credential lifecycles are found', () => {
  test.each<[string, LifecycleSettings, LifecycleGuards, RegExp]>([
    ['C10: "less than" becomes "or equal"', FOURTEEN_DAYS, withLineMoved(1), /I21/],
    ['C2: 24 h becomes 25 h', FOURTEEN_DAYS, withLineMoved(HOUR_MS), /I21/],
    ['C2: 24 h becomes 23 h', FOURTEEN_DAYS, withLineMoved(-HOUR_MS), /I25/],
    ['C3: 15 d becomes 15 d + 1 ms', THIRTY_DAYS, withLineMoved(1), /I21/],
    ['C11: the check forgets expiry', FOURTEEN_DAYS, { isRenewalAsked: () => false }, /C11|I25/],
    [
      'C5: an answer of an older attempt counts, so one is delivered before it is saved',
      FOURTEEN_DAYS,
      { isForAttemptInFlight: () => true },
      /C5|C12|I74/,
    ],
    [
      'I70: a repeated answer is taken for an orphan and revoked while it is in use',
      FOURTEEN_DAYS,
      { isOrphan: ({ event }) => event.type === 'issuer.issued' },
      /C22: a revoked one is delivered|C5: delivered, but (revoked|irrevocable)/,
    ],
    ['I31: a repeated request waits twice', FOURTEEN_DAYS, { isWaiting: () => false }, /I31/],
    [
      'C17: the old one stands in although it is expired',
      FOURTEEN_DAYS,
      { mayStandIn: ({ context }) => context.current !== null },
      /C11/,
    ],
    ['L8: revocation is tried for ever', FOURTEEN_DAYS, { mayRevokeAgain: () => true }, /L8/],
  ])('%s', (_name, settings, guards, expected) => {
    const machine = credentialLifecycleMachine.provide({ guards } as never);
    const result = checkLifecycle(settings, { numRuns: 3_000, machine });
    expect(result.failed).toBe(true);
    expect(String(result.errorInstance)).toMatch(expected);
  });
});

function checkSession(machine: typeof backupSessionMachine) {
  const run = fc.property(anyDraws, (draw) => {
    new SessionWorld(draw, { machine }).run();
  });
  return fc.check(
    run,
    seeded({ numRuns: 3_000, examples: storyDraws.map((draw): [SessionDraw] => [draw]) }),
  );
}

test('I33: a lifecycle that lets a fast clock renew at will is found', () => {
  const guards: LifecycleGuards = {
    isRenewalAsked: ({ event }) => event.type === 'credential.requested' && event.renew,
  };
  const machine = credentialLifecycleMachine.provide({ guards } as never);
  expect(() => renewFromFastClock(machine)).toThrow('I33');
});

describe('wrong sessions are found', () => {
  test.each<[string, SessionGuards, RegExp]>([
    ['P7: one ready mover is enough', { isOtherMoverReady: () => true }, /P7|I15/],
    ['P2: any mover counts as the target', { isTargetReady: () => true }, /P7|I15/],
    ['P3: direct is taken for gateway', { isOpenedDirect: () => false }, /I15|P7|P3/],
    ['C16: an expired delivery is used', { isDeliveredExpired: () => false }, /C16|C15/],
    [
      'C16: the wait for the quota outlives the credential',
      { isHeldExpired: () => false },
      /C16|C15/,
    ],
    ['I32: an older generation is adopted', { isOlderGeneration: () => false }, /C16|C15|I32/],
    [
      'C20: the forced check is unbounded',
      {
        hasForcedCheck: () => false,
        isDeniedOnce: ({ context, event }) =>
          context.credential !== null &&
          event.type === 'transfer.failed' &&
          event.code === 'access.denied',
      },
      /C20|L1/,
    ],
    ['F1: restarts are unbounded, also for what is final', { isRestartLeft: () => true }, /F1/],
    ['C15: strict is ignored', { isStrict: () => false }, /C15/],
    ['Q3: nothing is cleaned up', { isQuotaOutcome: () => false }, /Q3/],
    ['I71: failed is taken for done', { isOutcomeDone: () => true }, /I71/],
  ])('%s', (_name, guards, expected) => {
    const result = checkSession(backupSessionMachine.provide({ guards } as never));
    expect(result.failed).toBe(true);
    expect(String(result.errorInstance)).toMatch(expected);
  });
});

describe('wrong quota ledgers are found', () => {
  test.each<[string, Partial<typeof QUOTA_RULES>]>([
    [
      'I58: a reservation is returned twice',
      {
        returnGrant: (ledger, session) => {
          const returnedBytes = ledger.reserved[session] ?? 0;
          return { ledger, returnedBytes };
        },
      },
    ],
    [
      'I51: a grant may be the whole chunk, whatever is left',
      {
        grantQuota: (ledger, session, needed, chunk) => {
          const result = QUOTA_RULES.grantQuota(ledger, session, needed, needed);
          if (!result.ok) return result;
          const more = Math.max(0, chunk - needed);
          const reserved = {
            ...result.ledger.reserved,
            [session]: (result.ledger.reserved[session] ?? 0) + more,
          };
          return { ok: true, ledger: { ...ledger, reserved }, grantedBytes: needed + more };
        },
      },
    ],
    [
      'Q2: what is spent stays reserved',
      {
        spendQuota: (ledger, session, bytes) => ({
          ...QUOTA_RULES.spendQuota(ledger, session, bytes),
          reserved: ledger.reserved,
        }),
      },
    ],
  ])('%s', (_name, wrong) => {
    const run = fc.property(fc.array(quotaStep, { maxLength: 60 }), (steps) => {
      runQuota(steps, { ...QUOTA_RULES, ...wrong });
    });
    expect(fc.check(run, seeded({ numRuns: 500 })).failed).toBe(true);
  });
});

test.each(Object.keys(modeGuards) as (keyof typeof modeGuards)[])(
  'I1: a mode selection with a negated %s disagrees with the oracle',
  (name) => {
    const guards = { [name]: (asked: never) => !modeGuards[name](asked) };
    const machine = modeSelectionMachine.provide({ guards } as never);
    const isWrong = everySetting().some((settings) => {
      const [snapshot] = initialTransition(machine, settings);
      return JSON.stringify(snapshot.output?.decision) !== JSON.stringify(routeOracle(settings));
    });
    expect(isWrong).toBe(true);
  },
);
