import type { ErrorCode } from '../../machines/rules/errors.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { Choice, ChoiceKind, Outlook } from './cell.ts';
import { bitOf } from './generations.ts';
import { NOW } from './life-line.ts';
import type { Awaited, SessionMessage } from './messages.ts';
import type { SessionCell } from './session-cell.ts';
import type { SessionLocal } from './session-local.ts';
import type { FaultKind } from './settings.ts';

type Add = (message: SessionMessage, kind?: ChoiceKind) => void;
type Fault = (kind: FaultKind, message: SessionMessage) => void;

const STORAGE_FAILURES: readonly ErrorCode[] = ['storage.unavailable', 'access.denied'];
const REPEATED: readonly Awaited[] = ['source', 'target', 'drain', 'stop', 'close'];

/** Everything that may happen next to one session. */
export function choicesOf(
  local: SessionLocal,
  cell: SessionCell,
): readonly Choice<SessionMessage>[] {
  const { settings } = cell;
  if (local.context === null) return [{ message: { type: 'start' }, kind: 'start', cost: 0 }];
  const choices: Choice<SessionMessage>[] = [];
  const add: Add = (message, kind = 'answer') => choices.push({ message, kind, cost: 0 });
  const fault: Fault = (kind, message) => {
    if (settings.faults.includes(kind)) choices.push({ message, kind: 'fault', cost: 1 });
  };
  addAnswers(local, cell, add, fault);
  addLetters(local, add, fault);
  addWork(local, cell, add, fault);
  addLosses(local, cell, add, fault);
  addAlarms(local, cell, add, fault);
  if (settings.hasUser) addWishes(local, cell, choices);
  if (cell.isCheckRecent(local.context)) add({ type: 'forget' }, 'alarm');
  return choices;
}

function addAnswers(local: SessionLocal, cell: SessionCell, add: Add, fault: Fault): void {
  const isGateway = local.context?.route?.dataPath === 'gateway';
  for (const of of local.awaited) {
    // A mover at the SP starts, and is heard of, over the channel.
    if (of === 'target' && isGateway && !local.isChannelUp) continue;
    if (of === 'open') {
      for (const route of cell.settings.openings.keys()) add({ type: 'opened', route });
      fault('refusal', { type: 'fail', of, code: 'maintenance.mode' });
    } else if (of === 'contact') add({ type: 'reach' });
    else add({ type: 'answer', of, again: false });
    if (REPEATED.includes(of)) fault('repeat', { type: 'answer', of, again: true });
    if (of !== 'source' && of !== 'target') continue;
    fault('mover', { type: 'fail', of, code: 'mover.exited' });
    fault('mover', { type: 'fail', of, code: 'mover.notStarted' });
  }
}

function addLetters(local: SessionLocal, add: Add, fault: Fault): void {
  if (local.outbox.length > 0) {
    add({ type: 'arrive', again: false });
    fault('repeat', { type: 'arrive', again: true });
    fault('loss', { type: 'lose' });
  }
  if (local.inbox.length === 0) return;
  add({ type: 'read', again: false });
  fault('repeat', { type: 'read', again: true });
}

function addWork(local: SessionLocal, cell: SessionCell, add: Add, fault: Fault): void {
  const { context, engine } = local;
  if (engine !== 'moving' || context === null) return;
  add({ type: 'work', fact: 'completed' }, 'work');
  const expiresAt = context.credential?.expiresAt ?? null;
  const isOver = expiresAt !== null && expiresAt <= cell.now;
  // C16: the mover's own clock stops it; the storage may say so earlier.
  if (isOver) add({ type: 'work', fact: 'credentialExpired' });
  else fault('storage', { type: 'work', fact: 'credentialExpired' });
  fault('quota', { type: 'work', fact: 'quotaExhausted' });
  for (const code of STORAGE_FAILURES) fault('storage', { type: 'workFails', code });
}

