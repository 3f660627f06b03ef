import { type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Where Debian's packages put their programs: another `aws` may come first in the PATH. */
const DEBIAN_BIN = '/usr/bin';

export interface Finished {
  readonly code: number | null;
  readonly output: string;
}

export function debianProgram(name: string): string {
  return `${DEBIAN_BIN}/${name}`;
}

/**
 * Installs the Debian packages whose programs are missing, where that is possible (root, apt-get).
 * Returns for each program that is still missing the sentence that says why.
 */
export function installMissing(
  programs: Readonly<Record<string, string>>,
  write: (line: string) => void,
): ReadonlyMap<string, string> {
  const missing = (): [string, string][] =>
    Object.entries(programs).filter(([program]) => !existsSync(debianProgram(program)));
  const wanted = missing().map(([, debianPackage]) => debianPackage);
  if (wanted.length === 0) return new Map();
  let reason = 'it is not installed, and only root can install it (apt-get)';
  if (process.getuid?.() === 0 && existsSync(debianProgram('apt-get'))) {
    write(`installing ${wanted.join(', ')} with apt-get`);
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const options = { env: environment, stdio: 'ignore' } as const;
    spawnSync('apt-get', ['update'], options);
    const install = ['install', '-y', '--no-install-recommends', ...wanted];
    const { status } = spawnSync('apt-get', install, options);
    reason = `apt-get could not install it (exit ${status})`;
  }
  return new Map(missing().map(([program]) => [program, reason]));
}

/** Runs a program to its end, or kills it after `limitMs`; the output is both streams together. */
export function runProgram(
  program: string,
  parameters: readonly string[],
  options: SpawnOptions & { readonly limitMs?: number },
): Promise<Finished> {
  const { limitMs = 120_000, ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    const child = spawn(program, parameters, { ...spawnOptions, stdio: [...stdio] });
    let output = '';
    const keep = (piece: Buffer): void => {
      output += piece.toString('utf8');
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}
