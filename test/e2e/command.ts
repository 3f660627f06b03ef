import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const ENTRY = join(PROJECT, 'sim/cli/fortnight.mjs');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts a command line of the product as a process of its own, on the runtime of the tests. */
export function start(commandLine: readonly string[], folder = PROJECT): Running {
  const child = spawn(process.execPath, [ENTRY, ...commandLine], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

export function fortnight(commandLine: readonly string[], folder = PROJECT): Promise<Ended> {
  return start(commandLine, folder).ended;
}

/** Every line of stdout as JSON; a line that is none throws (`--json` is NDJSON). */
export function jsonLines(stdout: string): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

export function lastJson(stdout: string): Record<string, unknown> {
  const last = jsonLines(stdout).at(-1);
  if (last === undefined) throw new Error('nothing on stdout');
  return last;
}

/** A folder of one story, removed at its end. */
export function scratchFolder(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `fortnight-e2e-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
