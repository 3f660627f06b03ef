import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const TELL_CPU = fileURLToPath(new URL('./tell-cpu.ts', import.meta.url));
/** A mutant that goes round in circles is noticed as well. Tests alone take 20 s at most. */
const LIMIT_MS = 120_000;

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** What some tests say of a mutant: `failed` is the first one that does, or null. */
export interface VitestRun {
  readonly failed: string | null;
  /** Why it says nothing of the rule; else null. */
  readonly problem: string | null;
  /** Of vitest and its threads, without processes that tests start. */
  readonly cpuMs: number;
}

/** `file` or `file: words of test names`. */
function wordsOf(tests: string): readonly string[] {
  const end = tests.indexOf(': ');
  if (end < 0) return [tests];
  return [tests.slice(0, end), '-t', tests.slice(end + 2).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')];
}

/** Runs tests in a copy of the tree, on one thread, so that as many as there are workers fit. */
export async function runTests(folder: string, tests: string): Promise<VitestRun> {
  const report = join(folder, 'mutant.json');
  rmSync(report, { force: true });
  const words = ['run', ...wordsOf(tests), '--bail=1', '--pool=threads', '--maxWorkers=1'];
  const told = ['--reporter=json', `--outputFile.json=${report}`];
  const child = spawn(process.execPath, ['--import', TELL_CPU, VITEST, ...words, ...told], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { ...process.env, FORTNIGHT_SEED: process.env.FORTNIGHT_SEED ?? '1' },
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  let cpuText = '';
  child.stdio[3]?.on('data', (text) => {
    cpuText += String(text);
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const cpuMs = Number(cpuText);
  if (status === 0) return { failed: null, problem: null, cpuMs };
  if (status === null) return { failed: `${tests} does not end`, problem: null, cpuMs: LIMIT_MS };
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find((one) => one.status === 'failed');
  // A program that does not even load is noticed by anything: no test has looked at the rule.
  const problem = failed === undefined ? `${tests} does not load` : null;
  return { failed: failed?.fullName ?? null, problem, cpuMs };
}
