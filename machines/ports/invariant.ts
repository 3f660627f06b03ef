/** `live.fresh`, or `moving`: where a machine is, as one word. */
export function statePath(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) throw new Error('not a state value');
  return Object.entries(value)
    .map(([name, inner]) => (inner === undefined ? name : `${name}.${statePath(inner)}`))
    .join('+');
}

/** What always holds of a machine, seen from its state and its context alone. */
export interface Invariant<Context> {
  /** The rule or invariant that it stands for, e.g. `C13`. */
  readonly id: string;
  readonly sentence: string;
  /** `state` as `statePath` writes it. */
  readonly holds: (state: string, context: Context) => boolean;
}

/** The invariants that do not hold; empty when all is well. */
export function brokenInvariants<Context>(
  invariants: readonly Invariant<Context>[],
  state: string,
  context: Context,
): readonly string[] {
  return invariants
    .filter((one) => !one.holds(state, context))
    .map((one) => `${one.id}: ${one.sentence} (in ${state})`);
}

/** Architecture, decision 1: a deadline is a whole instant, or nothing. `NaN` is neither. */
export function areDeadlinesWhole(deadlines: Readonly<Record<string, number | null>>): boolean {
  return Object.values(deadlines).every((dueAt) => dueAt === null || Number.isSafeInteger(dueAt));
}

/** Exactly the named deadlines are set, no other: no alarm is left behind. */
export function hasOnlyDeadlines(
  deadlines: Readonly<Record<string, number | null>>,
  names: readonly string[],
): boolean {
  return Object.entries(deadlines).every(([name, dueAt]) => dueAt === null || names.includes(name));
}
