import type { LogEvent } from '../../machines/ports/event-log.ts';
import { errorSentence, isErrorCode } from '../../machines/rules/errors.ts';
import { count, flag, text, texts } from '../check/facts.ts';
import { exactDuration, instantWords, millisecondWords, sizeWords } from '../tui/words.ts';

/** One side of a comparison, as it stood. */
export interface Operand {
  readonly name: string;
  /** With its unit: `86,400,000 ms (24 h 00 m 00.000 s)`. */
  readonly value: string;
}

/** A decision on the way: what was compared, and what followed. */
export interface Guard {
  readonly seq: number;
  /** The question: `is it below the renewal line?`. */
  readonly question: string;
  readonly operands: readonly Operand[];
  /** `left < line`, with the true signs; null where the question is not a comparison. */
  readonly comparison: string | null;
  readonly holds: boolean;
  readonly outcome: string;
  readonly rules: readonly string[];
  /** The log says something else than its own numbers. */
  readonly contradiction: string | null;
}

/** What the events before have told: a request does not name the expiry of its credential. */
export interface GuardContext {
  /** Expiry of the credential that the session's target mover holds; null: none, or no expiry. */
  readonly heldExpiresAt: number | null;
}

export const NO_CONTEXT: GuardContext = { heldExpiresAt: null };

/** The guards that an event decides; most events decide none. */
export function guardsOf(event: LogEvent, context: GuardContext = NO_CONTEXT): readonly Guard[] {
  const make = Object.hasOwn(GUARDS, event.type) ? GUARDS[event.type] : undefined;
  return make?.(event, context) ?? [];
}

type Maker = (event: LogEvent, context: GuardContext) => readonly Guard[];

const GUARDS: Readonly<Record<string, Maker>> = {
  'credential.checked': renewalGuards,
  'credential.issued': lifetimeGuard,
  'credential.delivered': aliveGuard,
  'quota.granted': grantGuard,
  'quota.refused': refusalGuard,
  'storage.used': useGuards,
  'route.selected': routeGuard,
  'route.refused': refusedGuard,
  'session.refused': refusedGuard,
  'session.ended': endGuard,
};

const duration = (ms: number): string => `${millisecondWords(ms)} (${exactDuration(ms)})`;
const instant = (at: number): string => `${instantWords(at)} UTC`;
const bytes = (size: number): string => `${size} B (${sizeWords(size)})`;

/** The rule that makes a check happen at this moment. */
function triggerRule(event: LogEvent): string {
  if (text(event, 'trigger') === 'request') return flag(event, 'includesLine') ? 'C21' : 'C3';
  if (text(event, 'trigger') === 'heartbeat') return 'C15';
  return text(event, 'trigger') === 'forced' ? 'C20' : 'C2';
}

function renewalGuards(event: LogEvent): readonly Guard[] {
  const expiresAt = count(event, 'expiresAt');
  const decision = text(event, 'decision') ?? '?';
  const clock = text(event, 'by') === 'tenant' ? "the tenant's clock" : "the SP's clock";
  const base = { seq: event.seq, contradiction: null };
  if (expiresAt === null) {
    return [
      {
        ...base,
        question: 'is a credential held?',
        operands: [{ name: 'held', value: 'nothing' }],
        comparison: null,
        holds: false,
        outcome: decision,
        rules: [triggerRule(event), 'C12'],
      },
    ];
  }
  const leftMs = count(event, 'leftMs') ?? expiresAt - event.at;
  const lineMs = count(event, 'renewBelowMs') ?? 0;
  const includesLine = flag(event, 'includesLine') ?? false;
  const isBelow = includesLine ? leftMs <= lineMs : leftMs < lineMs;
  const expected = isBelow ? 'renew' : 'keep';
  const sign = includesLine ? '<=' : '<';
  return [
    {
      ...base,
      question: `is less left than the renewal line, on ${clock}?`,
      operands: [
        { name: 'expires at', value: instant(expiresAt) },
        { name: 'now', value: instant(expiresAt - leftMs) },
        { name: 'left', value: duration(leftMs) },
        { name: 'line', value: duration(lineMs) },
      ],
      comparison: `${millisecondWords(leftMs)} ${sign} ${millisecondWords(lineMs)}`,
      holds: isBelow,
      outcome: decision,
      rules: [triggerRule(event), 'C10'],
      contradiction:
        decision === expected
          ? null
          : `by these numbers it is "${expected}", the log says "${decision}"`,
    },
  ];
}

function lifetimeGuard(event: LogEvent): readonly Guard[] {
  const lifetimeMs = count(event, 'lifetimeMs');
  if (lifetimeMs === null) return [];
  const protocolMs = count(event, 'protocolLifetimeMs');
  const maximumMs = count(event, 'issuerMaximumMs');
  const shortest = Math.min(
    protocolMs ?? Number.POSITIVE_INFINITY,
    maximumMs ?? Number.POSITIVE_INFINITY,
  );
  const holds = lifetimeMs <= shortest;
  return [
    {
      seq: event.seq,
      question: 'how long may it live?',
      operands: [
        ...(protocolMs === null ? [] : [{ name: 'by the protocol', value: duration(protocolMs) }]),
        ...(maximumMs === null ? [] : [{ name: 'by the issuer', value: duration(maximumMs) }]),
        { name: 'issued for', value: duration(lifetimeMs) },
      ],
      comparison: `${millisecondWords(lifetimeMs)} <= ${Number.isFinite(shortest) ? millisecondWords(shortest) : 'no limit'}`,
      holds,
      outcome: `generation ${count(event, 'generation') ?? '?'}`,
      rules: ['C1', 'C14'],
      contradiction: holds ? null : 'it lives longer than both allow',
    },
  ];
}

