import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { FleetStats } from '../../fleet/report/stats.ts';
import type { FleetRun } from '../../fleet/run/run-fleet.ts';
import type { Fleet } from '../../fleet/types.ts';
import { FleetWorld } from '../../fleet/world/fleet-world.ts';
import type { RuleReport } from '../../tui/model/rules.ts';
import type { FleetSource } from '../../tui/runs/fleet-run.ts';

/** A fleet world as the live view drives it, and its report when the view is left. */
export interface WatchedFleet extends FleetSource {
  report(rules: RuleReport, isCut: boolean): FleetRun;
}

export function openFleetSource(
  fleet: Fleet,
  seed: number | string,
  sink: (event: LogEvent) => void,
): WatchedFleet {
  const stats = new FleetStats(fleet.startAt);
  const world = new FleetWorld({ fleet, seed, sinks: [stats.see, sink] });
  const pending = (): readonly string[] => (world.phase === 'over' ? world.pending() : []);
  const unfired = (): readonly string[] =>
    world.phase === 'over' ? world.parts.faults.unfired().map(({ name }) => name) : [];
  return {
    now: () => world.now,
    advance: (tasksMax) => world.advance(tasksMax),
    progress: () => {
      if (world.phase === 'liveness') return 'waiting for the last sessions';
      return `${Math.floor(world.progress * 100)} % of ${fleet.days} days`;
    },
    problems: () => [
      ...pending().map((text) => ({ invariant: 'L1', rule: null, session: null, text })),
      ...unfired().map((name) => ({
        invariant: 'fault',
        rule: null,
        session: null,
        text: `the fault ${name} never struck`,
      })),
    ],
    report: ({ violations, witnesses }, isCut) => ({
      report: stats.report(world.now),
      days: fleet.days,
      violations,
      violationCount: violations.length,
      witnesses,
      pending: pending(),
      unfired: unfired(),
      faultCalls: world.parts.faults.calls(),
      isInterrupted: isCut,
      traceHash: null,
      eventCount: world.parts.log.count,
      counts: { ...world.parts.counters },
    }),
  };
}