function addLosses(local: SessionLocal, cell: SessionCell, add: Add, fault: Fault): void {
  const { context, isChannelUp, isInContact, isForgotten } = local;
  if (context === null) return;
  const isGateway = context.route?.dataPath === 'gateway';
  if (isChannelUp) fault('channel', { type: 'channelDown' });
  else add({ type: 'channelUp' });
  if (isInContact) fault('contact', { type: 'contactDown' });
  const isRunning = context.isSourceReady && context.isTargetReady;
  if (isRunning) {
    fault('mover', { type: 'moverExits', role: 'source' });
    fault('mover', { type: 'moverExits', role: 'target' });
  }
  const isAsking = !['active.connecting', 'active.opening'].includes(cell.pathOf(local));
  if (isForgotten && isChannelUp && isGateway && isAsking) add({ type: 'gone' });
  if (local.isToldToStop) add({ type: 'stopped' });
  fault('restart', { type: 'restart' });
}

function addAlarms(local: SessionLocal, cell: SessionCell, add: Add, fault: Fault): void {
  const deadlines = local.context?.deadlines;
  if (deadlines === undefined) return;
  const { budget, stopStarting, expiry, heartbeat } = deadlines;
  if (isDue(stopStarting, cell.now)) add({ type: 'alarm', name: 'stopStarting' }, 'alarm');
  if (isDue(expiry, cell.now)) add({ type: 'alarm', name: 'expiry' }, 'alarm');
  // What is under way is there long before the next heartbeat.
  if (heartbeat !== null && local.outbox.length + local.inbox.length > 0) {
    fault('late', { type: 'alarm', name: 'heartbeat' });
  } else if (heartbeat !== null) add({ type: 'alarm', name: 'heartbeat' }, 'alarm');
  if (budget === null) return;
  if (isAnswerable(local)) fault('late', { type: 'alarm', name: 'budget' });
  else add({ type: 'alarm', name: 'budget' }, 'alarm');
}

/**
 * Whether the answer is about to come: then only a fault is slower. A desk that works, and a channel
 * that is down, may take as long as they like.
 */
function isAnswerable({ awaited, outbox, inbox }: SessionLocal): boolean {
  return awaited.some((of) => of !== 'quota') || outbox.length + inbox.length > 0;
}

function addWishes(
  local: SessionLocal,
  cell: SessionCell,
  choices: Choice<SessionMessage>[],
): void {
  const path = cell.pathOf(local);
  const wish = (name: 'paused' | 'cancelled'): void => {
    choices.push({ message: { type: 'user', wish: name }, kind: 'user', cost: 1 });
  };
  if (path === 'active.running') wish('paused');
  if (path.startsWith('active.')) wish('cancelled');
  if (path === 'active.pausedByUser' || local.context?.drainReason === 'user') {
    choices.push({ message: { type: 'user', wish: 'continued' }, kind: 'answer', cost: 0 });
  }
}

function isDue(at: EpochMs | null, now: EpochMs): boolean {
  return at !== null && at <= now;
}

export function outlookOf(local: SessionLocal, cell: SessionCell): Outlook {
  const { context, outbox, inbox, awaited } = local;
  let generations = 0;
  let boundaryMs = Number.POSITIVE_INFINITY;
  let waitMaxMs = Number.POSITIVE_INFINITY;
  if (context === null) {
    return { generations, isUrgent: false, boundaryMs, waitMaxMs, isBusy: false };
  }
  const see = (generation: number, expiresAt: EpochMs | null): void => {
    generations |= bitOf(generation);
    if (expiresAt === null) return;
    boundaryMs = Math.min(boundaryMs, cell.line.boundaryOf(expiresAt));
  };
  see(context.held.generation, context.held.expiresAt);
  if (context.credential !== null) see(context.credential.generation, context.credential.expiresAt);
  see(context.checkSpent?.generation ?? 0, null);
  for (const { heldGeneration } of outbox) see(heldGeneration, null);
  for (const letter of inbox)
    if (letter.type !== 'refused') see(letter.generation, letter.expiresAt);
  const { deadlines, input } = context;
  const { quotaWaitMs, reconnectBudgetMs } = input;
  const isWaiting = awaited.length + outbox.length + inbox.length > 0;
  const longestMs = Math.max(quotaWaitMs, reconnectBudgetMs);
  if (deadlines.budget !== null || isWaiting) waitMaxMs = longestMs;
  const isUrgent =
    isDue(deadlines.stopStarting, cell.now) ||
    isDue(deadlines.expiry, cell.now) ||
    isDue(deadlines.heartbeat, NOW);
  return { generations, isUrgent, boundaryMs, waitMaxMs, isBusy: true };
}
