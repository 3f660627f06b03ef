import type { Principal } from '../access/principal.ts';
import type { StorageWorld } from '../wire/world.ts';
import type { Xml } from '../wire/xml.ts';
import { QueryError } from './errors.ts';

/** One request of the query protocol whose sender is known; `parameters` without Action, Version. */
export interface QueryCall {
  readonly at: number;
  readonly requestId: string;
  readonly principal: Principal;
  readonly parameters: ReadonlyMap<string, string>;
  /** A key that the call issues is unknown for this long: the profile's delay, or a fault's. */
  readonly keyDelayMs: number;
}

/** What an action answers: its result element, or nothing. Throws QueryError. */
export type QueryAction = (world: StorageWorld, call: QueryCall) => Xml | undefined;

/** Refuses parameters that the action does not know: they could change its meaning. */
export function onlyParameters(call: QueryCall, known: readonly string[]): void {
  const stranger = [...call.parameters.keys()].find((name) => !known.includes(name));
  if (stranger !== undefined) {
    throw new QueryError('NotImplemented', `The parameter ${stranger} is not implemented.`);
  }
}

export function required(call: QueryCall, name: string): string {
  const value = call.parameters.get(name);
  if (value !== undefined && value !== '') return value;
  throw new QueryError(
    'ValidationError',
    `1 validation error detected: Value null at '${memberOf(name)}' failed to satisfy ` +
      'constraint: Member must not be null',
  );
}

/** The refusal of a value that breaks a rule; `rule` ends the sentence "Member must …". */
export function constraint(value: string, name: string, rule: string): QueryError {
  return new QueryError(
    'ValidationError',
    `1 validation error detected: Value '${value.slice(0, 100)}' at '${memberOf(name)}' failed ` +
      `to satisfy constraint: Member must ${rule}`,
  );
}

function memberOf(name: string): string {
  return name[0]!.toLowerCase() + name.slice(1);
}
