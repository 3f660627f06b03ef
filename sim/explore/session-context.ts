import type { SessionContext } from '../../machines/backup-session/index.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { Renumbering } from './generations.ts';
import { NOW, WIRE_AT } from './life-line.ts';
import type { Letter } from './messages.ts';
import type { SessionLocal } from './session-local.ts';

interface Mapping {
  readonly time?: (at: EpochMs) => EpochMs;
  readonly alarm?: (at: EpochMs) => EpochMs;
  readonly generation?: Renumbering;
}

/**
 * The context in one form that no guard can tell apart: deadlines of the wire are set or not, a spent
 * check (C20) is recent or forgotten, and what is not read any more before it is written anew is
 * left out. `test/sim/explore/forgetting.test.ts` takes every step with other values in its place.
 */
export function settledContext(
  context: SessionContext,
  path: string,
  now: EpochMs,
): SessionContext {
  const { deadlines, checkSpent, credential, input } = context;
  const wire = (at: EpochMs | null): EpochMs | null => (at === null ? null : WIRE_AT);
  const isHeldRead =
    input.inSession === 'proactive' && ['active.running', 'active.awaitingQuota'].includes(path);
  const settled: SessionContext = {
    ...context,
    lastError: null,
    outageSince: null,
    held: isHeldRead ? context.held : NOTHING_HELD,
    credential: credential === null ? null : { ...credential, degraded: false },
    checkSpent:
      checkSpent === null
        ? null
        : { ...checkSpent, at: isCheckRecent(context, now) ? now : forgottenAt(context, now) },
    deadlines: {
      ...deadlines,
      budget: wire(deadlines.budget),
      heartbeat: beat(deadlines.heartbeat),
    },
  };
  return path.startsWith('ending.') ? { ...settled, ...ENDING } : settled;
}

const NOTHING_HELD: SessionContext['held'] = { generation: 0, expiresAt: null };

/** The end asks for the outcome and for nothing else. */
const ENDING = {
  credential: null,
  checkSpent: null,
  trigger: 'connect',
  isSourceReady: false,
  isTargetReady: false,
  hasTransferStarted: false,
  drainReason: null,
  isMarginSpent: false,
  restarts: 0,
} as const satisfies Partial<SessionContext>;

/** Due, or not yet: it rings again and again beside the life of the credential. */
function beat(at: EpochMs | null): EpochMs | null {
  if (at === null) return null;
  return at <= NOW ? NOW : WIRE_AT;
}

export function isCheckRecent({ checkSpent, input }: SessionContext, now: EpochMs): boolean {
  return checkSpent !== null && checkSpent.at > now - input.reconnectBudgetMs;
}

function forgottenAt({ input }: SessionContext, now: EpochMs): EpochMs {
  return now - input.reconnectBudgetMs;
}

export function withCheckForgotten(context: SessionContext, now: EpochMs): SessionContext {
  const { checkSpent } = context;
  if (checkSpent === null) return context;
  return { ...context, checkSpent: { ...checkSpent, at: forgottenAt(context, now) } };
}

/** When so much time passes, what is set for later is due, and what was recent is long ago. */
export function withTimePassed(
  context: SessionContext,
  passedMs: number,
  now: EpochMs,
): SessionContext {
  const { input, deadlines, checkSpent } = context;
  const { heartbeat } = deadlines;
  const isBeatDue = heartbeat !== null && passedMs >= input.heartbeatMs;
  const isForgotten = checkSpent !== null && passedMs >= input.reconnectBudgetMs;
  return {
    ...context,
    checkSpent: isForgotten ? { ...checkSpent, at: forgottenAt(context, now) } : checkSpent,
    deadlines: isBeatDue ? { ...deadlines, heartbeat: NOW } : deadlines,
  };
}

export function mapSession(local: SessionLocal, mapping: Mapping): SessionLocal {
  const { context } = local;
  if (context === null) return local;
  const { time = (at: EpochMs) => at, alarm = time, generation = (one: number) => one } = mapping;
  const timeOrNull = (at: EpochMs | null): EpochMs | null => (at === null ? null : time(at));
  const alarmOrNull = (at: EpochMs | null): EpochMs | null => (at === null ? null : alarm(at));
  const told = <Told extends { readonly generation: number; readonly expiresAt: EpochMs | null }>(
    one: Told,
  ): Told => ({
    ...one,
    generation: generation(one.generation),
    expiresAt: timeOrNull(one.expiresAt),
  });
  const letter = (one: Letter): Letter => (one.type === 'refused' ? one : told(one));
  const { checkSpent, deadlines } = context;
  return {
    ...local,
    context: {
      ...context,
      held: told(context.held),
      credential: context.credential === null ? null : told(context.credential),
      checkSpent:
        checkSpent === null
          ? null
          : { ...checkSpent, generation: generation(checkSpent.generation) },
      deadlines: {
        ...deadlines,
        stopStarting: alarmOrNull(deadlines.stopStarting),
        expiry: alarmOrNull(deadlines.expiry),
      },
    },
    outbox: local.outbox.map((ask) => ({
      ...ask,
      heldGeneration: generation(ask.heldGeneration),
    })),
    inbox: local.inbox.map(letter),
  };
}
