import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { HOUR_MS, MINUTE_MS } from '../../../machines/rules/time.ts';
import { type CheckReport, createCheckRun, type LivenessBounds } from '../../../sim/check/index.ts';
import { cleanLog, connect, deliver, issue, LogBuilder, openDirect } from './log-builder.ts';

const BOUNDS = { sessionMs: HOUR_MS, credentialMs: MINUTE_MS, channelMs: MINUTE_MS };

function judge(events: readonly LogEvent[], liveness: LivenessBounds = BOUNDS): CheckReport {
  const run = createCheckRun({ liveness });
  for (const event of events) run.see(event);
  return run.end();
}

function broken(events: readonly LogEvent[], liveness: LivenessBounds = BOUNDS): string[] {
  return judge(events, liveness).violations.map(({ invariant }) => invariant);
}

/** A session that has come as far as its credential request; the log ends `restMs` later. */
function askingLog(restMs: number): LogEvent[] {
  const log = new LogBuilder();
  openDirect(log, 's');
  log.add('s', 'session.state', { state: 'active.contacting' });
  connect(log, 's', null);
  log.add('s', 'session.state', { state: 'active.awaitingCredential' });
  log.wait(restMs).add(null, 'note', {});
  return log.events;
}

describe('liveness over a finished log', () => {
  test('L1 L3: a clean log keeps its bounds, and says how often they were tested', () => {
    const { violations, witnesses, pending } = judge(cleanLog());
    expect(violations).toEqual([]);
    expect(pending).toEqual([]);
    expect(witnesses).toMatchObject({ L1: 5, L3: 1, L6: 0 });
  });

  test('L1: a session that takes exactly the bound is in time, 1 ms more is late', () => {
    const ends = (offMs: number): string[] => {
      const log = new LogBuilder();
      openDirect(log, 's');
      log.at = (log.events[0]?.at ?? 0) + HOUR_MS + offMs;
      const bytes = { source: 0, gateway: 0, storage: 0 };
      log.add('s', 'session.ended', { state: 'failed', bytes, verified: null });
      return broken(log.events);
    };
    expect([ends(-1), ends(0), ends(1)]).toEqual([[], [], ['L1']]);
  });

  test('L1: what is pending is explained in words', () => {
    const { violations, pending } = judge(askingLog(2 * HOUR_MS));
    expect(violations.map(({ invariant }) => invariant)).toEqual(['L1', 'L3']);
    expect(pending).toHaveLength(1);
    expect(pending[0]?.text).toMatch(
      /^s started at 2026-11-22T00:00:00.000Z and waits for its credential since .* \(state "active.awaitingCredential"\); its last word was session.state, 2h 1ms before the end of the log$/,
    );
  });

  test('L3: a credential comes in time, late, or not at all', () => {
    const delivered = (waitMs: number): string[] => {
      const log = new LogBuilder();
      openDirect(log, 's');
      connect(log, 's', null);
      log.wait(waitMs);
      deliver(log, 's', 'backup', { generation: 1, expiresAt: issue(log, 's', 1) });
      return broken(log.events);
    };
    expect(delivered(MINUTE_MS / 2)).toEqual([]);
    expect(delivered(MINUTE_MS)).toEqual(['L3']);
    expect(broken(askingLog(MINUTE_MS / 2))).toEqual([]);
    expect(broken(askingLog(2 * MINUTE_MS))).toEqual(['L3']);
  });

  test('L6: a channel comes back in time, late, or not at all', () => {
    const back = (waitMs: number, type: string): string[] => {
      const log = new LogBuilder();
      log.add(null, 'channel.down', { role: 'tenant', tenant: 'acme' });
      log.add(null, 'channel.down', { role: 'tenant', tenant: 'acme' });
      log.at = (log.events[0]?.at ?? 0) + waitMs;
      log.add(null, type, { role: 'tenant', tenant: 'acme' });
      return broken(log.events);
    };
    expect(back(MINUTE_MS, 'channel.up')).toEqual([]);
    expect(back(MINUTE_MS + 1, 'channel.up')).toEqual(['L6']);
    expect(back(MINUTE_MS, 'note')).toEqual([]);
    expect(back(MINUTE_MS + 1, 'note')).toEqual(['L6']);
  });

  test('what ended while faults were still at work is not judged, and time counts from then', () => {
    const events = askingLog(2 * HOUR_MS);
    const endAt = events.at(-1)?.at ?? 0;
    expect(broken(events, { ...BOUNDS, healthyFrom: endAt + 1 })).toEqual([]);
    expect(broken(events, { ...BOUNDS, healthyFrom: endAt - HOUR_MS })).toEqual(['L3']);
  });

  test('without bounds nothing is judged, but the pending are told', () => {
    const run = createCheckRun();
    for (const event of askingLog(100 * HOUR_MS)) run.see(event);
    const { violations, witnesses, pending } = run.end();
    expect(violations).toEqual([]);
    expect(witnesses.L1).toBeUndefined();
    expect(pending).toHaveLength(1);
  });
});
