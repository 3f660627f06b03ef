import { describe, expect, test } from 'vitest';
import { runFleet } from '../../../sim/fleet/run/run-fleet.ts';
import { smallFleet } from './small-fleet.ts';

type Fault = Record<string, unknown>;

async function runWith(fault: Fault, changes: Record<string, unknown> = {}) {
  const fleet = smallFleet({ days: 6, faults: [fault], ...changes });
  return runFleet({ fleet, isHashed: false });
}

const GATEWAY = { repositories: [{ name: 'vault', mode: 'gateway' }] };
const NIGHT = { at: '1d 22h 20m', for: '100m' };

/** The fault, what else differs, and what the run must show: failures by code, and more. */
const ROWS: readonly [
  string,
  Fault,
  Record<string, unknown>,
  (run: Awaited<ReturnType<typeof runWith>>) => void,
][] = [
  [
    'F28 a throttled issuer is asked again',
    { site: 'issuer', nth: 1, repeat: 3, error: 'storage.throttled' },
    {},
    ({ report }) => {
      expect(report.issues.failedAttempts).toBe(3);
      expect(report.sessions.failed).toBe(0);
    },
  ],
  [
    'F10 an issuer that is down fails who has no credential yet',
    { site: 'issuer', at: '22h', for: '3h', down: 'both' },
    {},
    ({ report }) => {
      expect(report.sessions.reasons).toEqual([
        { state: 'done', code: null, count: 20 },
        { state: 'failed', code: 'issuer.unavailable', count: 4 },
      ]);
    },
  ],
  [
    'I74 an answer that is lost is waited out',
    { site: 'issuer', nth: 1, lost: true },
    {},
    ({ report }) => {
      expect(report.sessions.failed).toBe(0);
    },
  ],
  [
    'F20 what is not saved is not delivered',
    { site: 'records', of: 'save', nth: 1, error: 'records.failed' },
    {},
    ({ report }) => {
      expect(report.issues.total).toBe(5);
      expect(report.sessions.failed).toBe(0);
    },
  ],
  [
    'F27 a storage that throttles is tried again',
    { site: 'storage', nth: 2, repeat: 3, error: 'storage.throttled' },
    {},
    ({ report }) => {
      expect(report.retries.storage).toEqual([{ code: 'storage.throttled', count: 3 }]);
      expect(report.sessions.failed).toBe(0);
    },
  ],
  [
    'F9 a storage that is down fails sessions, and nothing goes through the gateway (M9)',
    { site: 'storage', ...NIGHT, down: 'both' },
    {},
    ({ report }) => {
      expect(report.sessions.reasons.map(({ code }) => code)).toContain('storage.unreachable');
      expect(report.gateways).toEqual([]);
    },
  ],
  [
    'F31 access denied is checked once, then fails (C20)',
    { site: 'storage', nth: 1, repeat: 2, error: 'access.denied' },
    {},
    ({ report }) => {
      expect(report.sessions.done + report.sessions.failed).toBe(24);
    },
  ],
  [
    'F1 a target mover that crashes is started again',
    { site: 'mover', nth: 2, crash: 'target' },
    {},
    ({ report }) => {
      expect(report.retries.moverRestarts).toBe(1);
      expect(report.sessions.failed).toBe(0);
    },
  ],
  [
    'F2 a source mover that crashes is started again',
    { site: 'mover', nth: 2, crash: 'source' },
    {},
    ({ report }) => {
      expect(report.retries.moverRestarts).toBe(1);
      expect(report.sessions.failed).toBe(0);
    },
  ],
  [
    'F5 gated sessions live through a short outage of the gateway',
    { site: 'gateway', at: '1d 22h 30m', for: '5m', down: 'both' },
    GATEWAY,
    ({ report }) => {
      expect(report.retries.connectionsLost).toBe(4);
      expect(report.sessions.failed).toBe(0);
    },
  ],
  [
    'F8 a partition longer than the budget ends sessions (P8, L1)',
    { site: 'network', ...NIGHT, down: 'both' },
    {},
    ({ report }) => {
      expect(report.sessions.reasons.map(({ code }) => code)).toContain('channel.lost');
    },
  ],
  [
    'F11 a way that is blocked upwards only is found by silence',
    { site: 'network', ...NIGHT, down: 'up' },
    {},
    ({ report }) => {
      expect(report.retries.connectionsLost).toBe(4);
    },
  ],
  [
    'F11 … and downwards only',
    { site: 'network', ...NIGHT, down: 'down' },
    {},
    ({ report }) => {
      expect(report.retries.connectionsLost).toBe(4);
    },
  ],
  [
    'F4 an SP that is started again knows credentials, not sessions (L7)',
    { site: 'sp', at: '1d 22h 30m', for: '2m', down: 'both' },
    {},
    ({ report }) => {
      expect(report.issues.total).toBe(4);
      expect(report.retries.connectionsLost).toBe(4);
    },
  ],
  [
    'F26 a message that is lost breaks its connection, and the session goes on',
    { site: 'message', nth: 4, lost: true },
    {},
    ({ report }) => {
      expect(report.retries.connectionsLost).toBe(1);
      expect(report.sessions.failed).toBe(0);
    },
  ],
  [
    'F24 messages that come twice change nothing',
    { site: 'message', nth: 1, repeat: 500, duplicate: true },
    {},
    ({ report }) => {
      expect(report.sessions.done).toBe(24);
      expect(report.issues.total).toBe(4);
    },
  ],
  [
    'F12 slow messages are waited for',
    { site: 'message', nth: 1, repeat: 40, delay: '20s' },
    {},
    ({ report }) => {
      expect(report.sessions.failed).toBe(0);
    },
  ],
];

