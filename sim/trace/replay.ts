import type { LogEvent } from '../../machines/ports/event-log.ts';
import { createTraceHasher } from '../kernel/index.ts';
import type { Recipe } from './recipe.ts';
import { type Replayer, type RunVerdict, replayerFor } from './replayers.ts';
import { comparable, IGNORE_NOTHING } from './same-event.ts';

/** Where a replay first differs; one side is null where that log is over. */
export interface ReplayDifference {
  readonly recorded: LogEvent | null;
  readonly replayed: LogEvent | null;
  /** The events before it, which were the same. */
  readonly context: readonly LogEvent[];
}

export interface ReplayResult {
  /** Events that were the same. */
  readonly sameCount: number;
  readonly difference: ReplayDifference | null;
  /** The last event that was the same. */
  readonly last: LogEvent | null;
  /** Null where the replay was stopped before its end. */
  readonly verdict: RunVerdict | null;
}

export interface ReplayOptions {
  readonly recipe: Recipe;
  /** What was recorded, in order. */
  readonly recorded: Iterable<LogEvent>;
  /** Stops after the event with this `seq`. */
  readonly to?: number;
  readonly signal?: AbortSignal;
  /** Another than the one of the recipe's kind: for tests. */
  readonly replayer?: Replayer;
}

const CONTEXT = 3;

/** Runs a recorded run again and compares event by event; stops at the first difference. */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { recipe, to = Number.POSITIVE_INFINITY } = options;
  const recorded = options.recorded[Symbol.iterator]();
  const stop = stopWith(options.signal);
  const context: LogEvent[] = [];
  let sameCount = 0;
  let difference: ReplayDifference | null = null;
  let failure: unknown = null;
  let isStopped = false;

  const end = (): void => {
    isStopped = true;
    stop.abort();
  };
  const compare = (replayed: LogEvent): void => {
    const next = recorded.next();
    const expected = next.done === true ? null : next.value;
    if (expected === null || !isSame(expected, replayed)) {
      difference = { recorded: expected, replayed, context: [...context] };
      end();
      return;
    }
    sameCount += 1;
    context.push(expected);
    if (context.length > CONTEXT) context.shift();
    if (expected.seq >= to) end();
  };
  const see = (replayed: LogEvent): void => {
    if (isStopped) return;
    try {
      compare(replayed);
    } catch (error) {
      // A line of the recording that cannot be read must not look like a fault of the world.
      failure = error;
      end();
    }
  };
  try {
    const replayer = options.replayer ?? (await replayerFor(recipe));
    const verdict = await replayer(recipe, see, stop.signal);
    if (failure !== null) throw failure;
    const isWhole = !isStopped && !stop.signal.aborted;
    if (isWhole) {
      const next = recorded.next();
      if (next.done !== true) {
        difference = { recorded: next.value, replayed: null, context: [...context] };
      }
    }
    return {
      sameCount,
      difference,
      last: context.at(-1) ?? null,
      verdict: isWhole ? verdict : null,
    };
  } finally {
    // Closes the file.
    recorded.return?.();
    stop.release();
  }
}

function isSame(left: LogEvent, right: LogEvent): boolean {
  return comparable(left, IGNORE_NOTHING) === comparable(right, IGNORE_NOTHING);
}

function stopWith(outer: AbortSignal | undefined) {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  outer?.addEventListener('abort', abort, { once: true });
  if (outer?.aborted === true) abort();
  return {
    signal: controller.signal,
    abort,
    release: () => outer?.removeEventListener('abort', abort),
  };
}

export interface Rerun {
  readonly events: number;
  /** As `traceHash` of the kernel counts it, with this recipe as the header. */
  readonly hash: string;
  readonly verdict: RunVerdict;
}

/** Runs a recipe with nothing to compare with but the hash that its token may carry. */
export async function rerun(
  recipe: Recipe,
  onEvent: (event: LogEvent) => void,
  signal: AbortSignal,
): Promise<Rerun> {
  const hasher = createTraceHasher(recipe);
  let events = 0;
  const replayer = await replayerFor(recipe);
  const verdict = await replayer(
    recipe,
    (event) => {
      events += 1;
      hasher.add(event);
      onEvent(event);
    },
    signal,
  );
  return { events, hash: hasher.digest(), verdict };
}
