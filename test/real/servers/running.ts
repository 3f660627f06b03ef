import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The environment lacks something that a server needs: the suite is NOT RUN, not failed. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

const STOP_LIMIT_MS = 5_000;
const SETPRIV = '/usr/bin/setpriv';

/** All folders whose processes are alive: a runner that is ended takes them with it. */
const open = new Set<ServerFolder>();

const onExit = (): void => {
  for (const folder of open) folder.destroy();
};
const onInterrupt = (): never => process.exit(130);
const onTerminate = (): never => process.exit(143);

function watchSignals(): void {
  process.on('exit', onExit);
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
}

function unwatchSignals(): void {
  process.off('exit', onExit);
  process.off('SIGINT', onInterrupt);
  process.off('SIGTERM', onTerminate);
}

/** A scratch folder with the processes that live in it; both go together. */
export class ServerFolder {
  readonly path: string;
  readonly #children: ChildProcess[] = [];

  constructor(name: string) {
    this.path = mkdtempSync(join(tmpdir(), `fortnight-${name}-`));
    if (open.size === 0) watchSignals();
    open.add(this);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Starts a process that writes into `<name>.log` and ends with this folder. */
  start(
    name: string,
    program: string,
    parameters: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const log = openSync(this.file(`${name}.log`), 'a');
    // Even when the runner is killed without a chance to clean up, the kernel ends its servers.
    const words = existsSync(SETPRIV)
      ? [SETPRIV, '--pdeathsig', 'KILL', '--', program, ...parameters]
      : [program, ...parameters];
    const child = spawn(words[0] ?? program, words.slice(1), {
      cwd: this.path,
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: this.path, ...environment },
      // A group of its own: Ctrl-C reaches the runner alone, which then ends its servers in order.
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.on('error', () => undefined);
    this.#children.push(child);
    return child;
  }

  /**
   * Runs a process of set-up to its end: the exit code (null when it was killed) and its output.
   * It ends with this folder like the others, so that a runner that is ended leaves none behind.
   */
  async run(
    name: string,
    program: string,
    parameters: readonly string[],
    limitMs: number,
  ): Promise<{ readonly code: number | null; readonly output: string }> {
    const log = `${name}-${this.#children.length}`;
    const child = this.start(log, program, parameters);
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    const code = await new Promise<number | null>((resolve) => {
      child.once('exit', resolve);
      child.once('error', () => resolve(null));
    });
    clearTimeout(timer);
    return { code, output: readFileSync(this.file(`${log}.log`), 'utf8') };
  }

  /** The last lines of a log, for the message of a start that failed. */
  tail(name: string): string {
    const path = this.file(`${name}.log`);
    const text = existsSync(path) ? readFileSync(path, 'utf8').trimEnd() : '';
    return text.split('\n').slice(-5).join('\n');
  }

  /** Ends the processes in the order opposite to their start, then removes the folder. */
  async stop(): Promise<void> {
    for (const child of [...this.#children].reverse()) await endProcess(child);
    this.#forget();
  }

  /** The same at once, for a runner that is about to end. */
  destroy(): void {
    for (const child of this.#children) if (isAlive(child)) child.kill('SIGKILL');
    this.#forget();
  }

  #forget(): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    open.delete(this);
    if (open.size === 0) unwatchSignals();
  }
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (!isAlive(child)) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}

/** A port of the loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Waits until the server accepts connections; says what its log says when it does not. */
export async function waitForPort(
  port: number,
  child: ChildProcess,
  limitMs: number,
  explain: () => string,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await accepts(port))) {
    if (!isAlive(child)) throw new Error(`it ended while it started:\n${explain()}`);
    if (Date.now() > deadline) {
      throw new Error(`it did not answer within ${limitMs / 1_000} s:\n${explain()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const finish = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}
