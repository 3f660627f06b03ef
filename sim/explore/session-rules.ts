import type {
  backupSessionMachine,
  SessionEvent,
  SessionRequest,
} from '../../machines/backup-session/index.ts';
import { formatDuration } from '../../machines/rules/duration.ts';
import type { Broken } from './cell.ts';
import type { Stepped } from './machine-step.ts';
import { isBelowLine, lineRule } from './scope-rules.ts';
import type { SessionCell } from './session-cell.ts';
import type { SessionLocal } from './session-local.ts';

/** Rules of the tenant's side, looked at from outside of its machine (see `scope-rules.ts`). */
export function checkRequests(
  before: SessionLocal,
  event: SessionEvent,
  stepped: Stepped<typeof backupSessionMachine>,
  cell: SessionCell,
  broken: Broken[],
): void {
  for (const request of stepped.requests) {
    checkDecision(request, cell, broken);
    checkUse(request, stepped, cell, broken);
  }
  checkRouteFixed(before, stepped, cell, broken);
  const wasOver = before.context?.outcome ?? null;
  if (wasOver !== null && JSON.stringify(wasOver) !== JSON.stringify(stepped.context.outcome)) {
    broken.push({ ids: 'I71', sentence: `the outcome stands (after ${event.type})` });
  }
}

/** C2, C10, C11: the tenant's own check, on its own clock, against what the SP says it holds. */
function checkDecision(request: SessionRequest, cell: SessionCell, broken: Broken[]): void {
  if (request.type !== 'credential.checked' || request.expiresAt === null) return;
  const leftMs = request.expiresAt - cell.now;
  const { life } = cell.settings;
  const expected = leftMs <= 0 || isBelowLine(leftMs, life) ? 'renew' : 'keep';
  if (request.decision === expected && request.leftMs === leftMs) return;
  const sentence =
    `I23: with ${formatDuration(leftMs)} left and the line at ` +
    `${formatDuration(life.renewBelowMs)} the check says "${expected}", not "${request.decision}"`;
  broken.push({ ids: lineRule(cell.settings), sentence });
}

/**
 * C16, I37: nothing is started with a credential that has ended on this clock. An order to go on may
 * cross with the end; then the alarm that stops it is due in the same moment.
 */
function checkUse(
  request: SessionRequest,
  { context }: Stepped<typeof backupSessionMachine>,
  cell: SessionCell,
  broken: Broken[],
): void {
  if (request.type !== 'transfer.start' && request.type !== 'transfer.resume') return;
  const expiresAt = context.credential?.expiresAt ?? null;
  if (context.route?.dataPath !== 'direct' || expiresAt === null) return;
  const { stopStarting, expiry } = context.deadlines;
  const isStopped = [stopStarting, expiry].some((at) => at !== null && at <= cell.now);
  if (expiresAt > cell.now || isStopped) return;
  const sentence = `no transfer starts with a credential that has ended (${request.type})`;
  broken.push({ ids: 'C16, I37', sentence });
}

/** M8: what the SP decided when the session was opened stays for its life. */
function checkRouteFixed(
  before: SessionLocal,
  { context }: Stepped<typeof backupSessionMachine>,
  cell: SessionCell,
  broken: Broken[],
): void {
  const route = before.context?.route ?? null;
  if (route === null || cell.pathOf(before) === 'active.opening') return;
  if (JSON.stringify(route) === JSON.stringify(context.route)) return;
  broken.push({ ids: 'M8, I16', sentence: 'the route is fixed for the life of a session' });
}

/** C15: when time has passed the end of a credential, nobody still moves bytes with it. */
export function checkRunning(
  path: string,
  { context, engine }: SessionLocal,
  cell: SessionCell,
  broken: Broken[],
): void {
  const expiresAt = context?.credential?.expiresAt ?? null;
  if (path !== 'active.running' || engine !== 'moving' || expiresAt === null) return;
  const { stopStarting, expiry } = context?.deadlines ?? { stopStarting: null, expiry: null };
  const isWatched = [stopStarting, expiry].some((at) => at !== null && at <= cell.now);
  if (expiresAt > cell.now || isWatched) return;
  broken.push({ ids: 'C15, C16', sentence: 'a running session notices the end of its credential' });
}
