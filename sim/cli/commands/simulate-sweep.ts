import { formatCount, plural } from '../../fleet/report/words.ts';
import {
  type FaultPoint,
  faultPoints,
  nameOfFault,
  writeFaults,
} from '../../fleet/run/fault-points.ts';
import type { SweepResult, SweepTask } from '../../fleet/run/seed-run.ts';
import { runSweep } from '../../fleet/run/sweep.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { EXIT } from '../exit-codes.ts';
import { formatTable } from '../table.ts';
import { requireFleet, type SeedRange, type SimulateOptions } from './simulate-options.ts';
import { openSweepNotes } from './sweep-notes.ts';
import { SweepTotal, tellTotal, whyFailing } from './sweep-total.ts';

const PROGRESS_EVERY_MS = 5_000;

/** What is swept over: how a run is named, and the command that shows it again. */
interface Subject {
  readonly task: SweepTask;
  readonly runs: readonly number[];
  readonly noun: string;
  /** Of the JSON line for a failing run; `sweep.seed` or `sweep.point`. */
  readonly type: string;
  nameOf(run: number): string;
  factsOf(run: number): Readonly<Record<string, unknown>>;
  commandOf(run: number): string;
}

/** Many seeds: one line for each that fails, with the command that shows it again. */
export async function sweepSeeds(
  context: CommandContext,
  options: SimulateOptions,
  { from, to }: SeedRange,
): Promise<CommandResult> {
  const { file, changes, plant } = options;
  const fleet = file === null ? null : requireFleet(context, file, changes);
  const { total, wanted } = await sweep(context, options, {
    task: { fleet, plant, points: null },
    runs: Array.from({ length: to - from + 1 }, (_, at) => from + at),
    noun: 'seed',
    type: 'sweep.seed',
    nameOf: (run) => `seed ${run}`,
    factsOf: (run) => ({ seed: run }),
    commandOf: (run) => commandLine(options, run, []),
  });
  tellTotal(context, total, { wanted, noun: 'seed', type: 'sweep.summary' });
  return exitOf(context, total);
}

/** One fault a run, at every n-th call of every site: nothing may break, and every session ends. */
export async function sweepFaultPoints(
  context: CommandContext,
  options: SimulateOptions,
  every: number,
): Promise<CommandResult> {
  const { file, changes, plant } = options;
  const fleet = requireFleet(context, file as string, changes);
  const own = options.seed ?? fleet.seed;
  const { points, calls } = await faultPoints(fleet, own, every);
  const kinds = new Map<string, SweepTotal>();
  for (const kind of calls.keys()) kinds.set(kind, new SweepTotal());
  const pointOf = (run: number): FaultPoint => points[run] as FaultPoint;
  const { total, wanted } = await sweep(
    context,
    options,
    {
      task: { fleet, plant, points: { seed: own, faults: points } },
      runs: points.map((_, run) => run),
      noun: 'point',
      type: 'sweep.point',
      nameOf: (run) => `${nameOfFault(pointOf(run).written)} at call ${pointOf(run).written.nth}`,
      factsOf: (run) => ({
        fault: nameOfFault(pointOf(run).written),
        nth: pointOf(run).written.nth,
      }),
      commandOf: (run) => commandLine(options, own, [`faults=${writeFaults(pointOf(run))}`]),
    },
    (result) => kinds.get(nameOfFault(pointOf(result.run).written))?.add(result),
  );
  tellKinds(context, kinds, calls);
  tellTotal(context, total, { wanted, noun: 'point', type: 'sweep.summary' });
  return exitOf(context, total);
}

