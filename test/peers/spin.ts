import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface SpinResult {
  readonly states: number;
  readonly transitions: number;
  readonly errors: number;
  /** CPU time of a bare run of the verifier, without its making. */
  readonly cpuSeconds: number;
  readonly stateBytes: number;
  /** The whole of what SPIN says. */
  readonly output: string;
}

/**
 * Runs a Promela model through SPIN, all states kept exactly (no hash-compact, no bitstate). Without
 * partial order reduction and without SPIN's own removal of variables, so that states can be counted
 * against ours.
 */
export function runSpin(model: string, defines: readonly string[]): SpinResult {
  const folder = mkdtempSync(join(tmpdir(), 'fortnight-spin-'));
  try {
    copyFileSync(fileURLToPath(new URL(model, import.meta.url)), join(folder, 'model.pml'));
    const flags = defines.map((one) => `-D${one}`);
    run(folder, 'spin', ['-a', '-o1', '-o2', ...flags, 'model.pml']);
    run(folder, 'gcc', ['-O2', '-DSAFETY', '-DNOREDUCE', '-o', 'pan', 'pan.c']);
    // SPIN itself tells the time on the wall: on a busy machine that is another thing.
    const timed = 'TIMEFORMAT="CPU %U %S"; { time ./pan -m1000000 -w24; } 2>&1';
    const output = run(folder, 'bash', ['-c', timed]);
    const [, user, system] = /CPU ([\d.]+) ([\d.]+)/.exec(output) ?? [];
    return {
      states: numberIn(output, /(\d+) states, stored/),
      transitions: numberIn(output, /(\d+) transitions/),
      errors: numberIn(output, /errors: (\d+)/),
      cpuSeconds: Number(user) + Number(system),
      stateBytes: numberIn(output, /State-vector (\d+) byte/),
      output,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(folder: string, program: string, parameters: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, parameters, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 16_000_000,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`SPIN did not say ${pattern}: ${text}`);
  return Number(found);
}
