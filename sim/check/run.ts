import type { LogEvent } from '../../machines/ports/event-log.ts';
import { HOUR_MS } from '../../machines/rules/time.ts';
import type { Checker, Court, Handler, LogEnd, PlacedHandler, Watch } from './checker.ts';
import { asCount, scopeOf, scopeOfNames } from './facts.ts';
import { describePending, type LivenessBounds, type PendingSession } from './liveness.ts';
import { ScopeFacts } from './scope-facts.ts';
import { SessionFacts } from './session-facts.ts';
import { type Violation, violation } from './violation.ts';

export interface CheckReport {
  /** In the order of the log; of each invariant the first `VIOLATIONS_MAX`. */
  readonly violations: readonly Violation[];
  /** All of them, also those that are not listed. */
  readonly violationCount: number;
  /** How often each invariant was put to the test; 0 means never, which proves nothing (L15). */
  readonly witnesses: Readonly<Record<string, number>>;
  /** Sessions that had not ended when the log did, in words. */
  readonly pending: readonly PendingSession[];
}

/** One reading of one log, from its first event to its last. */
export interface CheckRun {
  see(event: LogEvent): void;
  /** Says what can only be said when nothing more comes; the run is over then. */
  end(): CheckReport;
  /** What is certain so far, in the order in which it became so. */
  readonly violations: readonly Violation[];
  /** Sessions and scopes that are kept in memory: what is alive, and what has just ended. */
  readonly kept: { readonly sessions: number; readonly scopes: number };
}

/**
 * How long a session is remembered after its end, in log time and in events. The SP settles the
 * grants of a session whose tenant is gone two hours later (I58), and a busy log may be a little
 * out of order; what comes later than both is no longer judged as "after the end" (I71). A log
 * that is shorter than the second is judged exactly as if it lay before us as a whole.
 */
export const GRACE_MS = 6 * HOUR_MS;
export const GRACE_EVENTS = 10_000;
/** So many violations of one invariant are listed; all are counted. */
export const VIOLATIONS_MAX = 1_000;

const SWEEP_EVERY = 1_024;

export interface CheckRunOptions {
  readonly graceMs?: number;
  readonly graceEvents?: number;
  /** Names of checkers to leave out: a world without secrets need not be searched for them. */
  readonly without?: readonly string[];
  /** With it the liveness bounds are judged as well. */
  readonly liveness?: LivenessBounds;
}

/** What happens with facts of one type. */
interface Channel {
  readonly kind: 'started' | 'route' | 'ended' | 'state' | 'credential' | 'checked' | 'other';
  readonly isScoped: boolean;
  readonly tellsTime: boolean;
  readonly sees: Handler[];
  readonly placed: PlacedHandler[];
}

interface Leaving {
  readonly session: SessionFacts;
  at: number;
  seen: number;
}

const KINDS: Readonly<Record<string, Channel['kind']>> = {
  'session.started': 'started',
  'route.selected': 'route',
  'session.ended': 'ended',
  'session.state': 'state',
  'credential.checked': 'checked',
  'credential.issued': 'credential',
  'credential.saved': 'credential',
  'credential.delivered': 'credential',
  'credential.revoked': 'credential',
};

export class CheckRunner implements CheckRun {
  readonly violations: Violation[] = [];
  readonly #graceMs: number;
  readonly #graceEvents: number;
  readonly #channels = new Map<string, Channel>();
  readonly #watches: readonly Watch[];
  readonly #all: readonly Handler[];
  readonly #leaves: readonly NonNullable<Watch['leaves']>[];
  readonly #holds: readonly NonNullable<Watch['holds']>[];
  readonly #invariants: string[] = [];
  readonly #counts: number[] = [];
  /** Which checker reported each violation: reports list them in the order of the checkers. */
  readonly #reportedBy = new Map<Violation, number>();
  readonly #listed = new Map<string, number>();
  readonly #sessions = new Map<string, SessionFacts>();
  readonly #scopes = new Map<string, ScopeFacts>();
  #leaving: Leaving[] = [];
  #logTime = Number.NEGATIVE_INFINITY;
  #seen = 0;
  #violationCount = 0;
  #last: LogEvent | null = null;
  #isOver = false;

