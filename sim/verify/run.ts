import type { Clock } from '../../machines/ports/clock.ts';
import { type FortnightError, toFortnightError } from '../../machines/rules/errors.ts';
import { type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../machines/rules/time.ts';
import { type Access, openAccess } from './access/index.ts';
import { bounded, Stopped } from './bounded.ts';
import { cleanUp } from './clean-up.ts';
import { runNames } from './names.ts';
import {
  inconclusive,
  type Outcome,
  type PointReport,
  saysNothing,
  type Verdict,
} from './outcome.ts';
import { POINTS, type Point } from './points/index.ts';
import { Subject } from './subject.ts';
import type { OwnerSecrets } from './target/secrets.ts';
import type { VerifyTarget } from './target/types.ts';

export interface VerifyOptions {
  readonly target: VerifyTarget;
  readonly secrets: OwnerSecrets;
  /** Dates of signatures and expiry. */
  readonly clock: Clock;
  /** Resolves when `clock` shows this instant. */
  readonly waitUntil: (at: EpochMs) => Promise<void>;
  /** Real time: bounds of the run and its durations. */
  readonly limitClock: Clock;
  /** Ctrl-C: no further point is asked, and what was made is removed. */
  readonly signal: AbortSignal;
  /** Of the folder in which the run works, unless the target names one. */
  readonly runId: string;
  readonly onPoint: (report: PointReport) => void;
}

/** How a run ends; the command makes its exit code of it. */
export type VerifyEnd = 'passed' | 'failed' | 'unreachable' | 'inconclusive' | 'stopped';

export interface VerifyReport {
  readonly end: VerifyEnd;
  readonly points: readonly PointReport[];
  readonly counts: Readonly<Record<Verdict, number>>;
  /** The folder that the run worked in. */
  readonly repository: string;
  /** What it made and could not remove. */
  readonly leftovers: readonly string[];
}

const POINT_LIMIT_MS = 2 * MINUTE_MS;
const SLOW_LIMIT_MS = 5 * MINUTE_MS;
/** What `wait: true` may add: the shortest credential of any vendor lives an hour at most. */
const WAIT_LIMIT_MS = HOUR_MS + 10 * MINUTE_MS;
const CLEAN_UP_LIMIT_MS = 2 * MINUTE_MS;
/** L14: after a signal the process ends within 10 s. */
const STOPPED_CLEAN_UP_LIMIT_MS = 8 * SECOND_MS;

/** Asks a storage point by point whether it can carry direct mode, and leaves nothing behind. */
export async function runVerify(options: VerifyOptions): Promise<VerifyReport> {
  const { clock, limitClock, secrets, target, waitUntil } = options;
  const repository = target.repository ?? `verify-${options.runId}`;
  const access = await openAccess(target, secrets, clock, runNames(repository));
  const subject = new Subject({ target, secrets, access, clock, waitUntil, repository });
  const deadline = limitClock.now() + target.timeLimitMs + (target.waits ? WAIT_LIMIT_MS : 0);
  const points: PointReport[] = [];
  const tell = (report: PointReport): void => {
    points.push(report);
    options.onPoint(report);
  };
  let failedGate: Point | null = null;
  try {
    for (const point of POINTS) {
      if (options.signal.aborted) break;
      const report =
        failedGate === null
          ? await ask(point, subject, options, deadline)
          : notTried(point, failedGate);
      tell(report);
      const isPassed = report.verdict === 'pass' || report.verdict === 'not-applicable';
      const goesOnPlain = point.id === 'reach-tls' && target.allowsPlainHttp;
      if (point.isGate === true && !isPassed && !goesOnPlain) failedGate ??= point;
    }
  } finally {
    // What is still on its way is cut; the clean-up opens stores of its own.
    access.close();
  }
  const { leftovers, report } = await cleanAfter(options, subject);
  if (report !== null) tell(report);
  return summarize(options, { points, failedGate, repository, leftovers });
}

async function ask(
  point: Point,
  subject: Subject,
  { limitClock, signal, target }: VerifyOptions,
  deadline: EpochMs,
): Promise<PointReport> {
  const from = limitClock.now();
  const slowMs = target.waits ? WAIT_LIMIT_MS : SLOW_LIMIT_MS;
  const limitMs = Math.min(point.isSlow === true ? slowMs : POINT_LIMIT_MS, deadline - from);
  const outcome =
    limitMs <= 0
      ? inconclusive('the time limit of the run was reached', 'set a longer timeLimit')
      : await bounded(point.run(subject), { clock: limitClock, limitMs, signal }).catch(failure);
  return reportOf(point, outcome, limitClock.now() - from);
}

/** An expected error that a point did not expect: it is the answer. */
function failure(thrown: unknown): Outcome {
  if (thrown instanceof Stopped) return inconclusive(thrown.message);
  const error: FortnightError = toFortnightError(thrown);
  const answered = `${error.code}${error.detail === '' ? '' : ` (${error.detail})`}`;
  return { verdict: saysNothing(error.code) ? 'inconclusive' : 'fail', sent: '', answered };
}

function reportOf(point: Point, outcome: Outcome, durationMs: number): PointReport {
  const { id, rules, title } = point;
  const isRight = outcome.verdict === 'pass' || outcome.verdict === 'not-applicable';
  const remedy = isRight ? '' : (outcome.remedy ?? remedyOf(point, outcome));
  const { answered, sent, verdict } = outcome;
  return { id, rules, title, verdict, sent, answered, remedy, durationMs };
}

function remedyOf(point: Point, { verdict }: Outcome): string {
  return verdict === 'inconclusive' ? 'ask again when the storage answers' : point.remedy;
}

function notTried(point: Point, gate: Point): PointReport {
  const outcome = inconclusive(`not tried: ${gate.id} did not pass`, `see ${gate.id}`);
  return reportOf(point, outcome, 0);
}

const CLEAN_UP: Omit<Point, 'run'> = {
  id: 'clean-up',
  rules: ['F3', 'I74', 'I75'],
  title: 'Everything that the run made is removed',
  remedy: 'remove what is named by hand',
};

async function cleanAfter(
  options: VerifyOptions,
  before: Subject,
): Promise<{ readonly report: PointReport | null; readonly leftovers: readonly string[] }> {
  if (!before.hasTouched && before.ledger.open().length === 0) {
    return { report: null, leftovers: [] };
  }
  const { clock, limitClock, secrets, signal, target } = options;
  const from = limitClock.now();
  const access: Access = await openAccess(target, secrets, clock, before.names);
  const subject = before.reopened(access);
  const limitMs = signal.aborted ? STOPPED_CLEAN_UP_LIMIT_MS : CLEAN_UP_LIMIT_MS;
  try {
    const cleaned = await bounded(cleanUp(subject), { clock: limitClock, limitMs, signal: null });
    return {
      report: reportOf(CLEAN_UP as Point, cleaned, limitClock.now() - from),
      leftovers: cleaned.left,
    };
  } catch (thrown) {
    const outcome = failure(thrown);
    const left = `all below Veeam/Backup/${subject.names.repository}/: ${outcome.answered}`;
    const failed = { ...outcome, verdict: 'fail', answered: `left behind: ${left}` } as const;
    return {
      report: reportOf(CLEAN_UP as Point, failed, limitClock.now() - from),
      leftovers: [left],
    };
  } finally {
    access.close();
  }
}

function summarize(
  { signal }: VerifyOptions,
  found: {
    readonly points: readonly PointReport[];
    readonly failedGate: Point | null;
    readonly repository: string;
    readonly leftovers: readonly string[];
  },
): VerifyReport {
  const { failedGate, leftovers, points, repository } = found;
  const counts = { pass: 0, fail: 0, 'not-applicable': 0, inconclusive: 0 };
  for (const { verdict } of points) counts[verdict] += 1;
  const common = { points, counts, repository, leftovers };
  if (signal.aborted) return { ...common, end: 'stopped' };
  // Nothing was said about the storage itself.
  const isUnreachable =
    failedGate?.id === 'reach-endpoint' || failedGate?.id === 'owner-credential';
  if (isUnreachable) return { ...common, end: 'unreachable' };
  if (counts.fail > 0) return { ...common, end: 'failed' };
  return { ...common, end: counts.inconclusive > 0 ? 'inconclusive' : 'passed' };
}
