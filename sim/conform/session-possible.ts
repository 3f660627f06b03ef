import type {
  backupSessionMachine,
  MoverRole,
  SessionContext,
  SessionEvent,
} from '../../machines/backup-session/index.ts';
import type { CheckTrigger } from '../../machines/credential-lifecycle/index.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { Placed } from './machine-tables.ts';
import type { Hypothesis } from './pool.ts';

/** A line that must come before the machine takes its next step. */
export type OwedLine =
  | { readonly type: 'session.state'; readonly state: string }
  | { readonly type: 'session.ended'; readonly state: string; readonly code: string | null }
  | {
      /** C2: what was checked is known when the line tells at which instant; then taken again. */
      readonly type: 'credential.checked';
      readonly state: number;
      readonly context: SessionContext;
      readonly event: SessionEvent;
    };

export interface AskedCredential {
  readonly trigger: CheckTrigger;
  readonly renew: boolean;
  readonly heldGeneration: number;
}

/** What the world was asked for and may do, once the log says so. */
export interface Openings {
  /** `session.open` that no route or refusal has answered. */
  readonly opens: number;
  readonly starting: readonly string[];
  readonly hasContacted: boolean;
  /** The newest: an answer to one that is older would not be taken (F24). */
  readonly asked: AskedCredential | null;
}

/** Where a session may be. */
export interface SessionPossible extends Hypothesis {
  readonly state: number;
  readonly context: SessionContext;
  /** The state that the log has told last. */
  readonly told: string;
  readonly owed: readonly OwedLine[];
  readonly openings: Openings;
  /** How many of the SP's news, and of its contacts, were heard or are lost. */
  readonly newsHeard: number;
  readonly contactsHeard: number;
}

export const NO_OPENINGS: Openings = { opens: 0, starting: [], hasContacted: false, asked: null };

export function moverName(role: MoverRole | string, host: string): string {
  return `${role} mover on ${host}`;
}

/** Asked again and again while the connection comes and goes; so many are remembered. */
const OPENS_MAX = 2;

/** The requests of one step, as what the world may do from now on. */
export function withRequests(
  openings: Openings,
  requests: Placed<typeof backupSessionMachine>['requests'],
): Openings {
  let next = openings;
  for (const request of requests) {
    switch (request.type) {
      case 'session.open':
        next = { ...next, opens: Math.min(OPENS_MAX, next.opens + 1) };
        break;
      case 'mover.start':
        next = { ...next, starting: [...next.starting, moverName(request.role, request.host)] };
        break;
      case 'mover.contact':
        if (!next.hasContacted) next = { ...next, hasContacted: true };
        break;
      case 'credential.request': {
        const { trigger, renew, heldGeneration } = request;
        next = { ...next, asked: { trigger, renew, heldGeneration } };
        break;
      }
      default:
        break;
    }
  }
  return next;
}

/** Everything that a later step can depend on. */
export function withKey(possible: Omit<SessionPossible, 'key'>): SessionPossible {
  const { context, owed } = possible;
  const { input, route: _route, lastError: _lastError, deadlines, ...rest } = context;
  const armed = Object.entries(deadlines).map(([name, at]) => (at === null ? '' : name));
  const owing = owed.map((line) => (line.type === 'credential.checked' ? [line.event] : line));
  const key = JSON.stringify([
    possible.state,
    possible.told,
    rest,
    [input.inSession, input.quotaWaitMs],
    armed,
    deadlines.expiry,
    deadlines.budget,
    owing,
    possible.openings,
    possible.newsHeard,
    possible.contactsHeard,
  ]);
  return { ...possible, key };
}

/** A fact from the log that the session hears some time after it was told, in their order. */
export interface News {
  readonly event: NewsEvent;
  readonly at: EpochMs;
}

export type NewsEvent = SessionEvent extends infer Event
  ? Event extends { readonly at: EpochMs }
    ? Omit<Event, 'at'>
    : never
  : never;
