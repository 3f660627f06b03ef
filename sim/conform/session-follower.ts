import type {
  backupSessionMachine,
  MoverRole,
  SessionContext,
  SessionEvent,
  SessionInput,
} from '../../machines/backup-session/index.ts';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { ErrorCode } from '../../machines/rules/errors.ts';
import type { InSessionPolicy, Operation } from '../../machines/rules/settings.ts';
import { MINUTE_MS } from '../../machines/rules/time.ts';
import type { SessionHints } from './hints.ts';
import type { Placed, Tables } from './machine-tables.ts';
import { Pool, type Refusal } from './pool.ts';
import {
  answersOpening,
  codeOf,
  deliveredBy,
  isState,
  owedWords,
  owesState,
  requested,
  routeOf,
  settle,
  TOLD_BY_FLEET,
  withoutBudget,
} from './session-lines.ts';
import {
  moverName,
  type News,
  type NewsEvent,
  NO_OPENINGS,
  type OwedLine,
  type SessionPossible,
  withKey,
  withRequests,
} from './session-possible.ts';
import { silentAlarms, silentSessionEvents } from './session-silent.ts';
import type { Dialect, SessionLimits } from './types.ts';

export interface SessionFollowerOptions {
  readonly tables: Tables<typeof backupSessionMachine>;
  readonly dialect: Dialect;
  readonly hints: SessionHints;
  readonly limits: SessionLimits | null;
}

/** The SP refuses the tenant's connection: every session of it ends, whatever it was doing. */
const REFUSED_CONNECTION: readonly ErrorCode[] = ['channel.refused', 'tenant.disabled'];

/** Follows one session of the log with the machine of `machines/backup-session`. */
export class SessionFollower extends Pool<SessionPossible> {
  readonly #options: SessionFollowerOptions;
  readonly #news: News[] = [];
  readonly #contacts: News[] = [];
  /** Movers that are up, and whether on the tenant's own host. */
  readonly #movers = new Map<MoverRole, boolean>();
  #hasEnded = false;
  #isQuotaRefused = false;
  #lastAt = 0;

  constructor(options: SessionFollowerOptions, started: LogEvent) {
    super();
    this.#options = options;
    this.#lastAt = started.at;
    this.begin(this.#starts(started));
  }

  /** Its last state is told; nothing but its end can come now. */
  get owesEnd(): boolean {
    return [...this.possible.values()].every(
      ({ owed }) => owed.length === 1 && owed[0]?.type === 'session.ended',
    );
  }

  /** What a request for a credential may have said of the one that is held (C11). */
  heldGenerations(): readonly number[] {
    const held = [...this.possible.values()].map(({ openings }) => openings.asked?.heldGeneration);
    return [...new Set(held.filter((generation) => generation !== undefined))];
  }

  /**
   * The policy and the wait for quota stand in no line: all are possible until one is refuted, and
   * those that could make no difference to this log are left out.
   */
  #starts({ session, at, data }: LogEvent): readonly SessionPossible[] {
    const { limits, tables, hints } = this.#options;
    const policies: InSessionPolicy[] = ['reconnect'];
    if (hints.hasHeartbeats) policies.push('proactive');
    if (!hints.hasEnded || hints.endCode === 'credential.expired') policies.push('strict');
    const quotaWaits = hints.isQuotaRefused ? [0, 1] : [0];
    const common: Omit<SessionInput, 'inSession' | 'quotaWaitMs'> = {
      sessionId: session ?? '',
      startedAt: at,
      operation: data.operation as Operation,
      marginMs: 0,
      reconnectBudgetMs: limits?.reconnectBudgetMs ?? 30 * MINUTE_MS,
      answerTimeoutMs: 5 * MINUTE_MS,
      restartsMax: limits?.restartsMax ?? 3,
      heartbeatMs: MINUTE_MS,
    };
    return policies.flatMap((inSession) =>
      quotaWaits.map((quotaWaitMs) => {
        const placed = tables.start({ ...common, inSession, quotaWaitMs });
        return withKey({
          ...placed,
          told: '',
          owed: [],
          openings: withRequests(NO_OPENINGS, placed.requests),
          newsHeard: 0,
          contactsHeard: 0,
        });
      }),
    );
  }

