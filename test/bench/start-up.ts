import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Benchmark, type Figure, startStopwatch } from './measure.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENTRY = join(ROOT, 'sim/cli/fortnight.mjs');

const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ['nothing (the runtime itself)', ['-e', '0']],
  ['fortnight --help', [ENTRY, '--help']],
  ['fortnight explain', [ENTRY, 'explain', '--storage', 'aws', '--mode', 'direct']],
];

interface Runtime {
  readonly name: string;
  readonly program: string;
}

/** Both come with the package; one that is not installed is left out. */
function runtimes(): readonly Runtime[] {
  const bin = (name: string): string => join(ROOT, 'node_modules', '.bin', name);
  return [
    { name: 'Node', program: bin('node') },
    { name: 'Bun', program: bin('bun') },
  ].filter(({ program }) => existsSync(program));
}

/** Milliseconds from the start of the process to its exit. */
function runOnce(program: string, args: readonly string[], cacheFolder?: string): number {
  const env = { ...process.env };
  if (cacheFolder !== undefined) env.NODE_COMPILE_CACHE = cacheFolder;
  const read = startStopwatch();
  const { status } = spawnSync(program, args, { cwd: ROOT, env, stdio: 'ignore' });
  const tookMs = read();
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}`);
  return tookMs;
}

/** The very first run of all: Node's compile cache is empty, as after `npm ci`. */
function coldStart(runs: number): Figure {
  const node = runtimes().find(({ name }) => name === 'Node');
  if (node === undefined) throw new Error('node_modules/.bin/node is missing: run npm ci');
  const samples = Array.from({ length: runs }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'fortnight-bench-cache-'));
    const tookMs = runOnce(node.program, [ENTRY, '--help'], folder);
    rmSync(folder, { recursive: true });
    return tookMs;
  });
  return { name: 'Node: fortnight --help, empty compile cache', unit: 'ms', samples };
}

/** What a user waits for before the first line, process start to exit. */
export const startUp: Benchmark = {
  name: 'start-up',
  title: 'Start-up, process start to exit',
  notes: ['Goal for --help: under 150 ms. Node keeps a compile cache from the second run on.'],
  run: async ({ runs }) => {
    const count = runs ?? 10;
    const samples = new Map<string, number[]>();
    // Run by run and not command by command: a busy moment of the machine then hits all alike.
    for (let run = -1; run < count; run += 1) {
      for (const runtime of runtimes()) {
        for (const [name, args] of COMMANDS) {
          const key = `${runtime.name}: ${name}`;
          const tookMs = runOnce(runtime.program, args);
          if (run >= 0) samples.set(key, [...(samples.get(key) ?? []), tookMs]);
        }
      }
    }
    const figures = [...samples].map(([name, all]): Figure => ({ name, unit: 'ms', samples: all }));
    return [...figures, coldStart(Math.min(count, 5))];
  },
};
