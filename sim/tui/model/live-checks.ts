import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { CHECKERS } from '../../check/index.ts';
import { CheckRunner } from '../../check/run.ts';
import type { RuleReport } from './rules.ts';

/** All checkers over a log that is being written, and what they say of it at any time. */
export interface LiveChecks {
  see(event: LogEvent): void;
  /** What is certain so far. */
  report(): RuleReport;
  /** Nothing more comes: what can only be said at the end is said too. */
  end(): RuleReport;
}

export function startLiveChecks(): LiveChecks {
  const witnesses: Record<string, number> = {};
  let seen = 0;
  let ended: RuleReport | null = null;
  // A check run tells its witnesses at its end only; here they are counted on the way as well.
  const run = new CheckRunner(
    CHECKERS.map((checker) => {
      for (const invariant of checker.invariants) witnesses[invariant] ??= 0;
      return {
        ...checker,
        start: (court) =>
          checker.start({
            ...court,
            witness: (invariant) => {
              const note = court.witness(invariant);
              return () => {
                witnesses[invariant] = (witnesses[invariant] ?? 0) + 1;
                note();
              };
            },
          }),
      };
    }),
  );
  const report = (): RuleReport => ({
    position: seen,
    share: 1,
    witnesses: { ...witnesses },
    violations: [...run.violations],
  });
  return {
    see: (event) => {
      seen += 1;
      run.see(event);
    },
    report: () => ended ?? report(),
    end: () => {
      if (ended === null) {
        const { violations } = run.end();
        ended = { ...report(), violations };
      }
      return ended;
    },
  };
}