  /** One line of the session; null when some state allows it. */
  see(line: LogEvent): Refusal | null {
    const refusal = this.#take(line);
    this.#lastAt = line.at;
    return refusal;
  }

  /** Whether this kind of line is a step of the session at all. */
  static isStep({ type, data }: LogEvent): boolean {
    if (type === 'credential.checked') return data.by === 'tenant';
    if (type === 'channel.up' || type === 'channel.down') return data.role === 'target';
    return STEPS.has(type);
  }

  #take(line: LogEvent): Refusal | null {
    const { type, data, node } = line;
    const isFleet = this.#options.dialect === 'fleet';
    if (this.#hasEnded) return this.#afterEnd(line);
    switch (type) {
      case 'session.state':
        return this.observe(line, (one) => settle(one, isState(String(data.state))));
      case 'session.ended':
        return this.#end(line);
      case 'credential.checked':
        return this.observe(line, (one) => this.#checked(one, line));
      case 'route.selected':
        this.#tell(line, {
          type: 'session.opened',
          route: routeOf(line),
          check: this.#options.hints.check,
        });
        return this.observe(line, answersOpening);
      case 'session.refused':
        this.#tell(line, { type, code: codeOf(line) });
        return this.observe(line, answersOpening);
      case 'mover.started':
        return this.#moverStarted(line, node.startsWith('tenant:') && !isFleet);
      case 'mover.exited':
        return this.#moverExit(line, isFleet);
      case 'gateway.connected':
        return this.#connected(line);
      case 'channel.up':
        return this.observe(line, (one) => this.#contactMade(one, line));
      case 'channel.down':
        return this.observe(line, (one) => this.#hear(one, line, { type: 'contact.lost' }));
      case 'credential.requested':
        return this.observe(line, (one) => requested(one, line));
      case 'credential.delivered':
        this.#tell(line, deliveredBy(line));
        return this.observe(line, (one) =>
          one.openings.asked !== null && !owesState(one) ? [one] : [],
        );
      case 'credential.refused':
        this.#tell(line, { type, code: codeOf(line) });
        return null;
      case 'quota.refused':
        this.#isQuotaRefused = true;
        return null;
      default:
        return null;
    }
  }

  /** I71: the end stands. What the roles still put away, or the SP answers late, is no step. */
  #afterEnd(line: LogEvent): Refusal | null {
    const isStep = line.type === 'session.state' || line.type === 'session.ended';
    if (!isStep) return null;
    return { states: ['the session has ended'], expected: ['no further step'] };
  }

