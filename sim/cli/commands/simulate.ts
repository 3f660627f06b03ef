import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { compareRuns } from '../../fleet/report/compare.ts';
import { htmlReport, type NamedRun } from '../../fleet/report/html.ts';
import { isFine, jsonLines } from '../../fleet/report/json.ts';
import { describeRun } from '../../fleet/report/text.ts';
import { formatCount, formatDay } from '../../fleet/report/words.ts';
import { type FleetProgress, runFleet } from '../../fleet/run/run-fleet.ts';
import type { Fleet } from '../../fleet/types.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { buildName } from '../lab-commands/surroundings.ts';
import { paint } from '../paint.ts';
import type { RawOptions } from '../read-options.ts';
import { formatTable } from '../table.ts';
import {
  readSimulateOptions,
  requireFleet,
  requireSwarm,
  type SimulateOptions,
} from './simulate-options.ts';
import { sweepFaultPoints, sweepSeeds } from './simulate-sweep.ts';

const DEFAULT_COLUMNS = 100;
const PROGRESS_EVERY_MS = 2_000;

/** What-ifs for a fleet under a simulated clock. */
export async function simulate(
  context: CommandContext,
  positional: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const options = readSimulateOptions(context, positional, raw);
  if (options.seeds !== null) return sweepSeeds(context, options, options.seeds);
  if (options.pointsEvery !== null) return sweepFaultPoints(context, options, options.pointsEvery);
  const fleet = readFleet(context, options);
  if (options.isWatched) return watch(context, options, fleet);
  if (options.isSwarm) printFleet(context, fleet);
  const isComparing = options.compare !== null || options.compareChanges.length > 0;
  const first = { name: nameOf(options.file, options.changes), fleet };
  const runs: NamedRun[] = [await runOne(context, options, first)];
  if (isComparing && !context.signal.aborted) {
    const file = options.compare ?? (options.file as string);
    const base = options.compare === null ? options.changes : baseChanges(options);
    const changes = [...base, ...options.compareChanges];
    const second = { name: nameOf(file, changes), fleet: requireFleet(context, file, changes) };
    runs.push(await runOne(context, options, second));
  }
  show(context, runs, fleet.title);
  if (options.html !== null) {
    writeFileSync(options.html, htmlReport(fleet.title, runs));
    context.stderr(`The report is in ${options.html}.`);
  }
  return exitOf(context, runs);
}

/** Loaded late: the libraries of the screen are of no use to a report. */
async function watch(
  context: CommandContext,
  { seed, isPlain }: SimulateOptions,
  fleet: Fleet,
): Promise<CommandResult> {
  if (!context.isTerminal || context.json) {
    throw new UsageError('--ui needs a terminal; without --ui the report comes at the end.');
  }
  const { watchFleet } = await import('../watch/watch-fleet.ts');
  return watchFleet(context, fleet, seed ?? fleet.seed, isPlain);
}

/** `--days` and `--tenants-scale` hold for both runs; `--set` changes the first file only. */
function baseChanges({ changes }: SimulateOptions): readonly string[] {
  return changes.filter((change) => change.startsWith('days=') || change.startsWith('tenants.*'));
}

function readFleet(context: CommandContext, options: SimulateOptions): Fleet {
  const { file, changes, seed } = options;
  return file === null ? requireSwarm(context, seed ?? '1') : requireFleet(context, file, changes);
}

/** Only what tells two runs apart. */
function nameOf(file: string | null, changes: readonly string[]): string {
  return [file ?? 'swarm', ...changes].join(' ');
}

/** The options come from the seed: they are said before anything runs. */
function printFleet(context: CommandContext, fleet: Fleet): void {
  if (context.json) context.stdout(JSON.stringify({ type: 'fleet.options', fleet }));
  else {
    context.stdout('The fleet that this seed draws:');
    for (const line of JSON.stringify(fleet, null, 1).split('\n')) context.stdout(`  ${line}`);
    context.stdout('');
  }
}

async function runOne(
  context: CommandContext,
  { seed, log, isHashed, plant }: SimulateOptions,
  { name, fleet }: { readonly name: string; readonly fleet: Fleet },
): Promise<NamedRun> {
  const file = log === null ? null : openSync(log, 'w');
  try {
    const run = await runFleet({
      fleet,
      seed: seed ?? fleet.seed,
      signal: context.signal,
      isHashed,
      plant,
      build: buildName(),
      onProgress: progressTo(context, fleet),
      ...(file === null ? {} : { onLine: (line) => void writeSync(file, `${line}\n`) }),
    });
    return { name, run };
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** One line now and then, on stderr, once a run takes longer. */
function progressTo(context: CommandContext, fleet: Fleet): (progress: FleetProgress) => void {
  let toldAt = performance.now();
  return ({ share, at, sessionsEnded, phase }) => {
    if (performance.now() - toldAt < PROGRESS_EVERY_MS) return;
    toldAt = performance.now();
    const when =
      phase === 'liveness' ? 'waiting for the last sessions' : formatDay(at, fleet.startAt);
    context.stderr(`${Math.floor(share * 100)} %  ${when}, ${formatCount(sessionsEnded)} sessions`);
  };
}

function show(context: CommandContext, runs: readonly NamedRun[], title: string): void {
  if (context.json) {
    for (const { name, run } of runs) for (const line of jsonLines(run, name)) context.stdout(line);
  } else {
    for (const { name, run } of runs) {
      const heading = runs.length > 1 ? `${title}: ${name}` : title;
      const [first = '', ...lines] = describeRun(run, heading, {
        ascii: context.ascii,
        columns: DEFAULT_COLUMNS,
      });
      context.stdout(paint(first, 'bold', context));
      for (const line of lines) context.stdout(line);
      if (runs.length > 1) context.stdout('');
    }
  }
  if (runs.length === 2) showDifferences(context, runs as readonly [NamedRun, NamedRun]);
}

function showDifferences(
  context: CommandContext,
  [left, right]: readonly [NamedRun, NamedRun],
): void {
  const figures = compareRuns(left.run, right.run);
  if (context.json) {
    for (const figure of figures)
      context.stdout(JSON.stringify({ type: 'fleet.change', ...figure }));
    return;
  }
  const columns = [
    { title: 'What changes' },
    { title: 'first', align: 'right' as const },
    { title: 'second', align: 'right' as const },
    { title: 'change', align: 'right' as const },
  ];
  const rows = figures.map(({ label, left: before, right: after, change }) => [
    label,
    before,
    after,
    change,
  ]);
  for (const line of formatTable(columns, rows, { ascii: context.ascii })) context.stdout(line);
  context.stdout(`first: ${left.name}`);
  context.stdout(`second: ${right.name}`);
}

function exitOf(context: CommandContext, runs: readonly NamedRun[]): CommandResult {
  if (context.signal.aborted) return EXIT.interrupted;
  return runs.every(({ run }) => isFine(run)) ? EXIT.ok : EXIT.failed;
}
