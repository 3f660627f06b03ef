import type { EpochMs } from '../../../machines/rules/time.ts';
import { createVirtualClock, type VirtualClock } from '../../../sim/kernel/index.ts';
import { type Benchmark, type Figure, ratioOf, sampleAll } from '../measure.ts';
import { createConnection } from './connection.ts';
import { createLifecycle } from './lifecycle.ts';
import { Recorder, type StampedEvent } from './recorder.ts';
import { createSession } from './session.ts';

/** A machine on the clock, with a world around it that answers its requests. */
export interface Hosted {
  /** Throws when the script did not come to its end: the figure would mean nothing. */
  assertEnded(): void;
  stop(): void;
}

/** One of the real machines: hosted with a world, or bare with the events of a hosted run. */
export interface MachineBench {
  readonly name: string;
  host(clock: VirtualClock, recorder: Recorder): Hosted;
  /** `createActor(...).start()`, then `send` for each event; nothing listens, no clock runs. */
  replay(startAt: EpochMs, events: readonly StampedEvent[]): void;
}

const START_AT = Date.UTC(2026, 10, 22);
const FLEET_SIZES = [1, 200] as const;
const EVENTS_A_RUN = 8_000;

/** Runs a fleet of one machine until nothing is pending; returns how many events it took. */
function runFleet(bench: MachineBench, size: number, recorder = new Recorder(false)): number {
  const clock = createVirtualClock(START_AT);
  const fleet = Array.from({ length: size }, () => bench.host(clock, recorder));
  while (clock.fireNext());
  for (const one of fleet) {
    one.assertEnded();
    one.stop();
  }
  return recorder.count;
}

function recordedEvents(bench: MachineBench): readonly StampedEvent[] {
  const recorder = new Recorder(true);
  runFleet(bench, 1, recorder);
  return recorder.events;
}

function measure(bench: MachineBench, runs: number): readonly Figure[] {
  const events = recordedEvents(bench);
  const repeats = Math.ceil(EVENTS_A_RUN / events.length);
  const replayAll = (): number => {
    for (let index = 0; index < repeats; index += 1) bench.replay(START_AT, events);
    return repeats * events.length;
  };
  const runFleets = (size: number) => (): number => {
    let count = 0;
    for (let started = 0; started < repeats; started += size) count += runFleet(bench, size);
    return count;
  };
  const jobs = [replayAll, ...FLEET_SIZES.map(runFleets)];
  const [bare = [], ...hosted] = sampleAll(runs, jobs);
  return [
    { name: `${bench.name}, bare actor.send`, unit: 'events/s', samples: bare },
    ...hosted.map((samples, index): Figure => {
      const name = `${bench.name}, ${FLEET_SIZES[index]} at a time`;
      const ratios = [{ to: 'bare', ratio: ratioOf(samples, bare) }];
      return { name, unit: 'events/s', samples, ratios };
    }),
  ];
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
      measure(bench, runs ?? 5),
    ),
};
