import type {
  LifecycleContext,
  LifecycleEvent,
  LifecycleRequest,
} from '../../machines/credential-lifecycle/index.ts';
import { formatDuration } from '../../machines/rules/duration.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { Broken } from './cell.ts';
import { NOW } from './life-line.ts';
import type { ScopeLocal } from './scope-cell.ts';
import type { DeskSettings } from './settings.ts';

/**
 * Rules of the SP's desk, looked at from outside of its machine. The comparisons are written out
 * here once more on purpose: a check that asked the machine's own guards could not find them wrong.
 */
type Asked = Extract<LifecycleEvent, { type: 'credential.requested' }>;

/** C2, C3, C10, C21: whether so much life is less than the line. */
export function isBelowLine(leftMs: number, line: DeskSettings['life']): boolean {
  return line.includesLine ? leftMs <= line.renewBelowMs : leftMs < line.renewBelowMs;
}

/** The rule that says when this kind of credential is renewed. */
export function lineRule({ life, lifecycle }: DeskSettings): string {
  if (life.includesLine) return 'C21, C10';
  return lifecycle.checkedAt === 'request' ? 'C3, C10' : 'C2, C10';
}

/** What the desk did with one request, by what the SP held when it came. */
export function checkAsked(
  state: string,
  before: LifecycleContext,
  asked: Asked,
  requests: readonly LifecycleRequest[],
  settings: DeskSettings,
  broken: Broken[],
): void {
  const { current } = before;
  const isIssuing = requests.some(({ type }) => type === 'records.recordIntent');
  if (current === null || !state.startsWith('live.')) return;
  const leftMs = current.expiresAt - NOW;
  const isBelow = isBelowLine(leftMs, settings.life);
  const left = `${formatDuration(leftMs)} left, line ${formatDuration(settings.life.renewBelowMs)}`;
  // C11: a tenant whose clock runs ahead may ask early; then C13 bounds it.
  if (isIssuing && !isBelow && settings.life.skewMs === 0) {
    const sentence = `I21: a credential at or above the line is kept (${left})`;
    broken.push({ ids: lineRule(settings), sentence });
  }
  const isSpCheck =
    settings.lifecycle.checkedAt === 'request' || settings.lifecycle.checkClock === 'sp';
  const isMeant = asked.renew && asked.heldGeneration === current.generation;
  const isDue = leftMs <= 0 || (isBelow && (isSpCheck || asked.trigger === 'forced' || isMeant));
  const isStandIn = requests.some((one) => one.type === 'credential.deliver' && one.degraded);
  if (isDue && !isIssuing && !isStandIn) {
    const sentence = `I22: a credential below the line, or over, is renewed (${left})`;
    broken.push({ ids: lineRule(settings), sentence });
  }
}

export function checkDelivery(expiresAt: EpochMs, broken: Broken[]): void {
  if (expiresAt > NOW) return;
  broken.push({ ids: 'C11, I37', sentence: 'the SP delivers no credential that is over' });
}

export function checkIssue(local: ScopeLocal, generation: number, broken: Broken[]): void {
  if (local.journalled !== generation) {
    broken.push({ ids: 'I74', sentence: 'the intent is journalled before the issuer is called' });
  }
  if (local.calls.some((call) => call.kind === 'issue' && !call.isLate)) {
    broken.push({ ids: 'C12, I31', sentence: 'at most one issue of a scope is in flight' });
  }
}

/** What must hold of the desk after everything that a step has asked for. */
export function checkSteps(local: ScopeLocal, settings: DeskSettings, broken: Broken[]): void {
  const { generationsMax } = settings.lifecycle;
  const { current } = local.context;
  const alive = local.records.filter((one) => one.expiresAt > NOW);
  if (generationsMax !== null && alive.length > generationsMax) {
    const sentence = `${alive.length} generations are alive, at most ${generationsMax} may be`;
    broken.push({ ids: 'C13, I33', sentence });
  }
  if (current !== null && !local.records.some((one) => one.generation === current.generation)) {
    broken.push({ ids: 'C5', sentence: 'what can be delivered is in the database' });
  }
}
