import type {
  backupSessionMachine,
  SessionContext,
  SessionEvent,
} from '../../machines/backup-session/index.ts';
import type { Stepped } from './machine-step.ts';
import type { Ask, Awaited, Letter } from './messages.ts';

type Machine = typeof backupSessionMachine;
/** What a session hears; when, is filled in. */
export type SessionFact = SessionEvent extends infer One
  ? One extends unknown
    ? Omit<One, 'at'>
    : never
  : never;

/** One session at the tenant: its machine, its movers, and what is under way to and from it. */
export interface SessionLocal {
  readonly state: number;
  /** `null`: no session; the place is free. */
  readonly context: SessionContext | null;
  /** Whose answers the session waits for; in the order of their names. */
  readonly awaited: readonly Awaited[];
  readonly isChannelUp: boolean;
  /** The target mover's own connection to the SP (P3). */
  readonly isInContact: boolean;
  readonly engine: 'off' | 'moving' | 'paused';
  /** Of the open request for a credential; `null`: none is open (F24). */
  readonly turn: 0 | 1 | null;
  readonly nextTurn: 0 | 1;
  /** Requests of the target mover that have not reached the SP, in order. */
  readonly outbox: readonly Ask[];
  /** From the SP to the target mover, in order. */
  readonly inbox: readonly Letter[];
  /** The SP was started anew and has not heard of this session. */
  readonly isForgotten: boolean;
  /** C22: the SP has told the tenant to stop this session. */
  readonly isToldToStop: boolean;
}

export const FREE: SessionLocal = {
  state: -1,
  context: null,
  awaited: [],
  isChannelUp: true,
  isInContact: false,
  engine: 'off',
  turn: null,
  nextTurn: 0,
  outbox: [],
  inbox: [],
  isForgotten: false,
  isToldToStop: false,
};

export const NO_LETTERS = { turn: null, nextTurn: 0, outbox: [], inbox: [] } as const;
export const GATEWAY_ORDERS: readonly Awaited[] = ['drain', 'abort', 'clean'];
const OF_MOVERS: readonly Awaited[] = [
  'source',
  'target',
  'contact',
  'drain',
  'abort',
  'clean',
  'exit',
];

export function workFact(fact: 'completed' | 'credentialExpired' | 'quotaExhausted'): SessionFact {
  if (fact === 'quotaExhausted') return { type: 'quota.exhausted' };
  return { type: fact === 'completed' ? 'transfer.completed' : 'transfer.credentialExpired' };
}

export function placed({
  state,
  context,
}: Stepped<Machine>): Pick<SessionLocal, 'state' | 'context'> {
  return { state, context };
}

export function awaiting(local: SessionLocal, of: Awaited): SessionLocal {
  return { ...local, awaited: [...local.awaited, of] };
}

export function without(local: SessionLocal, of: Awaited): SessionLocal {
  return { ...local, awaited: local.awaited.filter((one) => one !== of) };
}

export function withoutMovers(local: SessionLocal): SessionLocal {
  const awaited = local.awaited.filter((one) => !OF_MOVERS.includes(one));
  return { ...local, ...NO_LETTERS, awaited, isInContact: false, engine: 'off' };
}