describe('faults', () => {
  test.each(ROWS)('%s', async (_name, fault, changes, shows) => {
    const run = await runWith(fault, changes);
    expect(run.violations).toEqual([]);
    expect(run.pending).toEqual([]);
    expect(run.unfired).toEqual([]);
    expect(run.report.faults).toHaveLength(1);
    shows(run);
  });

  test('F26 a question that arrives after the tenant gave up is opened and closed, and breaks no rule (I71)', async () => {
    const late = { site: 'message', nth: 1, delay: '2h' };
    const told: string[] = [];
    const run = await runFleet({
      fleet: smallFleet({ days: 6, faults: [late] }),
      isHashed: false,
      sinks: [({ type, session }) => session === 'shops-2-1' && told.push(type)],
    });
    expect(told.indexOf('route.selected')).toBeGreaterThan(told.indexOf('session.ended'));
    expect(run.violations).toEqual([]);
    expect(told.at(-1)).toBe('quota.returned');
  });

  test('a scripted fault that never struck is named', async () => {
    const run = await runWith({ site: 'issuer', nth: 1_000, error: 'issuer.refused' });
    expect(run.unfired).toEqual(['1:issuer']);
  });

  test('chance with a minimum duration strikes in bursts (for)', async () => {
    const fault = { site: 'storage', oneIn: 4, error: 'storage.throttled', for: '1m' };
    const run = await runWith(fault);
    const [retry] = run.report.retries.storage;
    expect(retry?.count).toBeGreaterThan(10);
    expect(run.violations).toEqual([]);
  });

  test('with the last day faults are frozen: an outage ends, and every session does (L1)', async () => {
    const fault = { site: 'network', at: '5d 21h', for: '30d', down: 'both' };
    const run = await runWith(fault);
    expect(run.pending).toEqual([]);
    expect(run.report.endAt).toBeLessThan(smallFleet().startAt + 7 * 86_400_000);
  });

  test('what does not end within its bound is explained in words', async () => {
    const fleet = smallFleet({ days: 1, settle: '1h' }, { first: '2TiB', throughput: '10Mbit/s' });
    const run = await runFleet({ fleet, isHashed: false });
    expect(run.pending).toHaveLength(4);
    expect(run.pending[0]).toMatch(/^shops-\d-1 moves data \(\d+ of \d+ bytes are left\)$/);
  });

  test('stopped in the middle, a run tells what is known so far', async () => {
    const controller = new AbortController();
    const fleet = smallFleet({ days: 300 });
    const run = await runFleet({
      fleet,
      isHashed: false,
      signal: controller.signal,
      onProgress: () => controller.abort('SIGINT'),
    });
    expect(run.isInterrupted).toBe(true);
    expect(run.report.sessions.done).toBeGreaterThan(0);
    expect(run.report.sessions.done).toBeLessThan(1_200);
  });
});
