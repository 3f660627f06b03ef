import type { Json, JsonObject } from '../../machines/ports/event-log.ts';
import type { TraceHeader } from '../kernel/index.ts';
import type { Scenario } from '../scenario/types.ts';
import type { WorldName } from '../world/run-summary.ts';

/** Kinds of runs that can be repeated; `replayers.ts` says how. */
export const SCENARIO_KIND = 'scenario';
export const FLEET_KIND = 'fleet';

/** Everything that decides a repeatable run: the header of its trace, and what a token carries. */
export interface Recipe extends TraceHeader {
  readonly kind: string;
}

/** What strikes in the middle of a run, after so many events; only what a file cannot say. */
export interface PlacedAct {
  readonly position: number;
  readonly act: 'restartProvider' | 'dropConnections';
}

export interface ScenarioRecording {
  readonly scenario: Scenario;
  /** The text of its file: what a replay reads, so that a trace is enough. */
  readonly text: string;
  readonly world: WorldName;
  readonly build: string;
  /** The folder from which paths in the file count; stored only where the file names folders. */
  readonly baseFolder: string;
  readonly acts?: readonly PlacedAct[];
}

/**
 * The header of a scenario's trace. Without machine paths unless a job backs up a real folder: the
 * same file gives the same header wherever it lies (I76).
 */
export function scenarioHeader(recording: ScenarioRecording): Recipe {
  const { scenario, text, world, build, baseFolder, acts = [] } = recording;
  const readsFolders = scenario.jobs.some(({ source }) => source.type === 'folder');
  const options: Record<string, Json> = { scenario: scenario.title, world, text };
  if (readsFolders) options.baseFolder = baseFolder;
  if (acts.length > 0) options.acts = acts.map(({ position, act }) => ({ position, act }));
  return { kind: SCENARIO_KIND, seed: String(scenario.seed), build, options };
}

/**
 * The header of a fleet's trace; `fleet` is the fleet as it ran, with every change made, `plant` the
 * bug that was planted in it.
 */
export function fleetHeader(recording: {
  readonly title: string;
  readonly fleet: JsonObject;
  readonly seed: number | string;
  readonly plant: string | null;
  readonly build: string;
}): Recipe {
  const { title, fleet, seed, plant, build } = recording;
  return {
    kind: FLEET_KIND,
    seed: String(seed),
    build,
    options: { scenario: title, fleet, plant },
  };
}
