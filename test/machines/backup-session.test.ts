import { describe, expect, test } from 'vitest';
import { backupSessionMachine, type SessionRequest } from '../../machines/backup-session/index.ts';
import { hostMachine } from '../../machines/ports/machine-host.ts';
import { MINUTE_MS, SECOND_MS } from '../../machines/rules/time.ts';
import { createVirtualClock } from '../../sim/kernel/index.ts';

const START = Date.UTC(2026, 10, 22);
const BUDGET_MS = 30 * MINUTE_MS;

function startSession() {
  const clock = createVirtualClock(START);
  const requests: SessionRequest[] = [];
  const machine = hostMachine({
    machine: backupSessionMachine,
    clock,
    input: {
      sessionId: 's1',
      operation: 'backup',
      inSession: 'reconnect',
      marginMs: MINUTE_MS,
      reconnectBudgetMs: BUDGET_MS,
      answerTimeoutMs: 5 * MINUTE_MS,
      restartsMax: 3,
      heartbeatMs: MINUTE_MS,
      quotaWaitMs: 0,
    },
    onRequest: (request) => requests.push(request),
    onError: (error) => {
      throw error;
    },
  });
  return { clock, machine, requests };
}

describe('a connection that comes and goes (P8, L1)', () => {
  test('a contact that is lost before each delivery spends one budget, then the session fails', () => {
    const { clock, machine, requests } = startSession();
    machine.send({ type: 'channel.up' });
    machine.send({
      type: 'session.opened',
      route: {
        dataPath: 'direct',
        sourceHost: 'sourceProxy',
        targetHost: 'sourceProxy',
        credential: 'limited',
        assumed: false,
      },
      check: { renewBelowMs: 24 * 60 * MINUTE_MS, includesLine: false, isByTenant: true },
    });
    machine.send({ type: 'mover.ready', role: 'source' });
    machine.send({ type: 'mover.ready', role: 'target' });
    let flaps = 0;
    while (machine.snapshot().matches('active') && flaps < 10_000) {
      machine.send({ type: 'contact.made', heldGeneration: 0, heldExpiresAt: null });
      machine.send({ type: 'contact.lost' });
      clock.advanceTo(clock.now() + SECOND_MS);
      flaps += 1;
    }
    expect(clock.now() - START).toBe(BUDGET_MS);
    expect(machine.snapshot().context.outcome).toEqual({ state: 'failed', code: 'channel.lost' });
    expect(requests.at(-1)).toEqual({ type: 'movers.stop' });
  });

  test('a channel that drops each opening spends one budget, then the session fails', () => {
    const { clock, machine } = startSession();
    let flaps = 0;
    while (machine.snapshot().matches('active') && flaps < 10_000) {
      machine.send({ type: 'channel.up' });
      machine.send({ type: 'channel.down' });
      clock.advanceTo(clock.now() + SECOND_MS);
      flaps += 1;
    }
    expect(clock.now() - START).toBe(BUDGET_MS);
    expect(machine.snapshot().context.outcome?.code).toBe('channel.lost');
  });
});
