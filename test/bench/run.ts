/**
 * `npm run bench [-- --only NAME] [--runs N] [--json]`: measures, prints, never judges. Whether it
 * is fast enough is for people; a slow machine must not fail a build.
 */
import { parseArgs } from 'node:util';
import { type Benchmark, startStopwatch } from './measure.ts';
import { machineLine, renderJson, renderTable } from './report.ts';

/** Loaded one by one when their turn comes, so that none pays for the modules of another. */
const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  ceilings: async () => (await import('./ceilings.ts')).ceilings,
  check: async () => (await import('./check.ts')).check,
  clock: async () => (await import('./clock.ts')).clock,
  compile: async () => (await import('./compile/compile.ts')).compile,
  fleet: async () => (await import('./fleet.ts')).fleet,
  explore: async () => (await import('./explore.ts')).explorer,
  machines: async () => (await import('./machines/machines.ts')).machines,
  'start-up': async () => (await import('./start-up.ts')).startUp,
  routes: async () => (await import('./routes.ts')).routes,
  kinds: async () => (await import('./kinds/kinds.ts')).kinds,
  memory1g: async () => (await import('./kinds/memory.ts')).memory,
  storage: async () => (await import('./storage.ts')).storage,
  tour: async () => (await import('./tour.ts')).tour,
  tui: async () => (await import('./tui.ts')).tui,
};
const USAGE_PROBLEM = 2;

function readOptions() {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      runs: { type: 'string' },
    },
  });
  const names = Object.keys(BENCHMARKS);
  for (const name of values.only) {
    if (!names.includes(name)) throw new Error(`--only ${name}: it is one of ${names.join(', ')}`);
  }
  const runs = values.runs === undefined ? null : Number(values.runs);
  if (runs !== null && !(Number.isSafeInteger(runs) && runs > 0)) {
    throw new Error(`--runs ${values.runs}: it is a whole number from 1`);
  }
  return { isJson: values.json, only: values.only, runs };
}

type Options = ReturnType<typeof readOptions>;

/** `null` when the command line is wrong; the reason has been told. */
function optionsOrNull(): Options | null {
  try {
    return readOptions();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = USAGE_PROBLEM;
    return null;
  }
}

async function main({ isJson, only, runs }: Options): Promise<void> {
  const read = startStopwatch();
  const machine = machineLine();
  console.log(isJson ? JSON.stringify({ type: 'bench.machine', machine }) : `${machine}\n`);
  for (const [name, load] of Object.entries(BENCHMARKS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const benchmark = await load();
    const figures = await benchmark.run({ runs });
    console.log(isJson ? renderJson(benchmark, figures) : renderTable(benchmark, figures));
  }
  const tookMs = Math.round(read());
  if (isJson) console.log(JSON.stringify({ type: 'bench.summary', tookMs }));
  else console.log(`took ${(tookMs / 1_000).toFixed(0)} s; compare ratios, not absolute figures`);
}

const options = optionsOrNull();
if (options !== null) await main(options);
