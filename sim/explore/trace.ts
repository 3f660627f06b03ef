import type { Broken } from './cell.ts';
import type { SearchResult } from './search.ts';
import type { StateStore } from './state-store.ts';
import type { EdgeOrigin, System } from './system.ts';
import { emptyState, type SystemState } from './system-state.ts';

/** One step on the way to a state. */
export interface TraceStep {
  readonly before: SystemState;
  readonly after: SystemState;
  readonly origin: EdgeOrigin;
  readonly kind: number;
  readonly broken: readonly Broken[];
}

/** The numbers of the states on the shortest way to a state, the first one included. */
function wayTo(store: StateStore, number: number): readonly number[] {
  const way = [number];
  for (let at = number; at !== 0; at = way[0] as number) way.unshift(store.parentOf(at));
  return way;
}

/** The step from one state to another; with `isBreaking` one that breaks a rule is preferred. */
export function stepBetween(
  system: System,
  before: SystemState,
  after: SystemState,
  isBreaking: boolean,
): TraceStep {
  let found: TraceStep | null = null;
  system.expand(before, {
    edge(next, kind) {
      if (!isSame(next, after) || (found !== null && (!isBreaking || found.broken.length > 0))) {
        return;
      }
      const { origin, broken } = system;
      found = { before, after: next.slice(), origin, kind, broken: broken ?? [] };
    },
  });
  if (found === null) throw new Error('a state that its parent does not lead to');
  return found;
}

/** How a search came to the violation, or to the dead end, that it ended with. */
export function traceOf(
  system: System,
  store: StateStore,
  { violation, deadlock }: Pick<SearchResult, 'violation' | 'deadlock'>,
): readonly TraceStep[] {
  const end = violation?.from ?? deadlock;
  if (end === null || end === undefined) return [];
  const steps = traceTo(system, store, end);
  if (violation === null) return steps;
  const before = stateAt(system, store, violation.from);
  return [...steps, stepBetween(system, before, violation.to, true)];
}

export function traceTo(system: System, store: StateStore, number: number): readonly TraceStep[] {
  const states = wayTo(store, number).map((at) => stateAt(system, store, at));
  return states.slice(1).map((after, at) => {
    return stepBetween(system, states[at] as SystemState, after, false);
  });
}

export function stateAt(system: System, store: StateStore, number: number): SystemState {
  const state = emptyState(system.width);
  store.read(number, state);
  return state;
}

function isSame(one: SystemState, other: SystemState): boolean {
  return one.every((number, at) => number === other[at]);
}
