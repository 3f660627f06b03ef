import { fileURLToPath } from 'node:url';
import { createRealClock } from '../../adapters/clock/index.ts';
import { createScenarioLab } from '../../sim/lab/scenario-lab.ts';
import { loadScenario, type Scenario } from '../../sim/scenario/index.ts';
import { createMemoryWorld } from '../../sim/world/memory-world.ts';
import { runScenario } from '../../sim/world/run-scenario.ts';
import type { World } from '../../sim/world/world.ts';
import { type Benchmark, type Figure, startStopwatch } from './measure.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function tourScenario(): Scenario {
  const result = loadScenario('examples/tour.yaml', ROOT);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.scenario;
}

interface TourTimes {
  readonly wallMs: number;
  readonly events: number;
  /** One a session, in their order. */
  readonly sessionMs: readonly number[];
}

/** From nothing to a world that is closed again. Throws when the tour is not as it should be. */
async function takeTour(scenario: Scenario, createWorld: () => Promise<World>): Promise<TourTimes> {
  const read = startStopwatch();
  const world = await createWorld();
  const sessionMs: number[] = [];
  let lastAt = read();
  try {
    const { ok, violations } = await runScenario(scenario, world, {
      onSession: () => {
        sessionMs.push(read() - lastAt);
        lastAt = read();
      },
    });
    if (!ok) throw new Error(`the tour broke a rule: ${JSON.stringify(violations)}`);
  } finally {
    await world.close();
  }
  return { wallMs: read(), events: world.log.events.length, sessionMs };
}

function figuresOf(world: string, all: readonly TourTimes[]): readonly Figure[] {
  return [
    { name: `${world}, whole tour`, unit: 'ms', samples: all.map(({ wallMs }) => wallMs) },
    { name: `${world}, a session`, unit: 'ms', samples: all.flatMap(({ sessionMs }) => sessionMs) },
    { name: `${world}, events logged`, unit: 'events', samples: all.map(({ events }) => events) },
  ];
}

/** The tour scenario in both worlds, wall time. */
export const tour: Benchmark = {
  name: 'tour',
  title: 'The tour scenario (examples/tour.yaml), wall time',
  notes: [
    'The same sessions in both; memory: virtual clock, one process; lab: sockets, processes, SDKs.',
    'The lab runs the tour once (--runs changes it); its sessions are the samples.',
  ],
  run: async ({ runs }) => {
    const scenario = tourScenario();
    const inMemory: TourTimes[] = [];
    for (let run = 0; run < (runs ?? 3); run += 1) {
      inMemory.push(await takeTour(scenario, () => createMemoryWorld({ scenario })));
    }
    const inLab: TourTimes[] = [];
    const realClock = createRealClock();
    for (let run = 0; run < (runs ?? 1); run += 1) {
      const createLab = () => createScenarioLab({ scenario, realNow: realClock.now() });
      inLab.push(await takeTour(scenario, createLab));
    }
    return [...figuresOf('memory', inMemory), ...figuresOf('lab', inLab)];
  },
};