  #tell({ at }: LogEvent, event: NewsEvent): void {
    this.#news.push({ event, at });
  }

  #end(line: LogEvent): Refusal | null {
    const { state, code } = line.data;
    const isRefused = state === 'failed' && REFUSED_CONNECTION.some((refused) => refused === code);
    const refusal = this.observe(line, (one) => {
      const settled = settle(
        one,
        (owed) =>
          one.owed.length === 1 &&
          owed.type === 'session.ended' &&
          owed.state === state &&
          owed.code === code,
      );
      return settled.length > 0 || !isRefused || one.owed.length > 0 ? settled : [one];
    });
    this.#hasEnded = refusal === null;
    return refusal;
  }

  #moverStarted(line: LogEvent, isHeardAtOnce: boolean): Refusal | null {
    const role = line.data.role as MoverRole;
    const name = moverName(role, String(line.data.host));
    const isThere = this.#movers.has(role);
    this.#movers.set(role, isHeardAtOnce);
    if (!isHeardAtOnce) this.#tell(line, { type: 'mover.ready', role });
    return this.observe(line, (one) => {
      const { starting } = one.openings;
      const index = starting.indexOf(name);
      if (index === -1 || owesState(one) || isThere) return [];
      if (!isHeardAtOnce) return [one];
      const openings = { ...one.openings, starting: starting.filter((_, at) => at !== index) };
      return this.#hear(withKey({ ...one, openings }), line, { type: 'mover.ready', role });
    });
  }

  #moverExit(line: LogEvent, isFleet: boolean): Refusal | null {
    const role = line.data.role as MoverRole;
    const isThere = this.#movers.delete(role);
    if (isFleet || !line.node.startsWith('tenant:')) return null;
    const isStarting = ({ openings }: SessionPossible): boolean =>
      openings.starting.some((name) => name.startsWith(role));
    return this.observe(line, (one) =>
      isThere || isStarting(one) ? this.#moverExited(one, line) : [],
    );
  }

  /** It was stopped, as asked; or it died, and that is what the session hears. */
  #moverExited(one: SessionPossible, line: LogEvent): readonly SessionPossible[] {
    const role = line.data.role as MoverRole;
    const died = this.#hear(one, line, { type: 'mover.failed', role, code: 'mover.exited' });
    const isStopping = STOPPING.has(this.#options.tables.nameOf(one.state));
    return isStopping && one.owed.length === 0 ? [one, ...died] : died;
  }

  #connected(line: LogEvent): Refusal | null {
    const { heldGeneration, heldExpiresAt } = line.data;
    const event: NewsEvent = {
      type: 'contact.made',
      heldGeneration: Number(heldGeneration),
      heldExpiresAt: typeof heldExpiresAt === 'number' ? heldExpiresAt : null,
    };
    if (this.#options.dialect === 'fleet') this.#tell(line, event);
    else this.#contacts.push({ event, at: line.at });
    return this.observe(line, (one) => (one.openings.hasContacted && !owesState(one) ? [one] : []));
  }

  /** P3: the mover says that it has reached the SP, and which words it heard there. */
  #contactMade(one: SessionPossible, line: LogEvent): readonly SessionPossible[] {
    const heard = this.#contacts.slice(one.contactsHeard);
    return heard.flatMap(({ event }, index) => {
      const contactsHeard = one.contactsHeard + index + 1;
      return this.#hear(withKey({ ...one, contactsHeard }), line, event);
    });
  }

  /** A fact that the machine hears at this very line. */
  #hear(one: SessionPossible, { at }: LogEvent, event: NewsEvent): readonly SessionPossible[] {
    if (one.owed.length > 0) return [];
    const next = this.#step(one, { ...event, at } as SessionEvent);
    return next === null ? [] : [next];
  }

  /** C2, C10, C11: the machine's own check at the instant that the line names must say the same. */
  #checked(one: SessionPossible, line: LogEvent): readonly SessionPossible[] {
    // A fleet does what a step asks for before it tells the state.
    if (this.#options.dialect === 'roles' && owesState(one)) return [];
    return one.owed.flatMap((owed) => {
      if (owed.type !== 'credential.checked') return [];
      const { event, state, context } = owed;
      const again = this.#options.tables.next(state, context, { ...event, at: line.at });
      const check = again?.requests.find(({ type }) => type === 'credential.checked');
      if (again === null || check === undefined) return [];
      const { type: _type, at: _at, ...facts } = check as unknown as Record<string, unknown>;
      if (Object.entries(facts).some(([name, value]) => line.data[name] !== value)) return [];
      const owing = one.owed.filter((other) => other !== owed);
      const openings = withRequests(one.openings, again.requests);
      return [withKey({ ...one, owed: owing, openings })];
    });
  }

  protected override *silentSteps(
    from: SessionPossible,
    line: LogEvent,
  ): Iterable<SessionPossible> {
    if (from.owed.length > 0 || this.#options.tables.isOver(from.state)) return;
    const instants = line.at === this.#lastAt ? [line.at] : [line.at, this.#lastAt];
    const { dialect, hints } = this.#options;
    const isQuotaRefused = this.#isQuotaRefused || hints.endCode === 'tenant.disabled';
    const { endCode, hasEnded } = hints;
    const areMoversGone = dialect === 'fleet' || ![...this.#movers.values()].includes(true);
    const { context } = from;
    const given = { context, dialect, endCode, hasEnded, isQuotaRefused, areMoversGone };
    for (const at of instants) {
      const free = [...silentSessionEvents(given), ...silentAlarms(from.context, at, dialect)];
      for (const event of free) {
        const next = this.#step(from, { ...event, at } as SessionEvent);
        if (next !== null) yield next;
      }
      for (let index = from.newsHeard; index < this.#news.length; index += 1) {
        const { event } = this.#news[index] as News;
        const heard = withKey({ ...from, newsHeard: index + 1 });
        const next = this.#step(heard, { ...event, at } as SessionEvent);
        if (next !== null) yield next;
      }
    }
  }

  #step(from: SessionPossible, event: SessionEvent): SessionPossible | null {
    const { tables } = this.#options;
    const taken = tables.next(from.state, from.context, event);
    if (taken === null) return null;
    const placed = this.#options.dialect === 'fleet' ? withoutBudget(taken) : taken;
    if (!this.#isOutcomePossible(placed.context)) return null;
    const name = tables.nameOf(placed.state);
    const isSame = placed.state === from.state && placed.context === from.context;
    if (isSame && placed.requests.length === 0 && name === from.told) {
      return from;
    }
    const checks = placed.requests.some(({ type }) => type === 'credential.checked');
    const requests = checks
      ? placed.requests.filter(({ type }) => type !== 'credential.request')
      : placed.requests;
    return withKey({
      state: placed.state,
      context: placed.context,
      told: name,
      owed: this.#owedAfter(from, event, placed, checks),
      openings: withRequests(from.openings, requests),
      newsHeard: from.newsHeard,
      contactsHeard: from.contactsHeard,
    });
  }

  /** I71: an outcome stands; if the log ends the session in another way, this did not happen. */
  #isOutcomePossible({ outcome }: SessionContext): boolean {
    const { hasEnded, endState, endCode } = this.#options.hints;
    if (outcome === null || !hasEnded) return true;
    if (endCode !== null && REFUSED_CONNECTION.includes(endCode)) return true;
    return outcome.state === endState && outcome.code === endCode;
  }

  #owedAfter(
    from: SessionPossible,
    event: SessionEvent,
    placed: Placed<typeof backupSessionMachine>,
    checks: boolean,
  ): readonly OwedLine[] {
    const { tables, dialect } = this.#options;
    const name = tables.nameOf(placed.state);
    const owed: OwedLine[] = [];
    const isTold = dialect === 'roles' || TOLD_BY_FLEET.has(name);
    if (name !== from.told && isTold) owed.push({ type: 'session.state', state: name });
    if (checks) {
      const { state, context } = from;
      owed.push({ type: 'credential.checked', state, context, event });
    }
    if (tables.isOver(placed.state)) {
      const { state = '', code = null } = placed.context.outcome ?? {};
      owed.push({ type: 'session.ended', state, code });
    }
    return owed;
  }

  protected override describe({ state }: SessionPossible): string {
    return this.#options.tables.nameOf(state);
  }

  protected override wanted({ owed, openings }: SessionPossible): readonly string[] {
    if (owed.length > 0) return owed.slice(0, 1).map(owedWords);
    const { asked, starting } = openings;
    const request = `credential.requested (${asked?.trigger}, renew ${asked?.renew})`;
    return [...starting.map((name) => `mover.started ${name}`), ...(asked ? [request] : [])];
  }
}

const STEPS: ReadonlySet<string> = new Set([
  'session.state',
  'session.ended',
  'route.selected',
  'session.refused',
  'mover.started',
  'mover.exited',
  'gateway.connected',
  'credential.requested',
  'credential.delivered',
  'credential.refused',
  'quota.refused',
]);

const STOPPING: ReadonlySet<string> = new Set(['active.restarting', 'ending.stoppingMovers']);
