import type {
  ConnectionContext,
  ConnectionEvent,
  controlConnectionMachine,
} from '../../machines/control-connection/index.ts';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import { SECOND_MS } from '../../machines/rules/time.ts';
import type { Tables } from './machine-tables.ts';
import { type Hypothesis, Pool, type Refusal } from './pool.ts';

interface ConnectionPossible extends Hypothesis {
  readonly state: number;
  readonly context: ConnectionContext;
  /** `connection.up` and `connection.down` that the log has yet to tell. */
  readonly owed: readonly string[];
}

/** Waits of the wire are nobody's to judge here: alarms ring whenever they are set. */
const INPUT = {
  handshakeTimeoutMs: SECOND_MS,
  heartbeatMs: SECOND_MS,
  silenceMs: SECOND_MS,
  backoffFirstMs: SECOND_MS,
  backoffCapMs: SECOND_MS,
};

const SILENT: readonly ConnectionEvent['type'][] = [
  'connection.required',
  'connection.released',
  'link.opened',
  'link.lost',
  'hello.accepted',
  'alarm.silence',
];

/**
 * Follows one end of a control connection (P5, P4) that tells of itself: up and down as the machine
 * of `machines/control-connection` reports them.
 */
export class ConnectionFollower extends Pool<ConnectionPossible> {
  readonly #tables: Tables<typeof controlConnectionMachine>;

  constructor(tables: Tables<typeof controlConnectionMachine>) {
    super();
    this.#tables = tables;
    const { state, context } = tables.start(INPUT);
    this.begin([withConnectionKey({ state, context, owed: [] })]);
  }

  see(line: LogEvent): Refusal | null {
    const wanted = line.type === 'channel.up' ? 'connection.up' : 'connection.down';
    return this.observe(line, (one) => {
      if (one.owed[0] !== wanted) return [];
      return [withConnectionKey({ ...one, owed: one.owed.slice(1) })];
    });
  }

  protected override *silentSteps(
    from: ConnectionPossible,
    { at }: LogEvent,
  ): Iterable<ConnectionPossible> {
    if (from.owed.length > 0) return;
    for (const type of SILENT) {
      const placed = this.#tables.next(from.state, from.context, { type, at } as ConnectionEvent);
      if (placed === null) continue;
      const owed = placed.requests
        .map((request) => request.type)
        .filter((name) => name === 'connection.up' || name === 'connection.down');
      yield withConnectionKey({ state: placed.state, context: placed.context, owed });
    }
  }

  protected override describe({ state }: ConnectionPossible): string {
    return this.#tables.nameOf(state);
  }

  protected override wanted({ owed }: ConnectionPossible): readonly string[] {
    const [next] = owed;
    return next === undefined ? [] : [next === 'connection.up' ? 'channel.up' : 'channel.down'];
  }
}

/** How often it has tried only sets how long it waits. */
function withConnectionKey(possible: Omit<ConnectionPossible, 'key'>): ConnectionPossible {
  return { ...possible, key: `${possible.state} ${possible.owed.join(' ')}` };
}
