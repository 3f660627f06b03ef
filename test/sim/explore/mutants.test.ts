import { describe, expect, test } from 'vitest';
import { emit, enqueueActions } from 'xstate';
import { requests } from '../../../machines/backup-session/backup-session.actions.ts';
import { backupSessionMachine } from '../../../machines/backup-session/index.ts';
import { controlConnectionMachine } from '../../../machines/control-connection/index.ts';
import { isRenewalAsked } from '../../../machines/credential-lifecycle/credential-lifecycle.guards.ts';
import { credentialLifecycleMachine } from '../../../machines/credential-lifecycle/index.ts';
import { targetMoverMachine } from '../../../machines/data-mover/index.ts';
import { Checker, MACHINES, type Machines, systemNamed } from '../../../sim/explore/index.ts';

/** The explorer must find a wrong machine, for the reason that the row names, in a few steps. */
function find(machines: Partial<Machines>, system: string, faults: number) {
  let ticks = 0;
  const now = (): number => {
    ticks += 1;
    return ticks;
  };
  const checker = new Checker({
    machines: { ...MACHINES, ...machines },
    depth: null,
    bytes: null,
    now,
    isOver: () => false,
  });
  return checker.exhaust(systemNamed(system), { scopes: 1, sessions: 1, faults });
}

type LifecycleGuards = Parameters<typeof credentialLifecycleMachine.provide>[0]['guards'];
type SessionGuards = Parameters<typeof backupSessionMachine.provide>[0]['guards'];
const lifecycle = (guards: LifecycleGuards) => ({
  lifecycle: credentialLifecycleMachine.provide({
    guards,
  } as never) as typeof credentialLifecycleMachine,
});
const session = (guards: SessionGuards) => ({
  session: backupSessionMachine.provide({ guards } as never) as typeof backupSessionMachine,
});

const targetMover = (implementations: object) => ({
  targetMover: targetMoverMachine.provide(implementations as never) as typeof targetMoverMachine,
});
const connection = (actions: object) => ({
  connection: controlConnectionMachine.provide({
    actions,
  } as never) as typeof controlConnectionMachine,
});

/** The SP's own check with its line moved by 1 ms: "less than" becomes "or equal". */
const ORS_EQUAL: LifecycleGuards = {
  isRenewalAsked: ({ context, event }) => {
    const { settings } = context;
    const moved = { ...settings, renewBelowMs: settings.renewBelowMs + 1 };
    return isRenewalAsked({ context: { ...context, settings: moved }, event });
  },
};

/** The tenant's check with its line moved by 1 ms: the `<` of C2 becomes `<=`. */
function tenantChecksOrEqual(): Partial<Machines> {
  const ask = enqueueActions(({ context, event, enqueue }, name: keyof typeof requests) => {
    const { check } = context;
    const moved = check === null ? null : { ...check, renewBelowMs: check.renewBelowMs + 1 };
    const wrong = name === 'checkAndRequest' ? { ...context, check: moved } : context;
    for (const request of requests[name]({ context: wrong, event } as never))
      enqueue.emit(request as never);
  });
  return { session: backupSessionMachine.provide({ actions: { ask } } as never) as never };
}

describe('a wrong guard is found in a few steps, with its operands', () => {
  test('C2, C10: the tenant renews at exactly 24 h', () => {
    const { broken, story } = find(tenantChecksOrEqual(), 'aws-direct', 0);
    expect(broken.map(({ ids }) => ids)).toContain('C2, C10');
    expect(broken[0]?.sentence).toContain('with 1d left and the line at 1d');
    expect(story.length).toBeLessThan(40);
    const last = story.at(-1);
    expect(last?.broken.join()).toContain('C2, C10');
    expect(last?.requests.join()).toContain('leftMs 1d');
  });

  test('C2, C10: an SP that checks renews at exactly 24 h, and the guard shows what it saw', () => {
    const { broken, story } = find(lifecycle(ORS_EQUAL), 'iam-sts', 0);
    expect(broken.map(({ ids }) => ids)).toContain('C2, C10');
    const guards = story.at(-1)?.guards.join('\n') ?? '';
    expect(guards).toContain('isRenewalAsked passes');
    expect(guards).toContain('context.current.expiresAt = now + 1d');
    expect(guards).toContain('context.settings.renewBelowMs = 1d');
  });

  test.each<[string, Partial<Machines>, string, number, RegExp]>([
    ['C3: the SP reissues at exactly 15 d', lifecycle(ORS_EQUAL), 'azure-direct', 0, /C3/],
    [
      'C11: nothing is ever renewed',
      lifecycle({ isRenewalAsked: () => false }),
      'azure-direct',
      0,
      /C3|C11/,
    ],
    [
      'C17: the old one stands in although it is over',
      lifecycle({ mayStandIn: ({ context }) => context.current !== null }),
      'azure-direct',
      1,
      /C11/,
    ],
    [
      'P3: direct is taken for gateway',
      session({ isOpenedDirect: () => false }),
      'aws-direct',
      0,
      /P3|P7|L1/,
    ],
    [
      'P7: one ready mover is enough',
      session({ isOtherMoverReady: () => true }),
      'aws-direct',
      0,
      /P7|P3|L1/,
    ],
    [
      'I71: failed is taken for done',
      session({ isOutcomeDone: () => true }),
      'aws-direct',
      1,
      /I71/,
    ],
    [
      'C12, I31: a late answer counts for the attempt in flight',
      lifecycle({ isForAttemptInFlight: () => true }),
      'azure-direct',
      2,
      /C5|C12|I31|I74/,
    ],
    [
      'L9: a mover that was refused does not ask again',
      targetMover({ guards: { wasRefused: () => false } }),
      'quota',
      2,
      /L1/,
    ],
    [
      'Q2: a grant is told to the engine twice',
      targetMover({
        actions: {
          grantAnswered: emit(({ event }) => ({
            type: 'engine.grant' as const,
            bytes: 2 * ((event as { readonly bytes?: number }).bytes ?? 0),
          })),
        },
      }),
      'quota',
      1,
      /Q2, I52/,
    ],
    [
      'C15: a paused mover goes on',
      targetMover({ actions: { pauseEngine: emit({ type: 'engine.resume' }) } }),
      'mover-gate',
      0,
      /L1|C15|C16/,
    ],
    [
      'P5: the owner is not told that the connection has ended',
      connection({ reportDown: () => {} }),
      'connection',
      1,
      /P5/,
    ],
    ['L6: a wait without an alarm', connection({ armBackoff: () => {} }), 'connection', 1, /L6|L1/],
  ])('%s', (_name, machines, system, faults, expected) => {
    const { broken, story } = find(machines, system, faults);
    expect(broken.map(({ ids }) => ids).join()).toMatch(expected);
    expect(story.length).toBeGreaterThan(0);
  });
});
