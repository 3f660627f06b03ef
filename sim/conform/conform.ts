import type { LogEvent } from '../../machines/ports/event-log.ts';
import { scopeId } from '../../machines/rules/scope.ts';
import { ConnectionFollower } from './connection-follower.ts';
import { Hints } from './hints.ts';
import { compileTables, type MachineTables } from './machine-tables.ts';
import { type Refusal, TooUncertain } from './pool.ts';
import { ScopeFollower } from './scope-follower.ts';
import { SessionFollower } from './session-follower.ts';
import type { Conformance, Deviation, Dialect, FollowedMachine, SessionLimits } from './types.ts';

export interface ConformOptions {
  readonly dialect: Dialect;
  readonly limits?: SessionLimits | null;
  /** Other machines than the product's: for tests that break one. */
  readonly tables?: MachineTables;
}

/**
 * Compares a log with the machines: every step that it tells must be one that the session's, the
 * scope's or the connection's machine could take, whatever happened that it does not tell. Reads
 * the log twice; each call of `events` gives it from its beginning.
 */
export function conform(events: () => Iterable<LogEvent>, options: ConformOptions): Conformance {
  const hints = new Hints();
  const scopes = new Scopes();
  for (const event of events()) hints.see(event, scopes.of(event));
  const run = new Run(hints, options);
  for (const event of events()) run.see(event);
  return run.end();
}

/** Which scope a line is about: it says so itself, or its session does. */
class Scopes {
  readonly #bySession = new Map<string, string>();

  of({ type, session, data }: LogEvent): string | null {
    if (type === 'session.started' && session !== null) {
      const { tenant, subtenant, repository } = data;
      this.#bySession.set(
        session,
        scopeId({
          tenant: String(tenant),
          subtenant: typeof subtenant === 'string' ? subtenant : null,
          repository: String(repository),
        }),
      );
    }
    if (typeof data.scope === 'string') return data.scope;
    return session === null ? null : (this.#bySession.get(session) ?? null);
  }
}

interface Follower {
  readonly statesMax: number;
}

class Run {
  readonly #hints: Hints;
  readonly #options: ConformOptions;
  readonly #tables: MachineTables;
  readonly #scopes = new Scopes();
  readonly #sessions = new Map<string, SessionFollower | null>();
  readonly #desks = new Map<string, ScopeFollower | null>();
  readonly #connections = new Map<string, ConnectionFollower | null>();
  /** Links of a tenant that the SP has open. */
  readonly #links = new Map<string, number>();
  /** I27: by session, the storage that its route leads to. */
  readonly #storages = new Map<string, string>();
  readonly #deviations: Deviation[] = [];
  readonly #lost: string[] = [];
  /** The session whose end must be the next that is told. */
  #ending: string | null = null;
  #lines = 0;
  #statesMax = 0;

  constructor(hints: Hints, options: ConformOptions) {
    this.#hints = hints;
    this.#options = options;
    this.#tables = options.tables ?? compileTables();
  }

  see(event: LogEvent): void {
    const { type, session, data } = event;
    const scope = this.#scopes.of(event);
    if (type !== 'hop.bytes' && type !== 'session.ended') this.#seeUnended(event);
    if (type === 'route.selected' && session !== null) {
      this.#storages.set(session, String(data.storage));
    }
    if (type === 'channel.up' || type === 'channel.down') this.#seeConnection(event);
    if (session !== null) this.#seeSession(event, session);
    if (scope !== null && ScopeFollower.isStep(event)) this.#seeScope(event, scope);
    if (type === 'session.ended' && session !== null) this.#storages.delete(session);
  }

  end(): Conformance {
    const sorted = this.#deviations.sort((left, right) => left.event.seq - right.event.seq);
    return {
      sessions: this.#sessions.size,
      scopes: this.#desks.size,
      connections: this.#connections.size + this.#links.size,
      lines: this.#lines,
      statesMax: this.#statesMax,
      deviations: sorted,
      lost: this.#lost,
    };
  }

