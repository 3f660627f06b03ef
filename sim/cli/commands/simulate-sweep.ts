import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { formatCount, formatShare, plural } from '../../fleet/report/words.ts';
import type { SeedResult } from '../../fleet/run/seed-run.ts';
import { runSweep } from '../../fleet/run/sweep.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { requireFleet, type SeedRange, type SimulateOptions } from './simulate-options.ts';

const PROGRESS_EVERY_MS = 5_000;

/** Many seeds: one line for each that fails, with the command that shows it again. */
export async function sweep(
  context: CommandContext,
  options: SimulateOptions,
  range: SeedRange,
): Promise<CommandResult> {
  const { file, changes, plant, workers } = options;
  const fleet = file === null ? null : requireFleet(context, file, changes);
  const notes = options.resume === null ? null : openNotes(options.resume, sweepId(fleet, plant));
  const all = Array.from({ length: range.to - range.from + 1 }, (_, at) => range.from + at);
  const total = new Total();
  for (const result of notes?.results ?? []) {
    if (result.seed < range.from || result.seed > range.to) continue;
    total.add(result);
    if (!result.ok) tellFailure(context, options, result);
  }
  const seeds = all.filter((seed) => !total.seeds.has(seed));
  if (seeds.length < all.length) {
    context.stderr(`${plural(all.length - seeds.length, 'seed')} were done before.`);
  }
  let toldAt = performance.now();
  await runSweep({
    fleet,
    plant,
    seeds,
    workers,
    signal: context.signal,
    onResult: (result) => {
      notes?.add(result);
      total.add(result);
      if (!result.ok) tellFailure(context, options, result);
      if (performance.now() - toldAt < PROGRESS_EVERY_MS) return;
      toldAt = performance.now();
      context.stderr(`${formatCount(total.seeds.size)} of ${formatCount(all.length)} seeds`);
    },
    onError: (seed, text) => {
      total.errors += 1;
      const command = replayCommand(options, seed);
      if (context.json)
        context.stdout(JSON.stringify({ type: 'sweep.error', seed, text, command }));
      else context.stdout(`seed ${seed}: the program failed: ${text}\n  ${command}`);
    },
  });
  tellTotal(context, total, all.length);
  if (context.signal.aborted) return EXIT.interrupted;
  return total.failing === 0 && total.errors === 0 ? EXIT.ok : EXIT.failed;
}

function tellFailure(context: CommandContext, options: SimulateOptions, result: SeedResult): void {
  const command = replayCommand(options, result.seed);
  if (context.json) {
    context.stdout(JSON.stringify({ type: 'sweep.seed', ...result, command }));
    return;
  }
  const { first, pending, unfired } = result;
  const why =
    first !== null
      ? `${first.invariant} ${first.text}`
      : pending.length > 0
        ? `L1 ${pending[0]}`
        : `the fault ${unfired.join(', ')} never struck`;
  context.stdout(`seed ${result.seed}: ${why}\n  ${command}`);
}

function replayCommand({ file, changes, plant }: SimulateOptions, seed: number): string {
  const quoted = (text: string): string => (/^[\w./=:-]+$/.test(text) ? text : `'${text}'`);
  return [
    'npx fortnight simulate',
    ...(file === null ? ['--swarm'] : [quoted(file)]),
    `--seed ${seed}`,
    ...changes
      .filter((change) => !change.startsWith('tenants.*'))
      .map((change) => `--set ${quoted(change)}`),
    ...changes
      .filter((change) => change.startsWith('tenants.*'))
      .map((change) => `--tenants-scale ${change.split('=')[1]}`),
    ...(plant === null ? [] : [`--plant ${plant}`]),
  ].join(' ');
}

class Total {
  readonly seeds = new Set<number>();
  readonly reasons = new Map<string, number>();
  readonly witnesses = new Map<string, number>();
  done = 0;
  failed = 0;
  cancelled = 0;
  failing = 0;
  violations = 0;
  errors = 0;

  add(result: SeedResult): void {
    if (this.seeds.has(result.seed)) return;
    this.seeds.add(result.seed);
    this.done += result.done;
    this.failed += result.failed;
    this.cancelled += result.cancelled;
    this.violations += result.violations;
    if (!result.ok) this.failing += 1;
    for (const [code, count] of Object.entries(result.reasons)) {
      this.reasons.set(code, (this.reasons.get(code) ?? 0) + count);
    }
    for (const [invariant, count] of Object.entries(result.witnesses)) {
      this.witnesses.set(invariant, (this.witnesses.get(invariant) ?? 0) + count);
    }
  }
}

function tellTotal(context: CommandContext, total: Total, wanted: number): void {
  const { done, failed, cancelled, failing, violations } = total;
  const reasons = [...total.reasons].sort(([leftName, left], [rightName, right]) =>
    left === right ? (leftName < rightName ? -1 : 1) : right - left,
  );
  const witnesses = [...total.witnesses].sort(([left], [right]) => (left < right ? -1 : 1));
  if (context.json) {
    const line = {
      type: 'sweep.summary',
      ok: failing === 0 && total.errors === 0,
      seeds: total.seeds.size,
      wanted,
      failing,
      errors: total.errors,
      violations,
      sessions: { done, failed, cancelled },
      reasons: Object.fromEntries(reasons),
      witnesses: Object.fromEntries(witnesses),
    };
    context.stdout(JSON.stringify(line));
    return;
  }
  const ended = done + failed + cancelled;
  context.stdout(
    `${formatCount(total.seeds.size)} of ${plural(wanted, 'seed')} run, ${plural(failing, 'failing seed')}`,
  );
  context.stdout(
    `${plural(ended, 'session')}: ${formatCount(done)} done (${formatShare(done, ended)})`,
  );
  for (const [code, count] of reasons) {
    context.stdout(`  ${code.padEnd(26)} ${formatCount(count)}  ${formatShare(count, ended)}`);
  }
  const never = witnesses.filter(([, count]) => count === 0).map(([invariant]) => invariant);
  const tested = witnesses.length - never.length;
  context.stdout(`Invariants put to the test: ${tested} of ${witnesses.length}`);
  if (never.length > 0) context.stdout(`  never: ${never.join(', ')}`);
}

interface Notes {
  readonly results: readonly SeedResult[];
  add(result: SeedResult): void;
}

/** Notes of another sweep would answer other questions: told by what both were asked. */
function sweepId(fleet: object | null, plant: string | null): string {
  return createHash('sha256').update(JSON.stringify({ fleet, plant })).digest('hex').slice(0, 16);
}

/** NDJSON: a line that says which sweep this is, then a line a seed; a cut-off last line is passed over. */
function openNotes(file: string, id: string): Notes {
  const first = JSON.stringify({ type: 'sweep.notes', version: 1, sweep: id });
  if (!existsSync(file)) writeFileSync(file, `${first}\n`);
  const text = readFileSync(file, 'utf8');
  const [header = '', ...lines] = text.split('\n');
  if (header !== first) {
    throw new UsageError(`--resume ${file}: it holds the notes of another sweep: name a new file.`);
  }
  if (!text.endsWith('\n')) appendFileSync(file, '\n');
  const results = lines.flatMap((line): SeedResult[] => {
    try {
      return line === '' ? [] : [JSON.parse(line) as SeedResult];
    } catch {
      return [];
    }
  });
  return { results, add: (result) => appendFileSync(file, `${JSON.stringify(result)}\n`) };
}
