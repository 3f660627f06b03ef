/**
 * `npm run mutants [-- --only C10,M4] [--changed] [--workers 2]`: breaks one rule at a time in a copy
 * of the tree and runs the tests that must notice. Prints a row a mutant: the rule, what was broken,
 * which test killed it and how fast. Ends with 1 when one survives without a written reason, or does
 * not fit any more.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MUTANTS, type Mutant } from '../../sim/rules/mutants/index.ts';
import { startStopwatch } from '../bench/measure.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['machines', 'adapters', 'sim', 'test', 'examples', 'docs'];
const FILES = ['package.json', 'tsconfig.json', 'vitest.config.ts', 'README.md', 'biome.json'];

type Verdict =
  | { readonly kind: 'killed'; readonly by: string; readonly tookMs: number }
  | { readonly kind: 'survived' }
  | { readonly kind: 'unfit'; readonly why: string };

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Vitest in the copy; one thread, so that as many mutants as workers run side by side. */
function runVitest(folder: string, report: string, tests: string): Promise<number> {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const words = ['run', tests, '--bail=1', '--pool=threads', '--maxWorkers=1'];
  const told = ['--reporter=json', `--outputFile.json=${report}`];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [vitest, ...words, ...told], {
      cwd: folder,
      stdio: 'ignore',
      env: { ...process.env, FORTNIGHT_SEED: process.env.FORTNIGHT_SEED ?? '1' },
    });
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 1));
  });
}

/** The first test of these files that fails, or null. */
async function firstFailure(folder: string, tests: string): Promise<string | null> {
  const report = join(folder, 'mutant.json');
  rmSync(report, { force: true });
  if ((await runVitest(folder, report, tests)) === 0) return null;
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter((one) => one.status === 'failed'),
  );
  return failed[0]?.fullName ?? `${tests} does not load`;
}

async function judge(folder: string, mutant: Mutant): Promise<Verdict> {
  const path = join(folder, mutant.file);
  const whole = readFileSync(path, 'utf8');
  const count = whole.split(mutant.find).length - 1;
  if (count !== 1) return { kind: 'unfit', why: `its text stands ${count} times in the file` };
  writeFileSync(
    path,
    whole.replace(mutant.find, () => mutant.replace),
  );
  const read = startStopwatch();
  try {
    for (const tests of mutant.tests) {
      const by = await firstFailure(folder, tests);
      if (by !== null) return { kind: 'killed', by, tookMs: read() };
    }
    return { kind: 'survived' };
  } finally {
    writeFileSync(path, whole);
  }
}

function row(mutant: Mutant, verdict: Verdict): string {
  const name = `${mutant.rule.padEnd(4)} ${mutant.what}`;
  switch (verdict.kind) {
    case 'killed':
      return `killed    ${(verdict.tookMs / 1000).toFixed(1).padStart(5)} s  ${name}  <- ${verdict.by}`;
    case 'survived':
      return `SURVIVED           ${name}${mutant.equivalent ? `  (${mutant.equivalent})` : ''}`;
    case 'unfit':
      return `UNFIT              ${name}: ${verdict.why} (${mutant.file})`;
    default:
      return verdict satisfies never;
  }
}

/** A copy of the tree for one worker. */
function copyTree(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fortnight-mutants-'));
  for (const name of [...COPIED, ...FILES]) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Files that differ from the last commit: only their mutants, or those of their tests, can change. */
function changedFiles(): readonly string[] {
  const words = ['status', '--porcelain', '--untracked-files=all'];
  const text = execFileSync('git', words, { cwd: ROOT, encoding: 'utf8' });
  return text.split('\n').map((line) => line.slice(3));
}

function isAbout(mutant: Mutant, files: readonly string[]): boolean {
  const places = [mutant.file, ...mutant.tests];
  return files.some((file) => places.some((place) => file.startsWith(place)));
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    changed: { type: 'boolean', default: false },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
});
const only = values.only?.split(',');
const files = values.changed ? changedFiles() : null;
const chosen = MUTANTS.filter(
  (mutant) =>
    (only === undefined || only.includes(mutant.rule)) &&
    (files === null || isAbout(mutant, files)),
);
if (chosen.length === 0 && only !== undefined) {
  console.error(`--only ${values.only}: no mutant breaks that rule`);
  process.exit(2);
}

const waiting = [...chosen];
let bad = 0;
/** Takes the next mutant that nobody has taken, until none is left. */
async function work(): Promise<void> {
  const folder = copyTree();
  try {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const verdict = await judge(folder, mutant);
      console.log(row(mutant, verdict));
      const isFine = verdict.kind === 'killed' || mutant.equivalent !== undefined;
      if (!isFine || verdict.kind === 'unfit') bad += 1;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const read = startStopwatch();
await Promise.all(Array.from({ length: Math.max(1, Number(values.workers)) }, work));
const took = `${(read() / 1000).toFixed(0)} s`;
console.log(`${chosen.length - bad} of ${chosen.length} mutants killed in ${took}`);
process.exitCode = bad === 0 ? 0 : 1;