  #seeSession(event: LogEvent, session: string): void {
    const { dialect, limits = null } = this.#options;
    if (event.type === 'session.started') {
      if (this.#sessions.has(session)) {
        this.#deviate('backup session', session, event, {
          states: ['the session has begun'],
          expected: ['one beginning for each session'],
        });
        return;
      }
      const hints = this.#hints.session(session);
      const given = { tables: this.#tables.session, dialect, hints, limits };
      this.#sessions.set(session, new SessionFollower(given, event));
      this.#lines += 1;
      return;
    }
    if (!SessionFollower.isStep(event)) return;
    if (!this.#sessions.has(session)) {
      this.#sessions.set(session, null);
      this.#deviate('backup session', session, event, {
        states: ['no such session'],
        expected: [`session.started ${session}`],
      });
      return;
    }
    const follower = this.#sessions.get(session) ?? null;
    if (follower === null) return;
    this.#follow(
      'backup session',
      session,
      event,
      follower,
      () => follower.see(event),
      () => this.#sessions.set(session, null),
    );
    if (event.type === 'session.state') this.#ending = follower.owesEnd ? session : null;
    if (event.type === 'session.ended') this.#ending = null;
  }

  /** The end follows the last state at once: between them are only the counts of the hops. */
  #seeUnended(event: LogEvent): void {
    if (this.#ending === null) return;
    const session = this.#ending;
    this.#ending = null;
    this.#sessions.set(session, null);
    const states = ['its last state was told'];
    this.#deviate('backup session', session, event, { states, expected: ['session.ended'] });
  }

  #seeScope(event: LogEvent, scope: string): void {
    if (!this.#desks.has(scope)) {
      const storage = this.#storages.get(event.session ?? '');
      const given = {
        tables: this.#tables.lifecycle,
        scope,
        hints: this.#hints.scope(scope),
        checkedAt: storage === 'azure' ? ('request' as const) : ('connect' as const),
      };
      this.#desks.set(scope, new ScopeFollower(given, event));
    }
    const follower = this.#desks.get(scope) ?? null;
    if (follower === null) return;
    const session = event.session ?? '';
    const heldGenerations = this.#sessions.get(session)?.heldGenerations() ?? [0];
    this.#follow(
      'credential lifecycle',
      scope,
      event,
      follower,
      () => follower.see(event, { session, heldGenerations }),
      () => this.#desks.set(scope, null),
    );
  }

  #seeConnection(event: LogEvent): void {
    const { node, session, data } = event;
    if (data.role === 'tenant' && node === 'sp') {
      this.#seeLink(event, String(data.tenant));
      return;
    }
    const name = session === null ? node : `${session}'s target mover`;
    if (!this.#connections.has(name)) {
      this.#connections.set(name, new ConnectionFollower(this.#tables.connection));
    }
    const follower = this.#connections.get(name) ?? null;
    if (follower === null) return;
    this.#follow(
      'control connection',
      name,
      event,
      follower,
      () => follower.see(event),
      () => this.#connections.set(name, null),
    );
  }

  /** The SP sees links, which may overlap: the end of an old one is noticed late. */
  #seeLink(event: LogEvent, tenant: string): void {
    const open = (this.#links.get(tenant) ?? 0) + (event.type === 'channel.up' ? 1 : -1);
    this.#lines += 1;
    this.#links.set(tenant, Math.max(0, open));
    if (open >= 0) return;
    const states = ['no link of the tenant is open'];
    this.#deviate('control connection', tenant, event, { states, expected: ['channel.up'] });
  }

  #follow(
    machine: FollowedMachine,
    subject: string,
    event: LogEvent,
    follower: Follower,
    see: () => Refusal | null,
    forget: () => void,
  ): void {
    this.#lines += 1;
    try {
      const refusal = see();
      this.#statesMax = Math.max(this.#statesMax, follower.statesMax);
      if (refusal === null) return;
      this.#deviate(machine, subject, event, refusal);
    } catch (error) {
      if (!(error instanceof TooUncertain)) throw error;
      this.#lost.push(`${machine} ${subject} from ${error.message} on`);
    }
    forget();
  }

  #deviate(machine: FollowedMachine, subject: string, event: LogEvent, refusal: Refusal): void {
    this.#deviations.push({ machine, subject, event, ...refusal });
  }
}

/** One deviation in a sentence, for people. */
export function deviationWords({ machine, subject, event, states, expected }: Deviation): string {
  const where = states.length === 0 ? 'none' : states.join(' or ');
  const instead = expected.length === 0 ? 'nothing that a log tells' : expected.join(', or ');
  return (
    `${subject}: event ${event.seq} (${lineWords(event)}) is no step of the ${machine}. ` +
    `It was in ${where}; it allowed ${instead}.`
  );
}

/** What tells one line of a log from others of its kind. */
function lineWords({ type, data }: LogEvent): string {
  const { state, role, generation, decision, code } = data;
  const said = [state, role, decision, code].filter((word) => typeof word === 'string');
  if (typeof generation === 'number') said.push(`generation ${generation}`);
  return [type, ...said].join(' ');
}
