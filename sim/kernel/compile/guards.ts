import type { Given } from './given.ts';
import type { AnyEvent, AnyMachine, MachineFunction } from './machine-types.ts';
import { CompileRefusal } from './refusal.ts';

/** What a guard or an action is called with besides: a value, or a function that says it. */
export interface Parameters {
  readonly parameters: unknown;
  readonly parametersOf: ((given: unknown) => unknown) | null;
}

/** A guard with its implementation found; the machine's own function is called as it is. */
export interface CompiledGuard extends Parameters {
  /** As XState names it when a guard throws; `null` for an inline one. */
  readonly name: string | null;
  readonly call: MachineFunction;
}

/** Where something stands in a machine: for refusals. */
export interface Place {
  readonly machine: AnyMachine;
  /** The state's path, empty for the root. */
  readonly state: string;
}

export function refuse({ machine, state }: Place, feature: string): never {
  throw new CompileRefusal(machine.id, state, feature);
}

type Named = { readonly type: string; readonly params?: unknown };
type Combinator = MachineFunction & { readonly guards?: readonly unknown[] };

function isNamed(value: unknown): value is Named {
  return typeof value === 'object' && value !== null && 'type' in value;
}

export function parametersOf(reference: unknown): Parameters {
  const params = isNamed(reference) ? reference.params : undefined;
  return typeof params === 'function'
    ? { parameters: undefined, parametersOf: params as (given: unknown) => unknown }
    : { parameters: params, parametersOf: null };
}

export function nameOf(reference: unknown): string | null {
  if (typeof reference === 'string') return reference;
  return isNamed(reference) ? reference.type : null;
}

export function compileGuard(reference: unknown, place: Place): CompiledGuard {
  const name = nameOf(reference);
  const found =
    name === null
      ? reference
      : (place.machine.implementations.guards as Named & object)[name as never];
  if (typeof found !== 'function') {
    refuse(place, `the guard "${name ?? String(reference)}" is not implemented as a function`);
  }
  const call = found as Combinator;
  return { name, call: 'check' in call ? combined(call, place) : call, ...parametersOf(reference) };
}

/** `and`, `or` and `not` of XState; `stateIn` looks at what a table does not keep. */
function combined(combinator: Combinator, place: Place): MachineFunction {
  if (combinator.guards === undefined) refuse(place, `the guard "${combinator.name}" of XState`);
  const guards = combinator.guards.map((one) => compileGuard(one, place));
  const passes = (given: unknown) => (guard: CompiledGuard) => isPassed(guard, given as Given);
  switch (combinator.name) {
    case 'not':
      return (given) => !guards.some(passes(given));
    case 'and':
      return (given) => guards.every(passes(given));
    case 'or':
      return (given) => guards.some(passes(given));
    default:
      return refuse(place, `the guard "${combinator.name}" of XState`);
  }
}

export function isPassed(guard: CompiledGuard, given: Given): boolean {
  const parameters = guard.parametersOf === null ? guard.parameters : guard.parametersOf(given);
  return Boolean(guard.call(given, parameters));
}

/** As XState reports a guard that throws while a transition for an event is looked for. */
export function guardError(
  guard: CompiledGuard,
  event: AnyEvent,
  nodeId: string,
  error: unknown,
): Error {
  const name = guard.name === null ? '' : `'${guard.name}' `;
  const message = (error as { readonly message?: unknown } | null)?.message;
  return new Error(
    `Unable to evaluate guard ${name}in transition for event '${event.type}' in state node '${nodeId}':\n${message}`,
  );
}