function aliveGuard(event: LogEvent): readonly Guard[] {
  const expiresAt = count(event, 'expiresAt');
  if (expiresAt === null) return [];
  const holds = event.at < expiresAt;
  return [
    {
      seq: event.seq,
      question: 'is what is delivered still valid?',
      operands: [
        { name: "now on the SP's clock", value: instant(event.at) },
        { name: 'expires at', value: instant(expiresAt) },
        { name: 'left', value: duration(expiresAt - event.at) },
      ],
      comparison: `${instantWords(event.at)} < ${instantWords(expiresAt)}`,
      holds,
      outcome: `generation ${count(event, 'generation') ?? '?'} delivered`,
      rules: ['C10', 'C11'],
      contradiction: holds ? null : 'an expired credential was delivered',
    },
  ];
}

function grantGuard(event: LogEvent): readonly Guard[] {
  const [used, reserved, quota] = ['usedBytes', 'reservedBytes', 'quotaBytes'].map((key) =>
    count(event, key),
  );
  if (used == null || reserved == null || quota == null) return [];
  const holds = used + reserved <= quota;
  return [
    {
      seq: event.seq,
      question: 'does the quota hold this grant?',
      operands: [
        { name: 'used', value: bytes(used) },
        { name: 'reserved, with this grant', value: bytes(reserved) },
        { name: 'quota', value: bytes(quota) },
      ],
      comparison: `${used} B + ${reserved} B <= ${quota} B`,
      holds,
      outcome: `${bytes(count(event, 'grantedBytes') ?? 0)} granted`,
      rules: ['Q2'],
      contradiction: holds ? null : 'more was granted than the quota allows',
    },
  ];
}

function refusalGuard(event: LogEvent): readonly Guard[] {
  const needed = count(event, 'neededBytes') ?? 0;
  const available = count(event, 'availableBytes') ?? 0;
  const holds = needed <= available;
  return [
    {
      seq: event.seq,
      question: 'is so much of the quota left?',
      operands: [
        { name: 'needed', value: bytes(needed) },
        { name: 'left', value: bytes(available) },
      ],
      comparison: `${needed} B <= ${available} B`,
      holds,
      outcome: 'refused',
      rules: ['Q2', 'Q3'],
      contradiction: holds ? 'it was refused although it was there' : null,
    },
  ];
}

/** Only what is worth a word: a request that the storage denied, or that began too late. */
function useGuards(event: LogEvent, { heldExpiresAt }: GuardContext): readonly Guard[] {
  const startedAt = count(event, 'startedAt') ?? event.at;
  const status = text(event, 'status') ?? '?';
  const isAlive = heldExpiresAt === null || startedAt < heldExpiresAt;
  if (isAlive && !/^(credential|access|clock)\./.test(status)) return [];
  const expiry = heldExpiresAt === null ? 'no expiry' : instant(heldExpiresAt);
  return [
    {
      seq: event.seq,
      question: 'does the request start before its credential ends?',
      operands: [
        { name: 'started at', value: instant(startedAt) },
        { name: 'ended at', value: instant(count(event, 'endedAt') ?? event.at) },
        { name: 'credential expires at', value: expiry },
      ],
      comparison:
        heldExpiresAt === null
          ? null
          : `${instantWords(startedAt)} < ${instantWords(heldExpiresAt)}`,
      holds: isAlive,
      outcome: `${text(event, 'operation') ?? '?'}: ${status}`,
      rules: ['C16'],
      contradiction: isAlive || status !== 'ok' ? null : 'it started with an expired credential',
    },
  ];
}

function routeGuard(event: LogEvent): readonly Guard[] {
  const conditions = ['needsHttpProxy', 'isTenantConfigBackup', 'strictGateway', 'hasImmutability'];
  return [
    {
      seq: event.seq,
      question: 'which way does the data go?',
      operands: [
        { name: 'storage', value: text(event, 'storage') ?? '?' },
        { name: 'mode', value: text(event, 'mode') ?? '?' },
        { name: 'access option', value: text(event, 'access') ?? 'unset' },
        { name: 'job', value: text(event, 'jobKind') ?? '?' },
        ...conditions
          .filter((key) => flag(event, key) === true)
          .map((key) => ({ name: key, value: 'yes' })),
      ],
      comparison: null,
      holds: true,
      outcome: `${text(event, 'dataPath') ?? '?'}, target mover on ${text(event, 'targetHost') ?? '?'}`,
      rules: texts(event, 'rules'),
      contradiction: null,
    },
  ];
}

function refusedGuard(event: LogEvent): readonly Guard[] {
  const rule = text(event, 'rule');
  return [codeGuard(event, 'may the session begin?', 'refused', rule === null ? [] : [rule])];
}

function endGuard(event: LogEvent): readonly Guard[] {
  const state = text(event, 'state') ?? '?';
  if (state === 'done') return [];
  return [codeGuard(event, 'did the session reach its end?', state, [])];
}

function codeGuard(
  event: LogEvent,
  question: string,
  outcome: string,
  rules: readonly string[],
): Guard {
  const code = text(event, 'code');
  const sentence = isErrorCode(code) ? errorSentence(code) : (code ?? 'without a reason');
  const named = [...sentence.matchAll(/\b([A-Z]\d+)\b/g)].map((match) => match[1] as string);
  return {
    seq: event.seq,
    question,
    operands: [{ name: 'reason', value: code === null ? sentence : `${code}: ${sentence}` }],
    comparison: null,
    holds: false,
    outcome,
    rules: [...new Set([...rules, ...named])],
    contradiction: null,
  };
}
