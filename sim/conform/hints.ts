import type { TenantCheck } from '../../machines/backup-session/index.ts';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import { type ErrorCode, isErrorCode } from '../../machines/rules/errors.ts';
import type { EpochMs } from '../../machines/rules/time.ts';

/** What later lines of the log tell about a session's settings and end. */
export interface SessionHints {
  /** C2, C3: the line by which the session checks, and who does; null where nobody has. */
  check: TenantCheck | null;
  endCode: ErrorCode | null;
}

/** The settings of a scope from a line on; they change when its desk is opened anew. */
interface Dated<Value> {
  readonly seq: number;
  readonly value: Value;
}

export interface CheckHint {
  readonly at: EpochMs;
  readonly renewBelowMs: number;
  readonly includesLine: boolean;
}

/** What later lines tell about a scope. */
export class ScopeHints {
  readonly checks: Dated<CheckHint>[] = [];
  readonly lifetimes: Dated<number>[] = [];
  readonly generations: Dated<number>[] = [];

  /** The SP's own check that follows a request: on its own clock, with the line that it went by. */
  checkFrom(seq: number): CheckHint | null {
    return firstFrom(this.checks, seq) ?? this.checks.at(-1)?.value ?? null;
  }

  lifetimeFrom(seq: number): number | null {
    return firstFrom(this.lifetimes, seq) ?? this.lifetimes.at(-1)?.value ?? null;
  }

  /** The number that the log tells next; null when it tells none any more. */
  generationFrom(seq: number): number | null {
    return firstFrom(this.generations, seq);
  }
}

function firstFrom<Value>(dated: readonly Dated<Value>[], seq: number): Value | null {
  let [low, high] = [0, dated.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((dated[middle] as Dated<Value>).seq < seq) low = middle + 1;
    else high = middle;
  }
  return dated[low]?.value ?? null;
}

/**
 * A first reading of the log: what is decided early and told late. A machine's settings stand in no
 * line of their own; what it did by them does.
 */
export class Hints {
  readonly #sessions = new Map<string, SessionHints>();
  readonly #scopes = new Map<string, ScopeHints>();

  session(id: string): SessionHints {
    let hints = this.#sessions.get(id);
    if (hints === undefined) {
      hints = { check: null, endCode: null };
      this.#sessions.set(id, hints);
    }
    return hints;
  }

  scope(id: string): ScopeHints {
    let hints = this.#scopes.get(id);
    if (hints === undefined) {
      hints = new ScopeHints();
      this.#scopes.set(id, hints);
    }
    return hints;
  }

  see(event: LogEvent, scope: string | null): void {
    const { type, session, data, seq } = event;
    if (session !== null && type === 'session.ended' && isErrorCode(data.code)) {
      this.session(session).endCode = data.code;
    }
    if (session !== null && type === 'credential.checked') this.#seeCheck(event, session);
    if (scope === null) return;
    if (type === 'credential.checked' && data.by === 'sp') {
      this.scope(scope).checks.push({ seq, value: checkHint(event) });
    }
    const isNumbered = ['credential.issued', 'credential.issueFailed', 'credential.orphaned'];
    if (isNumbered.includes(type)) {
      this.scope(scope).generations.push({ seq, value: Number(data.generation) });
    }
    if (type === 'credential.issued') {
      this.scope(scope).lifetimes.push({ seq, value: Number(data.lifetimeMs) });
    }
  }

  #seeCheck(event: LogEvent, session: string): void {
    const hints = this.session(session);
    const isByTenant = event.data.by === 'tenant';
    if (hints.check?.isByTenant === true) return;
    if (hints.check !== null && !isByTenant) return;
    const { renewBelowMs, includesLine } = checkHint(event);
    hints.check = { renewBelowMs, includesLine, isByTenant };
  }
}

function checkHint({ at, data }: LogEvent): CheckHint {
  return {
    at,
    renewBelowMs: Number(data.renewBelowMs),
    includesLine: data.includesLine === true,
  };
}
