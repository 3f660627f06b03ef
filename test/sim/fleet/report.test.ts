import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import { bar, sparkline, squeeze } from '../../../sim/fleet/report/charts.ts';
import { compareRuns } from '../../../sim/fleet/report/compare.ts';
import { htmlReport } from '../../../sim/fleet/report/html.ts';
import { runFleet } from '../../../sim/fleet/run/run-fleet.ts';
import { parseTrace } from '../../../sim/kernel/index.ts';
import { smallFleet } from './small-fleet.ts';

const FAULTS = [
  { site: 'issuer', oneIn: 3, error: 'issuer.unavailable' },
  { site: 'storage', oneIn: 10, error: 'storage.throttled', for: '30s' },
  { site: 'network', at: '5d 22h', for: '2h', down: 'both' },
];

async function recorded() {
  const lines: string[] = [];
  const fleet = smallFleet(
    { days: 20, faults: FAULTS, events: [{ day: 18, disable: 'shops', share: '25%' }] },
    { subtenants: 2, subtenantQuota: '1TiB', clock: { offset: { min: '-1h', max: '1h' } } },
  );
  const run = await runFleet({ fleet, onLine: (line) => lines.push(line) });
  const { events } = parseTrace(`${lines.join('\n')}\n`);
  return { fleet, run, events };
}

const all = (events: readonly LogEvent[], type: string): readonly LogEvent[] =>
  events.filter((event) => event.type === type);
const sum = (events: readonly LogEvent[], key: string): number =>
  events.reduce((total, { data }) => total + Number(data[key]), 0);

