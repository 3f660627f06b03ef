import type { TenantCheck } from '../../machines/backup-session/index.ts';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import { type ErrorCode, isErrorCode } from '../../machines/rules/errors.ts';
import type { EpochMs } from '../../machines/rules/time.ts';

/** What later lines of the log tell about a session's settings and end. */
export interface SessionHints {
  /** C2, C3: the line by which the session checks, and who does; null where nobody has. */
  check: TenantCheck | null;
  hasEnded: boolean;
  endState: string | null;
  endCode: ErrorCode | null;
  /** C15: only a `proactive` session checks at heartbeats, and every such check is told. */
  hasHeartbeats: boolean;
  isQuotaRefused: boolean;
}

/** The settings of a scope from a line on; they change when its desk is opened anew. */
interface Dated<Value> {
  readonly seq: number;
  readonly value: Value;
}

export interface CheckHint {
  readonly seq: number;
  readonly at: EpochMs;
  readonly renewBelowMs: number;
  readonly includesLine: boolean;
}

/** What later lines tell about a scope. */
export class ScopeHints {
  readonly checks: Dated<CheckHint>[] = [];
  readonly lifetimes: Dated<number>[] = [];
  readonly generations: Dated<number>[] = [];
  /** Lines that a disabled scope writes (C22). */
  readonly disabledSigns: Dated<number>[] = [];

  /** The SP's own check that follows a request: on its own clock, with the line that it went by. */
  checkFrom(seq: number): CheckHint | null {
    return firstFrom(this.checks, seq) ?? this.checks.at(-1)?.value ?? null;
  }

  /** C22: the scope may be disabled now; before it answers anybody again, some line would say so. */
  mayBeDisabledFrom(seq: number): boolean {
    const sign = firstFrom(this.disabledSigns, seq);
    const checkSeq = firstFrom(this.checks, seq)?.seq ?? Number.POSITIVE_INFINITY;
    return sign !== null && sign < checkSeq;
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
      hints = {
        check: null,
        hasEnded: false,
        endState: null,
        endCode: null,
        hasHeartbeats: false,
        isQuotaRefused: false,
      };
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
    if (session !== null) this.#seeSession(event, this.session(session));
    if (scope === null) return;
    if (type === 'credential.checked' && data.by === 'sp') {
      this.scope(scope).checks.push({ seq, value: checkHint(event) });
    }
    const isNumbered = ['credential.issued', 'credential.issueFailed', 'credential.orphaned'];
    if (isNumbered.includes(type)) {
      this.scope(scope).generations.push({ seq, value: Number(data.generation) });
    }
    if (type === 'credential.revoked' || data.code === 'tenant.disabled') {
      this.scope(scope).disabledSigns.push({ seq, value: seq });
    }
    if (type === 'credential.issued') {
      this.scope(scope).lifetimes.push({ seq, value: Number(data.lifetimeMs) });
    }
  }

  #seeSession(event: LogEvent, hints: SessionHints): void {
    const { type, data } = event;
    switch (type) {
      case 'session.ended':
        hints.hasEnded = true;
        hints.endState = typeof data.state === 'string' ? data.state : null;
        hints.endCode = isErrorCode(data.code) ? data.code : null;
        return;
      case 'quota.refused':
        hints.isQuotaRefused = true;
        return;
      case 'credential.requested':
        hints.hasHeartbeats ||= data.trigger === 'heartbeat';
        return;
      case 'credential.checked':
        hints.hasHeartbeats ||= data.trigger === 'heartbeat';
        this.#seeCheck(event, hints);
        return;
      default:
        return;
    }
  }

  #seeCheck(event: LogEvent, hints: SessionHints): void {
    const isByTenant = event.data.by === 'tenant';
    if (hints.check?.isByTenant === true) return;
    if (hints.check !== null && !isByTenant) return;
    const { renewBelowMs, includesLine } = checkHint(event);
    hints.check = { renewBelowMs, includesLine, isByTenant };
  }
}

function checkHint({ seq, at, data }: LogEvent): CheckHint {
  return {
    seq,
    at,
    renewBelowMs: Number(data.renewBelowMs),
    includesLine: data.includesLine === true,
  };
}
