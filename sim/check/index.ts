import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { Checker } from './checker.ts';
import { CHECKERS } from './checkers.ts';
import { checkLiveness } from './liveness.ts';
import { type CheckReport, type CheckRun, CheckRunner, type CheckRunOptions } from './run.ts';

export type { Checker } from './checker.ts';
export { CHECKERS } from './checkers.ts';
export { checkLiveness, type LivenessBounds, type PendingSession } from './liveness.ts';
export type { CheckReport, CheckRun, CheckRunOptions } from './run.ts';
export type { Violation } from './violation.ts';

/** Reads a log while it is written: `see` every event in order, then `end` once. */
export function createCheckRun(options: CheckRunOptions = {}): CheckRun {
  const { liveness, without = [] } = options;
  const unknown = without.find((name) => !CHECKERS.some((checker) => checker.name === name));
  if (unknown !== undefined) throw new RangeError(`no checker "${unknown}"`);
  const chosen = CHECKERS.filter(({ name }) => !without.includes(name));
  const checkers = liveness === undefined ? chosen : [...chosen, checkLiveness(liveness)];
  return new CheckRunner(checkers, options);
}

/** Runs every checker over a whole log. */
export function checkAll(
  events: readonly LogEvent[],
  checkers: readonly Checker[] = CHECKERS,
): CheckReport {
  const run = new CheckRunner(checkers);
  for (const event of events) run.see(event);
  return run.end();
}