  constructor(checkers: readonly Checker[], options: CheckRunOptions = {}) {
    this.#graceMs = options.graceMs ?? GRACE_MS;
    this.#graceEvents = options.graceEvents ?? GRACE_EVENTS;
    for (const type of Object.keys(KINDS)) this.#channel(type);
    this.#watches = checkers.map((checker, index) => {
      for (const invariant of checker.invariants) this.#counter(invariant);
      const watch = checker.start(this.#court(index));
      for (const [type, handler] of Object.entries(watch.sees ?? {})) {
        this.#channel(type).sees.push(handler);
      }
      for (const [type, handler] of Object.entries(watch.placed ?? {})) {
        this.#channel(type).placed.push(handler);
      }
      return watch;
    });
    this.#all = this.#watches.flatMap(({ all }) => all ?? []);
    this.#leaves = this.#watches.flatMap(({ leaves }) => leaves ?? []);
    this.#holds = this.#watches.flatMap(({ holds }) => holds ?? []);
  }

  get kept(): { readonly sessions: number; readonly scopes: number } {
    return { sessions: this.#sessions.size, scopes: this.#scopes.size };
  }

  see(event: LogEvent): void {
    if (this.#isOver) throw new Error('the check run has ended');
    this.#seen += 1;
    this.#last = event;
    if (this.#seen % SWEEP_EVERY === 0) this.#sweep();
    const channel = this.#channels.get(event.type) ?? null;
    // A check is told with the time of a clock that may be wrong (C11).
    if (event.at > this.#logTime && channel?.tellsTime !== false) this.#logTime = event.at;
    for (const handler of this.#all) handler(event, null, null);
    if (channel === null) return;
    const session = event.session === null ? null : this.#sessionOf(event.session);
    const scope = channel.isScoped ? this.#scopeOf(event, session) : null;
    this.#note(channel, event, session, scope);
    for (const handler of channel.sees) handler(event, session, scope);
    if (session === null) return;
    if (session.waiting === null) {
      for (const handler of channel.placed) handler(event, session, scope);
      return;
    }
    session.waiting.push(event);
    if (session.isPlaced) this.#flush(session);
  }

  end(): CheckReport {
    if (this.#isOver) throw new Error('the check run has ended');
    this.#isOver = true;
    const open = [...this.#sessions.values()].filter(
      ({ started, ended }) => started !== null && ended === null,
    );
    const end: LogEnd = { last: this.#last, open };
    for (const watch of this.#watches) watch.ends?.(end);
    for (const session of [...this.#sessions.values()]) this.#leave(session);
    const by = (one: Violation): number => this.#reportedBy.get(one) ?? 0;
    const violations = [...this.violations].sort(
      (left, right) => left.seq - right.seq || by(left) - by(right),
    );
    const witnesses: Record<string, number> = {};
    this.#invariants.forEach((invariant, index) => {
      witnesses[invariant] = this.#counts[index] ?? 0;
    });
    const { last } = end;
    const pending = last === null ? [] : open.map((session) => describePending(session, last));
    return { violations, violationCount: this.#violationCount, witnesses, pending };
  }

  #channel(type: string): Channel {
    const known = this.#channels.get(type);
    if (known !== undefined) return known;
    const kind = KINDS[type] ?? 'other';
    const isScoped = /^(credential|quota)\./.test(type);
    const channel = { kind, isScoped, tellsTime: kind !== 'checked', sees: [], placed: [] };
    this.#channels.set(type, channel);
    return channel;
  }

  #counter(invariant: string): number {
    const known = this.#invariants.indexOf(invariant);
    if (known !== -1) return known;
    this.#counts.push(0);
    return this.#invariants.push(invariant) - 1;
  }

  #court(checker: number): Court {
    return {
      witness: (invariant) => {
        const counts = this.#counts;
        const index = this.#counter(invariant);
        return () => {
          counts[index] = (counts[index] as number) + 1;
        };
      },
      report: (invariant, rule, text, proof) => {
        this.#violationCount += 1;
        const listed = (this.#listed.get(invariant) ?? 0) + 1;
        if (listed > VIOLATIONS_MAX) return;
        this.#listed.set(invariant, listed);
        const found = violation(invariant, rule, text, proof);
        this.#reportedBy.set(found, checker);
        this.violations.push(found);
      },
    };
  }

  #sessionOf(id: string): SessionFacts {
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    const session = new SessionFacts(id);
    this.#sessions.set(id, session);
    return session;
  }

  #scopeOf(event: LogEvent, session: SessionFacts | null): ScopeFacts | null {
    const id = scopeOf(event);
    if (id === null) return null;
    return session?.scope?.id === id ? session.scope : this.#scopeNamed(id);
  }

  #scopeNamed(id: string): ScopeFacts {
    const known = this.#scopes.get(id);
    if (known !== undefined) return known;
    const scope = new ScopeFacts(id);
    this.#scopes.set(id, scope);
    return scope;
  }

  /** The shared facts are always one step ahead of the checkers. */
  #note(
    channel: Channel,
    event: LogEvent,
    session: SessionFacts | null,
    scope: ScopeFacts | null,
  ): void {
    if (channel.kind === 'credential') scope?.note(event, this.#logTime);
    if (session === null) return;
    session.lastFact = event;
    if (session.started === null && session.waiting?.length === 0 && channel.kind !== 'started') {
      // A stray fact of no session: forgotten as if it had ended here.
      this.#leaving.push({ session, at: this.#logTime, seen: this.#seen });
    }
    switch (channel.kind) {
      case 'started': {
        if (session.started !== null) return;
        const id = scopeOfNames(event.data);
        session.start(event, id === null ? null : this.#scopeNamed(id));
        return;
      }
      case 'route':
        session.place(event);
        return;
      case 'state':
        session.state = event;
        return;
      case 'checked':
        if (session.scope === null) return;
        session.scope.renewBelowMs = asCount(event.data.renewBelowMs) ?? session.scope.renewBelowMs;
        return;
      case 'ended':
        if (session.ended !== null) return;
        session.end(event);
        this.#leaving.push({ session, at: this.#logTime, seen: this.#seen });
        return;
    }
  }

  #flush(session: SessionFacts): void {
    const { waiting } = session;
    session.waiting = null;
    for (const event of waiting ?? []) {
      const channel = this.#channel(event.type);
      const scope = channel.isScoped ? this.#scopeOf(event, session) : null;
      for (const handler of channel.placed) handler(event, session, scope);
    }
  }

  /** Forgets sessions whose grace period is over, unless they still owe something. */
  #sweep(): void {
    let index = 0;
    const again: Leaving[] = [];
    for (; index < this.#leaving.length; index += 1) {
      const one = this.#leaving[index] as Leaving;
      if (one.at + this.#graceMs >= this.#logTime) break;
      if (one.seen + this.#graceEvents >= this.#seen) break;
      const { session } = one;
      if (this.#sessions.get(session.id) !== session) continue;
      if (session.ended === null && session.started !== null) continue;
      if (this.#holds.some((holds) => holds(session))) again.push(one);
      else this.#leave(session);
    }
    if (index === 0) return;
    this.#leaving = this.#leaving.slice(index);
    for (const one of again) {
      this.#leaving.push({ session: one.session, at: this.#logTime, seen: this.#seen });
    }
  }

  #leave(session: SessionFacts): void {
    if (session.waiting !== null) this.#flush(session);
    for (const leaves of this.#leaves) leaves(session);
    this.#sessions.delete(session.id);
  }
}
