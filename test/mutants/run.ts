/**
 * `npm run mutants [-- --only C10,M4]`: breaks one rule at a time in a copy of the tree and runs the
 * tests that must notice. Prints a row a mutant: the rule, what was broken, which test killed it and
 * how fast. Ends with 1 when one survives without a written reason, or does not fit any more.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startStopwatch } from '../bench/measure.ts';
import { MUTANTS, type Mutant } from './mutants.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['machines', 'adapters', 'sim', 'test', 'examples', 'docs'];
const FILES = ['package.json', 'tsconfig.json', 'vitest.config.ts', 'README.md', 'biome.json'];

type Verdict =
  | { readonly kind: 'killed'; readonly by: string; readonly tookMs: number }
  | { readonly kind: 'survived' }
  | { readonly kind: 'unfit'; readonly why: string };

/** The first test of these files that fails, or null. */
function firstFailure(folder: string, tests: string): string | null {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const report = join(folder, 'mutant.json');
  const words = ['run', tests, '--bail=1', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = spawnSync(process.execPath, [vitest, ...words], {
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, FORTNIGHT_SEED: process.env.FORTNIGHT_SEED ?? '1' },
  });
  if (status === 0) return null;
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { name: string; assertionResults: { status: string; fullName: string }[] }[];
  };
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter((one) => one.status === 'failed'),
  );
  return failed[0]?.fullName ?? `${tests} does not load`;
}

function judge(folder: string, mutant: Mutant): Verdict {
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
      const by = firstFailure(folder, tests);
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

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const only = values.only?.split(',');
const chosen = MUTANTS.filter(({ rule }) => only === undefined || only.includes(rule));
if (chosen.length === 0) {
  console.error(`--only ${values.only}: no mutant breaks that rule`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'fortnight-mutants-'));
let bad = 0;
try {
  for (const name of [...COPIED, ...FILES]) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const mutant of chosen) {
    const verdict = judge(folder, mutant);
    console.log(row(mutant, verdict));
    const isFine = verdict.kind === 'killed' || mutant.equivalent !== undefined;
    if (!isFine || verdict.kind === 'unfit') bad += 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${chosen.length - bad} of ${chosen.length} mutants killed`);
process.exitCode = bad === 0 ? 0 : 1;
