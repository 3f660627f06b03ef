import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { SweepResult, SweepTask } from '../../fleet/run/seed-run.ts';
import { UsageError } from '../command-error.ts';

/** What a sweep has done so far, in a file, so that it can be resumed. */
export interface SweepNotes {
  readonly results: readonly SweepResult[];
  add(result: SweepResult): void;
}

/**
 * NDJSON: a line that says which sweep this is, then a line a run; a cut-off last line is passed
 * over. Notes of another sweep would answer other questions: they are told by what was asked.
 */
export function openSweepNotes(file: string, task: SweepTask): SweepNotes {
  const sweep = createHash('sha256').update(JSON.stringify(task)).digest('hex').slice(0, 16);
  const first = JSON.stringify({ type: 'sweep.notes', version: 2, sweep });
  if (!existsSync(file)) writeFileSync(file, `${first}\n`);
  const text = readFileSync(file, 'utf8');
  const [header = '', ...lines] = text.split('\n');
  if (header !== first) {
    throw new UsageError(`--resume ${file}: it holds the notes of another sweep: name a new file.`);
  }
  if (!text.endsWith('\n')) appendFileSync(file, '\n');
  const results = lines.flatMap((line): SweepResult[] => {
    try {
      return line === '' ? [] : [JSON.parse(line) as SweepResult];
    } catch {
      return [];
    }
  });
  return { results, add: (result) => appendFileSync(file, `${JSON.stringify(result)}\n`) };
}
