import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { backupSessionMachine } from '../../../machines/backup-session/index.ts';
import { controlConnectionMachine } from '../../../machines/control-connection/index.ts';
import { credentialLifecycleMachine } from '../../../machines/credential-lifecycle/index.ts';
import { HOUR_MS, MINUTE_MS } from '../../../machines/rules/time.ts';
import { compileMachine, Requests, Timeline } from '../../../sim/kernel/compile/index.ts';
import { createPrng, createVirtualClock } from '../../../sim/kernel/index.ts';
import { createConnection } from '../machines/connection.ts';
import { createLifecycle } from '../machines/lifecycle.ts';
import type { MachineBench } from '../machines/machines.ts';
import { Recorder, type StampedEvent } from '../machines/recorder.ts';
import { createSession } from '../machines/session.ts';
import { type Benchmark, type Figure, ratioOf, sampleAll } from '../measure.ts';
import {
  CONNECTION_INPUT,
  createActors,
  createTables,
  SCOPE_INPUT,
  TenantWorld,
} from './tenant-world.ts';

const START_AT = Date.UTC(2026, 10, 22);
const XSTATE_EVENTS_A_RUN = 8_000;
const TABLE_EVENTS_A_RUN = 400_000;

/** As `createSession` of the machines benchmark starts it. */
const SESSION_INPUT = {
  sessionId: 's1',
  startedAt: START_AT,
  operation: 'backup',
  inSession: 'reconnect',
  marginMs: 5 * MINUTE_MS,
  reconnectBudgetMs: 10 * MINUTE_MS,
  answerTimeoutMs: MINUTE_MS,
  restartsMax: 3,
  heartbeatMs: HOUR_MS,
  quotaWaitMs: 0,
} as const;

function recordedEvents(bench: MachineBench): readonly StampedEvent[] {
  const clock = createVirtualClock(START_AT);
  const recorder = new Recorder(true);
  const hosted = bench.host(clock, recorder);
  while (clock.fireNext());
  hosted.assertEnded();
  hosted.stop();
  return recorder.events;
}

interface Pair {
  readonly bench: MachineBench;
  readonly machine: Parameters<typeof compileMachine>[0];
  readonly input: unknown;
  /** Where the script ends. */
  readonly end: string;
}

const PAIRS: readonly Pair[] = [
  { bench: createSession(), machine: backupSessionMachine, input: SESSION_INPUT, end: 'done' },
  {
    bench: createLifecycle(),
    machine: credentialLifecycleMachine,
    input: SCOPE_INPUT,
    end: 'live.expired',
  },
  {
    bench: createConnection(),
    machine: controlConnectionMachine,
    input: CONNECTION_INPUT,
    end: 'idle',
  },
];

/** The same events for an XState actor and for an instance on tables, its start included. */
function measurePair({ bench, machine, input, end }: Pair, runs: number): readonly Figure[] {
  const events = recordedEvents(bench);
  const program = compileMachine(machine);
  const requests = new Requests<unknown>();
  const replay = (): void => {
    const instance = program.startWith(input as never, requests as never);
    for (const event of events) {
      requests.clear();
      program.step(instance, event as never, requests as never);
    }
    if (program.states[instance.state] !== end) throw new Error('the script has not ended');
  };
  const repeated = (eventCount: number, act: () => void) => (): number => {
    const repeats = Math.ceil(eventCount / events.length);
    for (let index = 0; index < repeats; index += 1) act();
    return repeats * events.length;
  };
  const [xstate = [], tables = []] = sampleAll(runs, [
    repeated(XSTATE_EVENTS_A_RUN, () => bench.replay(START_AT, events)),
    repeated(TABLE_EVENTS_A_RUN, replay),
  ]);
  return pairOf(`${bench.name}, ${events.length} events a life`, xstate, tables);
}

function pairOf(name: string, xstate: readonly number[], tables: readonly number[]): Figure[] {
  const ratios = [{ to: 'XState', ratio: ratioOf(tables, xstate) }];
  return [
    { name: `${name}: XState`, unit: 'events/s', samples: xstate },
    { name: `${name}: tables`, unit: 'events/s', samples: tables, ratios },
  ];
}

/** Wake-ups of a running world; each is one event of a machine, or a request to one. */
function worldJob(create: typeof createTables, tenants: number, wakeUps: number): () => number {
  const timeline = new Timeline(START_AT);
  new TenantWorld(timeline, create).addTenants(tenants);
  return () => {
    for (let fired = 0; fired < wakeUps; fired += 1) timeline.fireNext();
    return wakeUps;
  };
}

function measureWorlds(runs: number): readonly Figure[] {
  const [xstate = [], tables = [], many = []] = sampleAll(runs, [
    worldJob(createActors, 200, XSTATE_EVENTS_A_RUN),
    worldJob(createTables, 200, TABLE_EVENTS_A_RUN),
    worldJob(createTables, 10_000, TABLE_EVENTS_A_RUN),
  ]);
  return [
    ...pairOf('200 tenants, a connection and a scope each', xstate, tables),
    { name: '10,000 tenants: tables', unit: 'events/s', samples: many },
  ];
}

/** The limit: timers that do nothing but set themselves again. */
function timerJob(pending: number): () => number {
  const timeline = new Timeline(START_AT);
  const prng = createPrng(14);
  const delaysMs = Array.from({ length: 65_536 }, () => 1 + prng.integer(0, 24 * HOUR_MS));
  let drawn = 0;
  const arm = (place: number): void => {
    drawn = (drawn + 1) & 0xffff;
    bank.set(place, timeline.now() + (delaysMs[drawn] as number));
  };
  const bank = timeline.createBank(arm);
  for (let place = 0; place < pending; place += 1) arm(place);
  return () => {
    for (let fired = 0; fired < TABLE_EVENTS_A_RUN; fired += 1) timeline.fireNext();
    return TABLE_EVENTS_A_RUN;
  };
}

function measureTimers(runs: number): readonly Figure[] {
  const counts = [100, 10_000];
  const all = sampleAll(runs, counts.map(timerJob));
  return counts.map((count, at) => ({
    name: `bare timers, ${count.toLocaleString('en-US')} pending`,
    unit: 'wake-ups/s',
    samples: all[at] ?? [],
  }));
}

const IDLE_TENANTS = 100_000;

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** With everything that belongs to a tenant: contexts, timers, and what waits in the heap. */
function measureMemory(): readonly Figure[] {
  if (process.versions.bun !== undefined) return [];
  const timeline = new Timeline(START_AT);
  const world = new TenantWorld(timeline, createTables);
  const before = heapBytes();
  world.addTenants(IDLE_TENANTS);
  timeline.advanceTo(START_AT + MINUTE_MS);
  const megabytes = (heapBytes() - before) / 1_000_000;
  timeline.fireNext();
  return [{ name: '100,000 idle tenants: tables', unit: 'MB', samples: [megabytes] }];
}

/** The machines' own functions on tables, against XState's interpreter in the same run. */
export const compile: Benchmark = {
  name: 'compile',
  title: 'Machines compiled to tables',
  notes: [
    'The same machines, events and functions; a life begins with the start of the machine.',
    'Tenants: hosts of either kind on one timeline, with somebody who answers.',
    '100,000 tenants: 100 MB are 1 kB a tenant (connection, scope, all their timers).',
  ],
  run: async ({ runs }) => [
    ...PAIRS.flatMap((pair) => measurePair(pair, runs ?? 5)),
    ...measureWorlds(runs ?? 5),
    ...measureTimers(runs ?? 5),
    ...measureMemory(),
  ],
};
