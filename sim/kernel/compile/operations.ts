import { nameOf, type Parameters, type Place, parametersOf, refuse } from './guards.ts';
import type { MachineFunction } from './machine-types.ts';

/** What a step does, one after the other. */
export type Operation =
  | (Parameters & { readonly kind: 'assign'; readonly call: MachineFunction })
  | (Parameters & {
      readonly kind: 'assignProperties';
      readonly keys: readonly string[];
      /** In the order of `keys`: values, or functions that say them. */
      readonly values: readonly unknown[];
    })
  | { readonly kind: 'emit'; readonly event: unknown }
  | (Parameters & { readonly kind: 'emitComputed'; readonly call: MachineFunction })
  | (Parameters & { readonly kind: 'enqueue'; readonly call: MachineFunction })
  | { readonly kind: 'raise'; readonly event: unknown }
  | (Parameters & { readonly kind: 'raiseComputed'; readonly call: MachineFunction })
  /** A function of the machine that is neither an assign nor a request. */
  | (Parameters & { readonly kind: 'call'; readonly call: MachineFunction })
  /** An inner state is done; outputs are values or functions. */
  | { readonly kind: 'raiseDone'; readonly type: string; readonly output: unknown }
  /** The machine is done; its output is asked with the event that says which state is. */
  | {
      readonly kind: 'finish';
      readonly type: string;
      readonly output: unknown;
      readonly machineOutput: unknown;
    };

/** A built-in action of XState is a function that carries its type and what it was made of. */
interface BuiltIn {
  readonly type: string;
  readonly assignment?: unknown;
  readonly collect?: MachineFunction;
  readonly event?: unknown;
  readonly delay?: unknown;
}

const NO_PARAMETERS: Parameters = { parameters: undefined, parametersOf: null };

export function assignOperation(assignment: unknown, given = NO_PARAMETERS): Operation {
  if (typeof assignment === 'function') {
    return { kind: 'assign', call: assignment as MachineFunction, ...given };
  }
  const properties = Object.entries(assignment as object);
  const keys = properties.map(([key]) => key);
  return { kind: 'assignProperties', keys, values: properties.map(([, value]) => value), ...given };
}

export function emitOperation(event: unknown, given = NO_PARAMETERS): Operation {
  return typeof event === 'function'
    ? { kind: 'emitComputed', call: event as MachineFunction, ...given }
    : { kind: 'emit', event };
}

export function raiseOperation(
  event: unknown,
  delay: unknown,
  place: Place,
  given = NO_PARAMETERS,
): Operation {
  if (delay !== undefined) refuse(place, 'a raise with a delay (a deadline in context can be)');
  if (typeof event === 'string') refuse(place, `raise("${event}"): only event objects are raised`);
  return typeof event === 'function'
    ? { kind: 'raiseComputed', call: event as MachineFunction, ...given }
    : { kind: 'raise', event };
}

/** What is enqueued by a callback assigns by a function in any case. */
export function asFunction(operation: Operation): Operation {
  if (operation.kind !== 'assignProperties') return operation;
  const { keys, values, parameters, parametersOf } = operation;
  const call: MachineFunction = (given, chosen) =>
    Object.fromEntries(
      keys.map((key, at) => {
        const value = values[at];
        return [key, typeof value === 'function' ? value(given, chosen) : value];
      }),
    );
  return { kind: 'assign', call, parameters, parametersOf };
}

export function doneType(nodeId: string): string {
  return `xstate.done.state.${nodeId}`;
}

export function compileAction(reference: unknown, place: Place): Operation {
  const name = nameOf(reference);
  const { actions } = place.machine.implementations;
  const found = typeof reference === 'function' ? reference : actions[name ?? ''];
  if (typeof found !== 'function') {
    return refuse(place, `the action "${name ?? String(reference)}" is not implemented`);
  }
  const given = parametersOf(reference);
  if (!('resolve' in found)) return { kind: 'call', call: found as MachineFunction, ...given };
  return compileBuiltIn(found as unknown as BuiltIn, given, place);
}

function compileBuiltIn(action: BuiltIn, given: Parameters, place: Place): Operation {
  switch (action.type) {
    case 'xstate.assign':
      return assignOperation(action.assignment, given);
    case 'xstate.emit':
      return emitOperation(action.event, given);
    case 'xstate.raise':
      return raiseOperation(action.event, action.delay, place, given);
    case 'xstate.enqueueActions':
      return { kind: 'enqueue', call: action.collect as MachineFunction, ...given };
    default:
      return refuse(place, `the action ${action.type.replace('xstate.', '')} of XState`);
  }
}
