import type { LogEvent } from '../../machines/ports/event-log.ts';
import { count, scopeOf, text } from '../check/facts.ts';
import type { TraceHeader } from '../kernel/index.ts';

const FORMAT = 'https://apalache-mc.org/docs/adr/015adr-trace.html';

/** The state variables of the exported trace, with their types in Apalache's notation. */
const VARIABLES = {
  action: 'Str',
  at: 'Int',
  expiresAt: 'Str -> Int',
  generation: 'Str -> Int',
  node: 'Str',
  reservedBytes: 'Str -> Int',
  sessionState: 'Str -> Str',
  seq: 'Int',
  usedBytes: 'Str -> Int',
} as const;

type ItfInteger = { readonly '#bigint': string };
type ItfMap = { readonly '#map': readonly (readonly [string, string | ItfInteger])[] };

/** What a trace has come to after each event: by session and by scope. */
class ItfState {
  readonly #sessions = new Map<string, string>();
  readonly #generation = new Map<string, number>();
  readonly #expiresAt = new Map<string, number>();
  readonly #used = new Map<string, number>();
  readonly #reserved = new Map<string, number>();

  /** True where a variable has changed. */
  apply(event: LogEvent): boolean {
    const { type, session } = event;
    const scope = scopeOf(event);
    const state = stateAfter(event);
    const changes: boolean[] = [];
    if (session !== null && state !== null) changes.push(set(this.#sessions, session, state));
    if (scope !== null && type === 'credential.saved') {
      changes.push(set(this.#generation, scope, count(event, 'generation')));
    }
    if (scope !== null && type === 'credential.issued') {
      changes.push(set(this.#expiresAt, scope, count(event, 'expiresAt')));
    }
    if (scope !== null && type.startsWith('quota.')) {
      changes.push(set(this.#used, scope, count(event, 'usedBytes')));
      changes.push(set(this.#reserved, scope, count(event, 'reservedBytes')));
    }
    return changes.includes(true);
  }

  /** In ITF, variables in the order of their names. */
  write(index: number, event: LogEvent | null): string {
    return JSON.stringify({
      '#meta': { index },
      action: event?.type ?? 'init',
      at: integer(event?.at ?? 0),
      expiresAt: map(this.#expiresAt),
      generation: map(this.#generation),
      node: event?.node ?? '',
      reservedBytes: map(this.#reserved),
      sessionState: map(this.#sessions),
      seq: integer(event?.seq ?? -1),
      usedBytes: map(this.#used),
    });
  }
}

/** A trace in the format of Apalache and Quint: a state for each event that changes one. */
export function* itfLines(
  events: Iterable<LogEvent>,
  header: TraceHeader,
  source: string,
): IterableIterator<string> {
  const meta = {
    format: 'ITF',
    'format-description': FORMAT,
    source,
    description: `${header.build}, seed ${header.seed}`,
    varTypes: VARIABLES,
  };
  const vars = JSON.stringify(Object.keys(VARIABLES));
  yield `{"#meta":${JSON.stringify(meta)},"params":[],"vars":${vars},"states":[`;
  const state = new ItfState();
  let index = 0;
  // One line is held back: the last has no comma.
  let line = state.write(index, null);
  for (const event of events) {
    if (!state.apply(event)) continue;
    yield `${line},`;
    index += 1;
    line = state.write(index, event);
  }
  yield line;
  yield ']}';
}

function stateAfter(event: LogEvent): string | null {
  if (event.type === 'session.started') return 'started';
  if (event.type === 'session.state') return text(event, 'state');
  return event.type === 'session.ended' ? (text(event, 'state') ?? 'ended') : null;
}

function set<Value>(values: Map<string, Value>, key: string, value: Value | null): boolean {
  if (value === null || values.get(key) === value) return false;
  values.set(key, value);
  return true;
}

/** JSON numbers of other readers end at 2^53: integers are texts. */
function integer(value: number): ItfInteger {
  return { '#bigint': `${value}` };
}

function map(values: ReadonlyMap<string, string | number>): ItfMap {
  const entries = [...values].map(([key, value]) => {
    return [key, typeof value === 'number' ? integer(value) : value] as const;
  });
  return { '#map': entries };
}