describe('the report', () => {
  test('agrees with the event log, figure by figure', async () => {
    const { fleet, run, events } = await recorded();
    const { report } = run;
    const ended = all(events, 'session.ended');
    const endedAs = (state: string): number =>
      ended.filter(({ data }) => data.state === state).length;
    expect(report.sessions).toMatchObject({
      started: all(events, 'session.started').length,
      done: endedAs('done'),
      failed: endedAs('failed'),
      cancelled: endedAs('cancelled'),
      skipped: all(events, 'session.skipped').length,
      bytes: ended.reduce(
        (total, { data }) => total + (data.bytes as { storage: number }).storage,
        0,
      ),
    });
    expect(report.sessions.failed).toBeGreaterThan(0);
    const issued = all(events, 'credential.issued');
    const perHour = new Map<number, number>();
    for (const { at } of issued) {
      const hour = Math.floor((at - fleet.startAt) / HOUR_MS);
      perHour.set(hour, (perHour.get(hour) ?? 0) + 1);
    }
    expect(report.issues.total).toBe(issued.length);
    expect(report.issues.renewals).toBe(
      issued.filter(({ data }) => Number(data.generation) > 1).length,
    );
    expect(report.issues.failedAttempts).toBe(all(events, 'credential.issueFailed').length);
    expect(report.issues.peak?.count).toBe(Math.max(...perHour.values()));
    for (const [hour, count] of report.issues.perHour.entries()) {
      expect(count).toBe(perHour.get(hour) ?? 0);
    }
    // All stored bytes went direct, and the links counted each of them in some hour.
    expect(report.gateways).toEqual([]);
    expect(sum(all(events, 'direct.load'), 'bytes')).toBe(report.sessions.bytes);
    expect(report.direct[0]?.bytesPerHour.reduce((left, right) => left + right, 0)).toBe(
      report.sessions.bytes,
    );
    expect(sum(all(events, 'storage.used'), 'bytes')).toBe(report.sessions.bytes);
    expect(report.retries.connectionsLost).toBe(all(events, 'channel.down').length);
    expect(report.retries.storage[0]?.count).toBe(all(events, 'storage.retried').length);
    expect(report.faults.reduce((total, { count }) => total + count, 0)).toBe(
      all(events, 'fault.fired').length,
    );
  });

  test('life left and generations alive are those of the log', async () => {
    const { run, events } = await recorded();
    const { report } = run;
    const expiry = new Map(
      all(events, 'credential.issued').map(({ data }) => [
        `${data.scope} ${data.generation}`,
        Number(data.expiresAt),
      ]),
    );
    const firsts = new Map<string, number>();
    const lasts = new Map<string, number>();
    for (const { session, data } of all(events, 'storage.used')) {
      const expiresAt = expiry.get(`${data.key} ${data.generation}`) as number;
      const id = session as string;
      if (!firsts.has(id)) firsts.set(id, expiresAt - Number(data.firstStartedAt));
      lasts.set(id, expiresAt - Number(data.startedAt));
    }
    expect(report.life.first.count).toBe(firsts.size);
    expect(report.life.first.minimum?.leftMs).toBe(Math.min(...firsts.values()));
    expect(report.life.last.minimum?.leftMs).toBe(Math.min(...lasts.values()));
    const total = report.life.last.buckets.reduce((sumSoFar, { count }) => sumSoFar + count, 0);
    expect(total).toBe(lasts.size);
    expect(report.generations.alivePerHour[24]).toBe(
      all(events, 'credential.issued').filter(({ at }) => at < report.startAt + 25 * HOUR_MS)
        .length,
    );
  });

  test('two runs side by side: the page shows both, needs nothing from outside, and is well formed', async () => {
    const direct = await runFleet({
      fleet: smallFleet({ days: 4, title: '<b>&' }),
      isHashed: false,
    });
    const repositories = [{ name: 'vault', mode: 'gateway' }];
    const gateway = await runFleet({
      fleet: smallFleet({ days: 4, repositories }),
      isHashed: false,
    });
    const runs = [
      { name: 'direct', run: direct },
      { name: 'gateway', run: gateway },
    ];
    const page = htmlReport('<b>&', runs);
    expect(page).toContain('&lt;b&gt;&amp;');
    expect(page).not.toMatch(/<script|https?:|@import|url\(|src=/);
    expect(page).toContain('prefers-color-scheme: dark');
    for (const tag of ['svg', 'section', 'table', 'rect', 'title', 'path']) {
      const opened = page.match(new RegExp(`<${tag}[ >]`, 'g'))?.length ?? 0;
      const closed = page.match(new RegExp(`</${tag}>|<${tag}[^<]*/>`, 'g'))?.length ?? 0;
      expect([tag, closed]).toEqual([tag, opened]);
    }
    const charts = page.match(/<svg [^>]*>/g) ?? [];
    expect(charts.length).toBeGreaterThan(5);
    for (const chart of charts) expect(chart).toMatch(/role="img" aria-label="[^"]+"/);
    const through = compareRuns(direct, gateway).find(
      ({ label }) => label === 'through the gateways',
    );
    expect(through).toMatchObject({ left: '0 B', change: expect.stringMatching(/^\+/) });
    expect(compareRuns(direct, direct).every(({ change }) => change === '')).toBe(true);
  });
});

describe('small charts', () => {
  test('no peak is lost when a series is squeezed', () => {
    const values = Array.from({ length: 1_000 }, (_, index) => (index === 777 ? 9 : 1));
    expect(Math.max(...squeeze(values, 40))).toBe(9);
    expect(squeeze(values, 40)).toHaveLength(40);
  });

  test.each([
    [[0, 1, 4, 8], false, ' ▁▄█'],
    [[0, 1, 4, 8], true, ' _-#'],
    [[0, 0], false, '  '],
  ])('%j as a line', (values, isAscii, wanted) => {
    expect(sparkline(values, 80, isAscii)).toBe(wanted);
  });

  test('a bar shows something wherever there is something', () => {
    expect(bar(0.001, 4, false)).toBe('█░░░');
    expect(bar(0, 4, true)).toBe('....');
    expect(bar(1, 4, true)).toBe('####');
  });
});
