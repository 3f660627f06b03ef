/**
 * `npm run mutants [-- --only C10,M4] [--changed] [--workers 2]`: breaks one rule at a time in a copy
 * of the tree and runs the tests that must notice. Prints a row a mutant: how long it took, the rule,
 * what was broken, and which test killed it; at the end the slowest ones and the sum. Ends with 1 when one survives without a written reason, or does
 * not fit any more.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MUTANTS, type Mutant } from '../../sim/rules/mutants/index.ts';
import { startStopwatch } from '../bench/measure.ts';
import { runTests } from './vitest-run.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['machines', 'adapters', 'sim', 'test', 'examples', 'docs'];
const FILES = ['package.json', 'tsconfig.json', 'vitest.config.ts', 'README.md', 'biome.json'];

type Verdict =
  | { readonly kind: 'killed'; readonly by: string }
  | { readonly kind: 'survived' }
  | { readonly kind: 'unfit'; readonly why: string };

async function judge(folder: string, mutant: Mutant, spent: { cpuMs: number }): Promise<Verdict> {
  const path = join(folder, mutant.file);
  const whole = readFileSync(path, 'utf8');
  const count = whole.split(mutant.find).length - 1;
  if (count !== 1) return { kind: 'unfit', why: `its text stands ${count} times in the file` };
  writeFileSync(
    path,
    whole.replace(mutant.find, () => mutant.replace),
  );
  try {
    for (const tests of mutant.tests) {
      const { failed, problem, cpuMs } = await runTests(folder, tests);
      spent.cpuMs += cpuMs;
      if (problem !== null) return { kind: 'unfit', why: problem };
      if (failed !== null) return { kind: 'killed', by: failed };
    }
    return { kind: 'survived' };
  } finally {
    writeFileSync(path, whole);
  }
}

interface Judged {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
  readonly tookMs: number;
  readonly cpuMs: number;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1).padStart(5);

function row({ mutant, verdict, tookMs, cpuMs }: Judged): string {
  const name = `${mutant.rule.padEnd(4)} ${mutant.what}`;
  const took = `${seconds(tookMs)} s ${seconds(cpuMs)} s CPU`;
  switch (verdict.kind) {
    case 'killed':
      return `killed    ${took}  ${name}  <- ${verdict.by}`;
    case 'survived':
      return `SURVIVED  ${took}  ${name}${mutant.equivalent ? `  (${mutant.equivalent})` : ''}`;
    case 'unfit':
      return `UNFIT     ${took}  ${name}: ${verdict.why} (${mutant.file})`;
    default:
      return verdict satisfies never;
  }
}

/** A survivor with a written reason is none; one that does not fit is always bad. */
function isBad({ mutant, verdict }: Judged): boolean {
  if (verdict.kind === 'survived') return mutant.equivalent === undefined;
  return verdict.kind === 'unfit';
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
  const places = [mutant.file, ...mutant.tests.map((test) => test.split(': ')[0] ?? test)];
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
const judged: Judged[] = [];
/** Takes the next mutant that nobody has taken, until none is left. */
async function work(): Promise<void> {
  const folder = copyTree();
  try {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const read = startStopwatch();
      const spent = { cpuMs: 0 };
      const verdict = await judge(folder, mutant, spent);
      const one = { mutant, verdict, tookMs: read(), cpuMs: spent.cpuMs };
      judged.push(one);
      console.log(row(one));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const read = startStopwatch();
await Promise.all(Array.from({ length: Math.max(1, Number(values.workers)) }, work));
const bad = judged.filter(isBad);
if (bad.length > 0) console.log(`\nnot noticed:\n${bad.map(row).join('\n')}`);
const slowest = judged.toSorted((one, other) => other.cpuMs - one.cpuMs).slice(0, 5);
console.log(`\nthe slowest:\n${slowest.map(row).join('\n')}\n`);
const killed = judged.filter(({ verdict }) => verdict.kind === 'killed').length;
const cpuMs = judged.reduce((sum, one) => sum + one.cpuMs, 0);
const survivors = judged.length - killed - bad.length;
const reasoned = survivors > 0 ? `, ${survivors} left for a written reason` : '';
const took = `${(read() / 1000).toFixed(0)} s, ${(cpuMs / 1000).toFixed(0)} s of CPU`;
console.log(`${killed} of ${judged.length} mutants killed${reasoned}, in ${took}`);
process.exitCode = bad.length === 0 ? 0 : 1;
