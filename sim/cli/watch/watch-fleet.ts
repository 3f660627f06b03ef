import { describeRun } from '../../fleet/report/text.ts';
import type { FleetRun } from '../../fleet/run/run-fleet.ts';
import type { Fleet } from '../../fleet/types.ts';
import { showLive } from '../../tui/index.ts';
import type { BranchRun } from '../../tui/live-run.ts';
import { startFleetRun } from '../../tui/runs/fleet-run.ts';
import { sizeOf } from '../../tui/screen/layout.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { EXIT } from '../exit-codes.ts';
import { beat } from '../lab-commands/live.ts';
import { paint } from '../paint.ts';
import { changedFleet, fleetOffers } from './fleet-offers.ts';
import { openFleetSource, type WatchedFleet } from './fleet-source.ts';

/** A small part of a frame: a key waits for one of these at most. */
const SLICE_MS = 5;
const REPORT_COLUMNS_MAX = 100;

/** A slice of real time, by the wall clock: what is simulated does not decide when keys are heard. */
export function startSlice(): () => boolean {
  const startedAt = performance.now();
  return () => performance.now() - startedAt >= SLICE_MS;
}

/** A fleet that can be watched; `onReport` is told what there is to report when it ends. */
export function liveFleet(
  fleet: Fleet,
  seed: number | string,
  onReport: (run: FleetRun) => void = () => {},
): BranchRun {
  let source: WatchedFleet | null = null;
  return startFleetRun({
    title: fleet.title,
    startAt: fleet.startAt,
    offers: fleetOffers(fleet),
    startSlice,
    open: (changes, sink) => {
      source = openFleetSource(changedFleet(fleet, changes), seed, sink);
      return source;
    },
    onOver: (rules, isCut) => {
      if (source !== null) onReport(source.report(rules, isCut));
    },
  });
}

/** Shows a fleet in the terminal UI, and its report up to where it was left. */
export async function watchFleet(
  context: CommandContext,
  fleet: Fleet,
  seed: number | string,
  isPlain: boolean,
): Promise<CommandResult> {
  const { ascii, color, signal } = context;
  let report: FleetRun | null = null;
  const run = liveFleet(fleet, seed, (told) => {
    report = told;
  });
  await showLive(run, { ascii, color, signal, beat, plain: isPlain });
  await run.close();
  await run.finished;
  if (report === null) return EXIT.inconclusive;
  return tell(context, fleet, report);
}

function tell(context: CommandContext, fleet: Fleet, run: FleetRun): CommandResult {
  const columns = Math.min(REPORT_COLUMNS_MAX, sizeOf(process.stdout).columns);
  const look = { ascii: context.ascii, columns };
  const [first = '', ...lines] = describeRun(run, fleet.title, look);
  context.stdout(paint(first, 'bold', context));
  for (const line of lines) context.stdout(line);
  const isBroken = run.violationCount + run.pending.length + run.unfired.length > 0;
  if (isBroken) return EXIT.failed;
  return run.isInterrupted ? EXIT.inconclusive : EXIT.ok;
}