async function sweep(
  context: CommandContext,
  options: SimulateOptions,
  subject: Subject,
  onResult: (result: SweepResult) => void = () => undefined,
): Promise<{ readonly total: SweepTotal; readonly wanted: number }> {
  const { task, runs, noun } = subject;
  const notes = options.resume === null ? null : openSweepNotes(options.resume, task);
  const total = new SweepTotal();
  const take = (result: SweepResult): void => {
    total.add(result);
    onResult(result);
    if (!result.ok) tellFailure(context, subject, result);
  };
  const wanted = new Set(runs);
  for (const result of notes?.results ?? []) if (wanted.has(result.run)) take(result);
  const left = runs.filter((run) => !total.runs.has(run));
  if (left.length < runs.length) {
    context.stderr(`${plural(runs.length - left.length, noun)} were done before.`);
  }
  let toldAt = performance.now();
  await runSweep({
    ...task,
    runs: left,
    workers: options.workers,
    signal: context.signal,
    onResult: (result) => {
      notes?.add(result);
      take(result);
      if (performance.now() - toldAt < PROGRESS_EVERY_MS) return;
      toldAt = performance.now();
      context.stderr(`${formatCount(total.runs.size)} of ${plural(runs.length, noun)}`);
    },
    onError: (run, text) => {
      total.errors += 1;
      const command = subject.commandOf(run);
      if (context.json) {
        const line = { type: 'sweep.error', ...subject.factsOf(run), text, command };
        context.stdout(JSON.stringify(line));
      } else context.stdout(`${subject.nameOf(run)}: the program failed: ${text}\n  ${command}`);
    },
  });
  return { total, wanted: runs.length };
}

function exitOf(context: CommandContext, total: SweepTotal): CommandResult {
  if (context.signal.aborted) return EXIT.interrupted;
  return total.isFine ? EXIT.ok : EXIT.failed;
}

function tellFailure(context: CommandContext, subject: Subject, result: SweepResult): void {
  const { run, ...facts } = result;
  const command = subject.commandOf(run);
  if (context.json) {
    const line = { type: subject.type, ...subject.factsOf(run), ...facts, command };
    context.stdout(JSON.stringify(line));
    return;
  }
  context.stdout(`${subject.nameOf(run)}: ${whyFailing(result)}\n  ${command}`);
}

function tellKinds(
  context: CommandContext,
  kinds: ReadonlyMap<string, SweepTotal>,
  calls: ReadonlyMap<string, number>,
): void {
  if (context.json) {
    for (const [fault, { runs, done, failed, cancelled, failing }] of kinds) {
      const facts = { fault, calls: calls.get(fault), points: runs.size, failing };
      const sessions = { done, failed, cancelled };
      context.stdout(JSON.stringify({ type: 'sweep.fault', ...facts, sessions }));
    }
    return;
  }
  const columns = [
    { title: 'Fault' },
    { title: 'calls', align: 'right' as const },
    { title: 'points', align: 'right' as const },
    { title: 'sessions done', align: 'right' as const },
    { title: 'not done', align: 'right' as const },
    { title: 'failing', align: 'right' as const },
  ];
  const rows = [...kinds].map(([fault, { runs, done, failed, cancelled, failing }]) => [
    fault,
    ...[calls.get(fault) ?? 0, runs.size, done, failed + cancelled, failing].map(formatCount),
  ]);
  for (const line of formatTable(columns, rows, { ascii: context.ascii })) context.stdout(line);
}

function commandLine(
  { file, changes, plant }: SimulateOptions,
  seed: number | string,
  more: readonly string[],
): string {
  const quoted = (text: string): string => (/^[\w./=:-]+$/.test(text) ? text : `'${text}'`);
  const isScale = (change: string): boolean => change.startsWith('tenants.*');
  return [
    'npx fortnight simulate',
    ...(file === null ? ['--swarm'] : [quoted(file)]),
    `--seed ${quoted(String(seed))}`,
    ...[...changes.filter((change) => !isScale(change)), ...more].map(
      (change) => `--set ${quoted(change)}`,
    ),
    ...changes.filter(isScale).map((change) => `--tenants-scale ${change.split('=')[1]}`),
    ...(plant === null ? [] : [`--plant ${plant}`]),
  ].join(' ');
}
