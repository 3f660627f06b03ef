import type { EpochMs } from '../../../machines/rules/time.ts';
import { createVirtualClock, type VirtualClock } from '../../../sim/kernel/index.ts';
import { type Benchmark, type Figure, ratioOf, sample } from '../measure.ts';
import { createConnection } from './connection.ts';
import { createLifecycle } from './lifecycle.ts';
import { createSession } from './session.ts';

/** One event as a machine got it, with its instant. */
export type StampedEvent = { readonly type: string; readonly at: EpochMs };

/** A machine on the clock, with a world around it that answers its requests. */
export interface Hosted {
  /** Every event that the machine has taken so far. */
  events(): readonly StampedEvent[];
  stop(): void;
}

/** One of the real machines: hosted with a world, or bare with the events of a hosted run. */
export interface MachineBench {
  readonly name: string;
  host(clock: VirtualClock): Hosted;
  /** `createActor(...).start()`, then `send` for each event; nothing listens, no clock runs. */
  replay(startAt: EpochMs, events: readonly StampedEvent[]): void;
}

const START_AT = Date.UTC(2026, 10, 22);
const FLEET_SIZES = [1, 1_000] as const;
const EVENTS_A_RUN = 8_000;

/** Runs a fleet of one machine until nothing is pending; returns how many events it took. */
function runFleet(bench: MachineBench, size: number): number {
  const clock = createVirtualClock(START_AT);
  const fleet = Array.from({ length: size }, () => bench.host(clock));
  while (clock.fireNext());
  let count = 0;
  for (const one of fleet) {
    count += one.events().length;
    one.stop();
  }
  return count;
}

function recordedEvents(bench: MachineBench): readonly StampedEvent[] {
  const clock = createVirtualClock(START_AT);
  const one = bench.host(clock);
  while (clock.fireNext());
  return one.events();
}

function measure(bench: MachineBench, runs: number): readonly Figure[] {
  const events = recordedEvents(bench);
  const repeats = Math.ceil(EVENTS_A_RUN / events.length);
  const bare = sample(runs, () => {
    for (let index = 0; index < repeats; index += 1) bench.replay(START_AT, events);
    return repeats * events.length;
  });
  const hosted = FLEET_SIZES.map((size): Figure => {
    const rounds = Math.max(1, Math.round(repeats / size));
    const samples = sample(runs, () => {
      let count = 0;
      for (let round = 0; round < rounds; round += 1) count += runFleet(bench, size);
      return count;
    });
    const ratio = ratioOf(samples, bare);
    const name = `${bench.name}, ${size === 1 ? 'one' : size.toLocaleString('en-US')} at a time`;
    return { name, unit: 'events/s', samples, ratios: [{ to: 'bare', ratio }] };
  });
  return [{ name: `${bench.name}, bare actor.send`, unit: 'events/s', samples: bare }, ...hosted];
}

/** The real machines on the virtual clock, and the same events sent to bare XState actors. */
export const machines: Benchmark = {
  name: 'machines',
  title: 'XState events on the virtual clock',
  notes: [
    'Hosted: machine-host, wake-ups, the answers of a small world; starting each machine included.',
    'Bare: the same machine and events, createActor and send alone.',
  ],
  run: async ({ runs }) =>
    [createSession(), createLifecycle(), createConnection()].flatMap((bench) =>
      measure(bench, runs ?? 3),
    ),
};
