import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { TraceHeader } from '../kernel/index.ts';
import { FLEET_KIND, type Recipe, SCENARIO_KIND } from './recipe.ts';
import { TraceProblem } from './trace-problem.ts';

/** What a run itself has to say at its end; the log tells the rest. */
export interface RunVerdict {
  readonly violations: readonly {
    readonly invariant: string;
    readonly session: string | null;
    readonly text: string;
  }[];
}

/**
 * Runs it again: `see` gets every event, in order. Ends soon once the signal is aborted; what comes
 * after that is of no interest. Throws a TraceProblem where the options make no run.
 */
export type Replayer = (
  recipe: Recipe,
  see: (event: LogEvent) => void,
  signal: AbortSignal,
) => Promise<RunVerdict>;

/**
 * How each kind of run is repeated; loaded when asked for. A new kind of run needs a name in
 * `recipe.ts`, a header with that `kind` whose `options` decide the run, and a row here.
 */
const REPLAYERS: Readonly<Record<string, () => Promise<Replayer>>> = {
  [SCENARIO_KIND]: async () => (await import('./scenario-replayer.ts')).replayScenario,
  [FLEET_KIND]: async () => (await import('./fleet-replayer.ts')).replayFleet,
};

/** The header as a recipe; throws where this run cannot be repeated, and says why. */
export function recipeOf(header: TraceHeader): Recipe {
  const { kind, options } = header;
  if (kind === undefined) {
    throw new TraceProblem(
      'This trace says what happened, not how to run it again: it was recorded in the lab or by ' +
        'an older build. "fortnight run FILE --world memory --trace TRACE" records one that can ' +
        'be replayed.',
    );
  }
  if (options.world === 'lab') {
    throw new TraceProblem(
      'A run in the lab has real sockets and processes: it is never the same twice. Run its ' +
        'scenario with --world memory --trace, and compare the two with "fortnight trace diff".',
    );
  }
  return { ...header, kind };
}

export async function replayerFor({ kind }: Recipe): Promise<Replayer> {
  const load = Object.hasOwn(REPLAYERS, kind) ? REPLAYERS[kind] : undefined;
  if (load !== undefined) return load();
  const known = Object.keys(REPLAYERS).join(', ');
  throw new TraceProblem(
    `Runs of the kind "${kind}" are unknown here; this build knows: ${known}.`,
  );
}
