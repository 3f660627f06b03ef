import type { LogEvent } from '../../machines/ports/event-log.ts';
import { DAY_MS, HOUR_MS } from '../../machines/rules/time.ts';
import { formatTrace } from '../../sim/kernel/index.ts';
import { LiveStore } from '../../sim/tui/live-store.ts';
import { openTrace } from '../../sim/tui/runs/trace-run.ts';
import { renderScreen } from '../../sim/tui/screen/screen.ts';
import { UNICODE_SIGNS } from '../../sim/tui/theme.ts';
import { type Benchmark, type Figure, startStopwatch } from './measure.ts';
import { tuiLive } from './tui-live.ts';

const TENANTS = 5_000;
const SESSIONS_EACH = 4;
const START_AT = Date.UTC(2026, 0, 5, 8);
const LIFETIME_MS = 14 * DAY_MS;
const SIZE = { columns: 120, rows: 40 };

/** What a session of a fleet leaves in the log: each tenant's own hour, a renewal in the third week. */
function* sessionOf(tenant: number, day: number): Generator<Omit<LogEvent, 'seq'>> {
  const name = `tenant-${tenant}`;
  const session = `${name}-${day}`;
  const who = { tenant: name, subtenant: null, repository: 'vault' };
  const scope = `${name}/vault`;
  const at = START_AT + day * 7 * DAY_MS + (tenant % 24) * HOUR_MS + tenant;
  const generation = day < 2 ? 1 : 2;
  const issuedAt = START_AT + (day < 2 ? 0 : 14 * DAY_MS) + (tenant % 24) * HOUR_MS;
  const expiresAt = issuedAt + LIFETIME_MS;
  const fact = (type: string, afterMs: number, data: LogEvent['data']): Omit<LogEvent, 'seq'> => ({
    at: at + afterMs,
    node: `tenant:${name}`,
    type,
    session,
    data,
  });
  const job = { operation: 'backup', jobKind: 'server', backup: 'files' };
  yield fact('session.started', 0, { ...who, ...job });
  yield fact('session.state', 1, { state: 'active.opening' });
  yield fact('route.selected', 2, {
    storage: 's3-compatible',
    mode: 'direct',
    access: 'iam-sts',
    dataPath: 'direct',
    sourceHost: 'sourceProxy',
    targetHost: 'sourceProxy',
    credential: 'limited',
    assumed: false,
    rules: ['M3'],
  });
  yield fact('mover.started', 3, { role: 'source', host: 'sourceProxy' });
  yield fact('mover.started', 4, { role: 'target', host: 'sourceProxy' });
  if (day % 2 === 0) {
    yield fact('credential.issued', 5, { scope, generation, issuedAt, expiresAt, issuer: 'sts' });
    yield fact('credential.saved', 6, { scope, generation });
  }
  yield fact('credential.delivered', 7, { scope, generation, expiresAt });
  yield fact('session.state', 8, { state: 'active.running' });
  for (let put = 0; put < 8; put += 1) {
    yield fact('storage.use', 10 + put * 5, { operation: 'put', scope, generation });
  }
  yield fact('session.ended', 60, { state: 'done', code: null, verified: null });
}

function fleetEvents(): readonly LogEvent[] {
  const events: Omit<LogEvent, 'seq'>[] = [];
  for (let day = 0; day < SESSIONS_EACH; day += 1) {
    for (let tenant = 0; tenant < TENANTS; tenant += 1) events.push(...sessionOf(tenant, day));
  }
  return events
    .sort((left, right) => left.at - right.at)
    .map((event, seq): LogEvent => ({ ...event, seq }));
}

const KEYS: readonly (readonly [string, (store: LiveStore) => void])[] = [
  ['down', (store) => store.press('j')],
  ['to the first row', (store) => store.press('g')],
  ['to the last row', (store) => store.press('G')],
  ['one event back', (store) => store.press('p')],
  ['one event on', (store) => store.press('n')],
  ['one event of the session back', (store) => store.press('P')],
  ['to the middle of the log', (store) => store.command('goto 150000')],
  ['to the newest', (store) => store.press('F')],
  ['why', (store) => store.press('y')],
  ['back', (store) => store.press('escape')],
  ['filter the sessions', (store) => store.command('filter tenant-4999 state:done')],
  ['show all sessions again', (store) => store.press('escape')],
  ['credentials', (store) => store.press('2')],
  ['filter the credentials', (store) => store.command('filter left<24h')],
  ['timeline', (store) => store.press('3')],
  ['log', (store) => store.press('7')],
  ['filter the log', (store) => store.command('filter tenant-77-2')],
  ['menu of stops', (store) => store.press('w')],
  ['sessions', (store) => store.press('1')],
];

/** From a key to the lines of the screen; what the terminal needs to draw them is not in it. */
function answer(store: LiveStore, press: (store: LiveStore) => void): number {
  const read = startStopwatch();
  press(store);
  renderScreen(store.frame(), SIZE, UNICODE_SIGNS);
  return read();
}

function memoryMb(): number {
  return process.memoryUsage().heapUsed / 1_000_000;
}

/** The terminal UI with a trace of a fleet: what a person waits for at each key. */
export const tui: Benchmark = {
  name: 'tui',
  title: `Terminal UI, a trace and a live fleet of ${TENANTS} tenants`,
  notes: [
    `${TENANTS * SESSIONS_EACH} sessions; screen of ${SIZE.columns}x${SIZE.rows}.`,
    'Goal for a key: under 100 ms. Each figure is one key, from pressing it to the lines.',
    ...tuiLive.notes,
  ],
  run: async ({ runs }) => {
    const events = fleetEvents();
    const text = formatTrace({ header: { seed: '1', build: 'bench', options: {} }, events });
    const samples = new Map<string, number[]>();
    const note = (name: string, value: number): void => {
      samples.set(name, [...(samples.get(name) ?? []), value]);
    };
    for (let run = 0; run < (runs ?? 3); run += 1) {
      const before = memoryMb();
      const read = startStopwatch();
      const store = new LiveStore(openTrace(text, 'fleet.ndjson'));
      store.tick(0);
      renderScreen(store.frame(), SIZE, UNICODE_SIGNS);
      note(`open ${events.length} events, first screen`, read());
      for (const [name, press] of KEYS) note(`key: ${name}`, answer(store, press));
      note(
        'tick without news',
        answer(store, (shown) => shown.tick(66)),
      );
      note('memory of the store', memoryMb() - before);
      store.close();
    }
    const ofTrace = [...samples].map(([name, all]): Figure => {
      return { name, unit: name.startsWith('memory') ? 'MB' : 'ms', samples: all };
    });
    return [...ofTrace, ...(await tuiLive.run({ runs }))];
  },
};
