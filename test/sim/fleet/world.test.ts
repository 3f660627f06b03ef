import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { DAY_MS, HOUR_MS } from '../../../machines/rules/time.ts';
import { type FleetRunOptions, runFleet } from '../../../sim/fleet/run/run-fleet.ts';
import type { Fleet } from '../../../sim/fleet/types.ts';
import { parseTrace, traceHash } from '../../../sim/kernel/index.ts';
import { smallFleet } from './small-fleet.ts';

async function eventsOf(
  fleet: Fleet,
  options: Partial<FleetRunOptions> = {},
): Promise<{
  readonly events: readonly LogEvent[];
  readonly run: Awaited<ReturnType<typeof runFleet>>;
}> {
  const events: LogEvent[] = [];
  const run = await runFleet({
    fleet,
    isHashed: false,
    sinks: [(event) => events.push(event)],
    ...options,
  });
  return { events, run };
}

function ends(events: readonly LogEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type, data } of events) {
    if (type !== 'session.ended') continue;
    const name = data.code === null ? String(data.state) : String(data.code);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function ofType(events: readonly LogEvent[], type: string): readonly LogEvent[] {
  return events.filter((event) => event.type === type);
}

describe('a fleet', () => {
  test('runs every session to its end, breaks no rule and renews on day 13 (C2)', async () => {
    const { events, run } = await eventsOf(smallFleet());
    expect(run.violations).toEqual([]);
    expect(run.pending).toEqual([]);
    expect(ends(events)).toEqual({ done: 64 });
    const issues = ofType(events, 'credential.issued');
    expect(issues.filter(({ data }) => data.generation === 1)).toHaveLength(4);
    const renewals = issues.filter(({ data }) => data.generation === 2);
    expect(renewals).toHaveLength(4);
    const { startAt } = smallFleet();
    for (const { at } of renewals) {
      expect(Math.floor((at - startAt) / DAY_MS)).toBeGreaterThanOrEqual(13);
      expect(at - startAt).toBeLessThan(15 * DAY_MS);
    }
  });

  test('the same seed gives the same log, byte for byte, and another seed another one (I76)', async () => {
    const fleet = smallFleet();
    const hashOf = async (seed: string): Promise<string | null> =>
      (await runFleet({ fleet, seed })).traceHash;
    const first = await hashOf('a-commit-hash');
    expect(await hashOf('a-commit-hash')).toBe(first);
    expect(await hashOf('another')).not.toBe(first);
  });

  test('the hash is that of the file which --log writes, and both runtimes agree on it', async () => {
    const lines: string[] = [];
    const { traceHash: hash } = await runFleet({
      fleet: smallFleet({ days: 2 }),
      onLine: (line) => lines.push(line),
    });
    expect(traceHash(parseTrace(`${lines.join('\n')}\n`))).toBe(hash);
    // The same on Node and on Bun: this very test runs on both.
    expect(hash).toMatchInlineSnapshot(
      `"9f30668981242819cb2cd71ca3d62e31057075dfb8272124f9972b1140e10f32"`,
    );
  });

  test('the compiled machines and XState itself write the same log', async () => {
    const faults = [
      { site: 'issuer', oneIn: 3, error: 'issuer.unavailable' },
      { site: 'network', at: '2d 22h', for: '1h', down: 'both' },
      { site: 'sp', at: '4d 22h 30m', for: '10m', down: 'both' },
      { site: 'mover', oneIn: 9, crash: 'target' },
      { site: 'message', oneIn: 60, lost: true },
    ];
    const fleet = smallFleet({ days: 6, faults });
    const compiled = await runFleet({ fleet, runner: 'compiled' });
    const reference = await runFleet({ fleet, runner: 'xstate' });
    expect(compiled.report.sessions.failed).toBeGreaterThan(0);
    expect(reference.traceHash).toBe(compiled.traceHash);
  });

  test('sizes and schedules do not depend on the mode, so that two runs can be compared', async () => {
    const direct = await eventsOf(smallFleet());
    const repositories = [{ name: 'vault', mode: 'gateway' }];
    const gateway = await eventsOf(smallFleet({ repositories }));
    const started = ({ events }: typeof direct) =>
      ofType(events, 'session.started').map(({ at, session, data }) => [
        at,
        session,
        data.sizeBytes,
      ]);
    expect(started(gateway)).toEqual(started(direct));
    expect(gateway.run.report.gateways[0]?.bytes).toBe(direct.run.report.direct[0]?.bytes);
    expect(direct.run.report.gateways).toEqual([]);
    expect(gateway.run.report.issues.total).toBe(0);
  });

  test('memory of finished sessions is given back: none is running at the end', async () => {
    const { run } = await eventsOf(smallFleet());
    expect(run.counts.sessionsEnded).toBe(run.counts.sessionsStarted);
  });
});

describe('clocks', () => {
  test('a tenant two days late uses credentials to the very end; the SP renews what is expired (C11)', async () => {
    const late = smallFleet({ days: 30 }, { clock: { offset: '-2d' } });
    const { run } = await eventsOf(late);
    expect(run.violations).toEqual([]);
    expect(run.report.life.first.minimum?.leftMs).toBeLessThan(24 * HOUR_MS);
    const { run: right } = await eventsOf(smallFleet({ days: 30 }));
    expect(right.report.life.first.minimum?.leftMs).toBeGreaterThan(24 * HOUR_MS - 10_000);
  });

  test('a tenant two days ahead renews two days early', async () => {
    const { events, run } = await eventsOf(smallFleet({}, { clock: { offset: '2d' } }));
    expect(run.violations).toEqual([]);
    const { startAt } = smallFleet();
    const [renewal] = ofType(events, 'credential.issued').filter(
      ({ data }) => data.generation === 2,
    );
    expect(Math.floor(((renewal?.at ?? 0) - startAt) / DAY_MS)).toBe(11);
  });
});

describe('quota', () => {
  test('without room a backup fails and leaves nothing behind (Q3)', async () => {
    const { events, run } = await eventsOf(smallFleet({ days: 3 }, { quota: '500MiB' }));
    expect(run.violations).toEqual([]);
    expect(ends(events)).toEqual({ 'quota.exceeded': 12 });
    expect(run.report.quota.usedBytes).toBe(0);
  });

  test('a raised quota lets a paused session go on (L9)', async () => {
    const fleet = smallFleet(
      {
        days: 1,
        control: { quotaWait: '3h' },
        grantChunk: '100MiB',
        events: [{ day: 0.99, quota: '1TiB', group: 'shops' }],
      },
      { quota: '900MiB', schedule: { daily: '22:00' } },
    );
    const { events, run } = await eventsOf(fleet);
    expect(run.violations).toEqual([]);
    expect(ofType(events, 'session.state').map(({ data }) => data.state)).toContain(
      'active.awaitingQuota',
    );
    expect(ends(events)).toEqual({ done: 4 });
  });

  test('older increments are merged away, so the space that is used stops growing', async () => {
    const short = await eventsOf(smallFleet({ days: 20 }, { keep: 3 }));
    const long = await eventsOf(smallFleet({ days: 20 }, { keep: 100 }));
    expect(short.run.report.quota.usedBytes).toBeLessThan(long.run.report.quota.usedBytes / 2);
    expect(short.run.violations).toEqual([]);
  });
});

/** All start at 22:00; a first backup takes seven minutes. */
const AT_ONCE = { schedule: { daily: '22:00' }, first: '10GiB', incremental: '1GiB' };

describe('events', () => {
  test('a disabled tenant gets nothing, and what cannot be revoked is listed (C22)', async () => {
    const events = [{ day: 5, disable: 'shops', share: '50%' }];
    const { events: log, run } = await eventsOf(smallFleet({ days: 8, events }));
    expect(run.violations).toEqual([]);
    expect(ends(log)['tenant.disabled']).toBe(6);
    expect(run.report.revocations).toMatchObject({ revoked: 0, irrevocable: 2 });
    const { startAt } = smallFleet();
    expect(run.report.revocations.usableUntil).toBeGreaterThan(startAt + 14 * DAY_MS);
  });

  test('in maintenance what runs goes on and nothing new starts (X5)', async () => {
    // The first backups of 22:00 run then; the next night falls into the maintenance.
    const events = [
      { day: 0.92, maintenance: true },
      { day: 2, maintenance: false },
    ];
    const fleet = smallFleet({ days: 4, events }, AT_ONCE);
    const { events: log, run } = await eventsOf(fleet);
    expect(run.violations).toEqual([]);
    expect(ends(log)).toEqual({ done: 12, 'maintenance.mode': 4 });
    const began = ofType(log, 'settings.changed')[0] as LogEvent;
    const [firstEnd] = ofType(log, 'session.ended');
    expect(firstEnd?.at).toBeGreaterThan(began.at);
  });

  test('at the soft limit of a repository what runs ends well, new backups are refused (Q5)', async () => {
    const run = async (softLimit: string) => {
      const repositories = [{ name: 'vault', mode: 'direct', access: 'iam-sts', softLimit }];
      return ends((await eventsOf(smallFleet({ days: 3, repositories }, AT_ONCE))).events);
    };
    // Four first backups of 10 GiB each reach 40 GiB; one byte more lets the second night in.
    expect(await run('40GiB')).toEqual({ done: 4, 'quota.softLimit': 8 });
    expect(await run('42949672961B')).toEqual({ done: 8, 'quota.softLimit': 4 });
  });

  test('a mode switch counts from the next session on, and an agent hears of it first (M8, X4)', async () => {
    const events = [{ day: 3, set: { repository: 'vault', access: 'unset', mode: 'gateway' } }];
    const { events: log, run } = await eventsOf(smallFleet({ days: 6, events }, { job: 'agent' }));
    expect(run.violations).toEqual([]);
    expect(ends(log)).toEqual({ done: 20, 'settings.stale': 4 });
    const paths = ofType(log, 'route.selected').map(({ data }) => data.dataPath);
    expect(paths.indexOf('gateway')).toBe(12);
    expect(paths.slice(12).every((path) => path === 'gateway')).toBe(true);
  });
});
