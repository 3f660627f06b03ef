import { describe, expect, test } from 'vitest';
import { changes } from '../../machines/backup-session/backup-session.actions.ts';
import type { SessionContext } from '../../machines/backup-session/backup-session.events.ts';
import { guards as sessionGuards } from '../../machines/backup-session/backup-session.guards.ts';
import { initialContext } from '../../machines/credential-lifecycle/credential-lifecycle.actions.ts';
import type {
  LifecycleContext,
  LifecycleEvent,
} from '../../machines/credential-lifecycle/credential-lifecycle.events.ts';
import {
  isRenewalAsked,
  guards as lifecycleGuards,
} from '../../machines/credential-lifecycle/credential-lifecycle.guards.ts';
import { clientPrefix } from '../../machines/rules/layout.ts';
import { effectiveLifetime, renewalRule } from '../../machines/rules/lifetimes.ts';
import { DAY_MS, HOUR_MS } from '../../machines/rules/time.ts';
import { FOURTEEN_DAYS } from '../model/lifecycle-settings.ts';

/** One row a decision: what the guards say at the very instants that the rules name. */
const EXPIRES_AT = 20 * DAY_MS;
const LINE_AT = EXPIRES_AT - 24 * HOUR_MS;

function lifecycle(settings: Partial<typeof FOURTEEN_DAYS> = {}): LifecycleContext {
  const current = { generation: 2, issuedAt: EXPIRES_AT - 14 * DAY_MS, expiresAt: EXPIRES_AT };
  const input = {
    settings: { ...FOURTEEN_DAYS, ...settings },
    current,
    older: [],
    lastGeneration: 2,
  };
  return initialContext({ input });
}

const asks = (changes: Partial<Extract<LifecycleEvent, { type: 'credential.requested' }>>) =>
  ({
    type: 'credential.requested',
    at: LINE_AT + 1,
    requestId: 'r1',
    trigger: 'connect',
    renew: true,
    heldGeneration: 2,
    ...changes,
  }) as const;

describe('what leads to a new generation', () => {
  test.each([
    ['C2: 1 ms below the line', asks({}), true],
    ['C12: about a generation that somebody else has replaced', asks({ heldGeneration: 1 }), false],
    [
      'C11: kept by the tenant, expired on the clock of the SP',
      asks({ at: EXPIRES_AT, renew: false }),
      true,
    ],
    [
      'C10: kept by the tenant, 1 ms before the end',
      asks({ at: EXPIRES_AT - 1, renew: false }),
      false,
    ],
    ['C20: forced, above the line', asks({ at: LINE_AT, trigger: 'forced' }), false],
  ])('%s', (_, event, expected) => {
    expect(isRenewalAsked({ context: lifecycle(), event })).toBe(expected);
  });

  test.each([
    ['C17: the old one stands in while it lives', {}, EXPIRES_AT - 1, true],
    ['C10: not at its end', {}, EXPIRES_AT, false],
    ['C17: strictRenewal refuses', { strictRenewal: true }, EXPIRES_AT - 1, false],
  ])('%s', (_, settings, at, expected) => {
    const event = { type: 'issuer.failed', at, generation: 3, code: 'issuer.unavailable' } as const;
    expect(lifecycleGuards.mayStandIn({ context: lifecycle(settings), event })).toBe(expected);
  });
});

describe('what a session takes', () => {
  const delivered = (changes: object) =>
    ({
      type: 'credential.delivered',
      at: EXPIRES_AT - 1,
      generation: 2,
      expiresAt: EXPIRES_AT,
      degraded: false,
      ...changes,
    }) as never;
  const context = { credential: { generation: 2, expiresAt: EXPIRES_AT } } as SessionContext;

  test.each([
    ['1 ms before its end', {}, false],
    ['at its end', { at: EXPIRES_AT }, true],
    ['I43: without an end', { at: EXPIRES_AT, expiresAt: null }, false],
  ])('C16: delivered %s', (_, changes, expected) => {
    expect(sessionGuards.isDeliveredExpired({ context, event: delivered(changes) })).toBe(expected);
  });

  test.each([
    [1, true],
    [2, false],
    [3, false],
  ])('F25: generation %i after generation 2 is older: %s', (generation, expected) => {
    const event = delivered({ generation });
    expect(sessionGuards.isOlderGeneration({ context, event })).toBe(expected);
  });
});

test('C14: a credential that lives as long as the line is wide is renewed by every connect', () => {
  const rule = renewalRule('aws', 'limited');
  if (rule === null) throw new Error('C1 is a rule');
  const renews = (ms: number) => effectiveLifetime(rule, ms).everyConnectRenews;
  expect([renews(24 * HOUR_MS - 1), renews(24 * HOUR_MS), renews(24 * HOUR_MS + 1)]).toEqual([
    true,
    true,
    false,
  ]);
});

test("C9: a subtenant's folder is its own, beside its tenant's and not below it", () => {
  const scope = { repository: 'vault', tenant: 'acme', subtenant: null };
  expect(clientPrefix(scope)).toBe('Veeam/Backup/vault/Clients/acme/');
  expect(clientPrefix({ ...scope, subtenant: 'branch' })).toBe(
    'Veeam/Backup/vault/Clients/acme@branch/',
  );
});

describe('L11: a new generation that is near its end on this clock', () => {
  const MARGIN_MS = 60_000;
  const context = { input: { marginMs: MARGIN_MS }, credential: null } as SessionContext;
  const spent = (leftMs: number | null) => {
    const expiresAt = leftMs === null ? null : EXPIRES_AT + leftMs;
    const event = {
      type: 'credential.delivered',
      at: EXPIRES_AT,
      generation: 3,
      expiresAt,
      degraded: false,
    } as const;
    return changes.adoptDelivered({ context, event }).isMarginSpent;
  };

  test.each([
    [1, true],
    [2 * MARGIN_MS - 1, true],
    [2 * MARGIN_MS, false],
    [14 * DAY_MS, false],
    [null, false],
  ])('with %s ms left is used to its end: %s', (leftMs, expected) => {
    expect(spent(leftMs)).toBe(expected);
  });
});
