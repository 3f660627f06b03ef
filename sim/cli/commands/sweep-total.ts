import { formatCount, formatShare, plural } from '../../fleet/report/words.ts';
import type { SweepResult } from '../../fleet/run/seed-run.ts';
import type { CommandContext } from '../command-context.ts';

/** All runs of a sweep together; a run that is told twice counts once. */
export class SweepTotal {
  readonly runs = new Set<number>();
  readonly reasons = new Map<string, number>();
  readonly witnesses = new Map<string, number>();
  done = 0;
  failed = 0;
  cancelled = 0;
  failing = 0;
  violations = 0;
  errors = 0;

  get isFine(): boolean {
    return this.failing === 0 && this.errors === 0;
  }

  add(result: SweepResult): void {
    if (this.runs.has(result.run)) return;
    this.runs.add(result.run);
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

/** Why a run of a sweep is not fine, in a line. */
export function whyFailing({ first, pending, unfired }: SweepResult): string {
  if (first !== null) return `${first.invariant} ${first.text}`;
  if (pending.length > 0) return `L1 ${pending[0]}`;
  return `the fault ${unfired.join(', ')} never struck`;
}

/** `noun`: what one run stands for; `type`: of the JSON line. */
export function tellTotal(
  context: CommandContext,
  total: SweepTotal,
  { wanted, noun, type }: { readonly wanted: number; readonly noun: string; readonly type: string },
): void {
  const { done, failed, cancelled, failing, violations } = total;
  const reasons = [...total.reasons].sort(([leftName, left], [rightName, right]) =>
    left === right ? (leftName < rightName ? -1 : 1) : right - left,
  );
  const witnesses = [...total.witnesses].sort(([left], [right]) => (left < right ? -1 : 1));
  if (context.json) {
    const line = {
      type,
      ok: total.isFine,
      [`${noun}s`]: total.runs.size,
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
    `${formatCount(total.runs.size)} of ${plural(wanted, noun)} run, ${plural(failing, `failing ${noun}`)}`,
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
