import type { Json, LogEvent } from '../../machines/ports/event-log.ts';
import { formatProblem, parseScenario, type Scenario } from '../scenario/index.ts';
import { createMemoryWorld, type MemoryWorld } from '../world/memory-world.ts';
import { runScenario } from '../world/run-scenario.ts';
import type { PlacedAct, Recipe } from './recipe.ts';
import type { Replayer } from './replayers.ts';
import { TraceProblem } from './trace-problem.ts';

/** Acts as they stand in a header; whatever else stands there is refused. */
const ACTS: readonly PlacedAct['act'][] = ['restartProvider', 'dropConnections'];

/** Runs the scenario of a trace again, in memory on the virtual clock. */
export const replayScenario: Replayer = async (recipe, see, signal) => {
  const scenario = scenarioOf(recipe);
  const acts = [...actsOf(recipe.options.acts)];
  let eventCount = 0;
  let world: MemoryWorld | null = null;
  const strike = (event: LogEvent): void => {
    see(event);
    eventCount += 1;
    while (acts[0] !== undefined && acts[0].position <= eventCount) {
      const { act } = acts.shift() as PlacedAct;
      // Not in the middle of the writer's own work: as soon as that has come to rest.
      queueMicrotask(() => void perform(world, act));
    }
  };
  const opened = await createMemoryWorld({ scenario, sinks: [strike] });
  world = opened;
  const cancel = (): void => opened.cancelAll();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await runScenario(scenario, opened, { signal });
  } finally {
    signal.removeEventListener('abort', cancel);
    await opened.close();
  }
};

async function perform(world: MemoryWorld | null, act: PlacedAct['act']): Promise<void> {
  if (act === 'dropConnections') world?.dropConnections();
  else await world?.restartProvider();
}

/** The scenario that a recipe holds, checked like a file. */
export function scenarioOf({ options, seed }: Recipe): Scenario {
  const { text, baseFolder } = options;
  if (typeof text !== 'string') throw new TraceProblem('The trace holds no scenario.');
  const result = parseScenario(text, {
    file: 'the scenario of the trace',
    baseFolder: typeof baseFolder === 'string' ? baseFolder : '/',
    // Whether a folder is there, the job will tell: here only the text is checked.
    isFolder: () => true,
  });
  if (result.ok) return { ...result.scenario, seed: seedOf(result.scenario, seed) };
  const lines = result.problems.flatMap(formatProblem);
  throw new TraceProblem(
    ['The scenario of the trace is not one of this build.', ...lines].join('\n'),
  );
}

/** The header's seed is a text; where the file says the same as a number, the number is meant. */
function seedOf(scenario: Scenario, seed: string): Scenario['seed'] {
  return String(scenario.seed) === seed ? scenario.seed : seed;
}

/** In the order of their places. */
function actsOf(acts: Json | undefined): readonly PlacedAct[] {
  if (acts === undefined) return [];
  const list: readonly Json[] = Array.isArray(acts) ? acts : [acts];
  const placed = list.map((one): PlacedAct => {
    const { position, act } = (one ?? {}) as { readonly position?: Json; readonly act?: Json };
    const known = ACTS.find((name) => name === act);
    if (known === undefined || !Number.isSafeInteger(position)) {
      throw new TraceProblem(
        `The trace orders what this build does not know: ${JSON.stringify(one)}.`,
      );
    }
    return { position: position as number, act: known };
  });
  return placed.sort((left, right) => left.position - right.position);
}
