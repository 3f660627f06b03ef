import { DAY_MS } from '../../machines/rules/time.ts';
import { liveFleet } from '../../sim/cli/watch/watch-fleet.ts';
import { fleetFromData } from '../../sim/fleet/file/load.ts';
import type { Fleet } from '../../sim/fleet/types.ts';
import { loadScreen } from '../../sim/tui/load-screen.ts';
import { UNICODE_SIGNS } from '../../sim/tui/theme.ts';
import { fakeTerminal } from '../tui/fake-terminal.ts';
import { type Benchmark, type Figure, startStopwatch } from './measure.ts';

const TENANTS = 5_000;
/** More than ten minutes at the highest rate get through. */
const DAYS = 3_650;
const SIZE = { columns: 120, rows: 40 };
const SETTLE_MS = 20_000;
const GIVES_UP_MS = 10_000;
const MINUTE_MS = 60_000;
/** Kept apart, so that no key waits for the frame of the one before. */
const BETWEEN_KEYS_MS = [40, 90, 140, 75] as const;

/** Every day all of them, 14-day credentials, faults: about 25 events a session. */
function fiveThousand(): Fleet {
  const group = (name: string, repository: string, at: string): object => ({
    name,
    count: TENANTS / 2,
    repository,
    quota: '40TiB',
    schedule: { daily: at, jitter: '6h' },
    first: { min: '40GiB', typical: '150GiB', max: '300GiB' },
    incremental: { min: '1GiB', typical: '4GiB', max: '20GiB' },
    throughput: '100Mbit/s',
  });
  const result = fleetFromData(
    {
      version: 1,
      days: DAYS,
      gateways: [{ name: 'gate', bandwidth: '10Gbit/s', count: 40 }],
      storages: [{ name: 'minio', kind: 's3-compatible', longestSession: '365d' }],
      repositories: [
        { name: 'vault', mode: 'direct', access: 'iam-sts' },
        { name: 'office', mode: 'gateway' },
      ],
      tenants: [group('shops', 'vault', '22:00'), group('offices', 'office', '04:00')],
      faults: [{ site: 'issuer', oneIn: 40, error: 'issuer.unavailable' }],
    },
    'bench',
  );
  if (!result.ok) throw new Error(result.problems.map(({ text }) => text).join('; '));
  return result.fleet;
}

/** Keys that change the whole screen, and what is then drawn: the rest of it may be as before. */
const KEYS: readonly (readonly [string, string])[] = [
  ['2', '[2 Credentials'],
  ['3', '[3 Timeline'],
  ['7', '[7 Log'],
  ['?', 'Show or hide this help'],
  ['5', '[5 Rules'],
  ['w', 'Move time ('],
  ['1', '[1 Sessions'],
  ['y', 'What is known'],
];

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A sign that never comes is a mistake of this benchmark; it says so instead of waiting. */
async function shownInTime(shown: Promise<void>, what: string): Promise<void> {
  const late = pause(GIVES_UP_MS).then(() =>
    Promise.reject(new Error(`it was not shown: ${what}`)),
  );
  await Promise.race([shown, late]);
}

function megabytes(): { readonly heap: number; readonly resident: number } {
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed / 1e6, resident: rss / 1e6 };
}

function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** A fleet at the highest rate in the terminal UI: how long keys wait, and what memory it takes. */
export const tuiLive: Benchmark = {
  name: 'tui-live',
  title: `Terminal UI, a live fleet of ${TENANTS} tenants at 1,000,000 times`,
  notes: [
    `Screen of ${SIZE.columns}x${SIZE.rows}, drawn by the screen library on a terminal of streams.`,
    'A key: from its byte on stdin to its frame on stdout, while the fleet goes on. Goal: 100 ms.',
    'It goes on for as many minutes as --runs says (default: 1); memory is read at their ends.',
  ],
  run: async ({ runs }) => {
    const fleet = fiveThousand();
    const run = liveFleet(fleet, 1);
    const terminal = fakeTerminal(SIZE);
    const controller = new AbortController();
    const { showScreen } = await loadScreen();
    const { stdin, stdout } = terminal;
    const readOpen = startStopwatch();
    const shown = Promise.withResolvers<void>();
    const left = showScreen(run, {
      stdin,
      stdout,
      signs: UNICODE_SIGNS,
      signal: controller.signal,
      onShown: shown.resolve,
    });
    await shown.promise;
    const openMs = readOpen();
    terminal.type('+++');
    await pause(SETTLE_MS);
    const samples: number[] = [];
    const memory: ReturnType<typeof megabytes>[] = [megabytes()];
    const startDay = (run.now() - fleet.startAt) / DAY_MS;
    const read = startStopwatch();
    for (let turn = 0; read() < (runs ?? 1) * MINUTE_MS; turn += 1) {
      const [key, sign] = KEYS[turn % KEYS.length] as readonly [string, string];
      await pause(BETWEEN_KEYS_MS[turn % BETWEEN_KEYS_MS.length] as number);
      terminal.forget();
      const readKey = startStopwatch();
      terminal.type(key);
      await shownInTime(terminal.shows(sign), `${key}: ${sign}`);
      samples.push(readKey());
      if (read() >= memory.length * MINUTE_MS) memory.push(megabytes());
    }
    memory.push(megabytes());
    const days = (run.now() - fleet.startAt) / DAY_MS - startDay;
    controller.abort('SIGTERM');
    await left;
    run.cancel();
    await run.finished;
    const figure = (name: string, unit: Figure['unit'], value: number): Figure => {
      return { name, unit, samples: [value] };
    };
    return [
      figure('open, first screen', 'ms', openMs),
      { name: 'key to frame', unit: 'ms', samples },
      figure('key to frame, 99th percentile', 'ms', quantile(samples, 0.99)),
      ...memory.map(({ heap }, minute) => figure(`heap after ${minute} min`, 'MB', heap)),
      ...memory.map(({ resident }, minute) => figure(`RSS after ${minute} min`, 'MB', resident)),
      figure('simulated days in this time', 'events', days),
    ];
  },
};
