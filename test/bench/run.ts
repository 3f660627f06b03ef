/**
 * `npm run bench [-- --only NAME] [--runs N] [--json]`: measures, prints, never judges. Whether it
 * is fast enough is for people; a slow machine must not fail a build.
 */
import { parseArgs } from 'node:util';
import { ceilings } from './ceilings.ts';
import { clock } from './clock.ts';
import { machines } from './machines/machines.ts';
import type { Benchmark } from './measure.ts';
import { startStopwatch } from './measure.ts';
import { machineLine, renderJson, renderTable } from './report.ts';
import { routes } from './routes.ts';
import { startUp } from './start-up.ts';
import { tour } from './tour.ts';

const BENCHMARKS: readonly Benchmark[] = [ceilings, clock, machines, startUp, routes, tour];
const USAGE_PROBLEM = 2;

function readOptions() {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      runs: { type: 'string' },
    },
  });
  const names = BENCHMARKS.map(({ name }) => name);
  for (const name of values.only) {
    if (!names.includes(name)) throw new Error(`--only ${name}: it is one of ${names.join(', ')}`);
  }
  const runs = values.runs === undefined ? null : Number(values.runs);
  if (runs !== null && !(Number.isSafeInteger(runs) && runs > 0)) {
    throw new Error(`--runs ${values.runs}: it is a whole number from 1`);
  }
  return { isJson: values.json, only: values.only, runs };
}

async function main(): Promise<void> {
  const { isJson, only, runs } = readOptions();
  const chosen = BENCHMARKS.filter(({ name }) => only.length === 0 || only.includes(name));
  const read = startStopwatch();
  const machine = machineLine();
  console.log(isJson ? JSON.stringify({ type: 'bench.machine', machine }) : `${machine}\n`);
  for (const benchmark of chosen) {
    const figures = await benchmark.run({ runs });
    console.log(isJson ? renderJson(benchmark, figures) : renderTable(benchmark, figures));
  }
  const tookMs = Math.round(read());
  if (isJson) console.log(JSON.stringify({ type: 'bench.summary', tookMs }));
  else console.log(`took ${(tookMs / 1_000).toFixed(0)} s; compare ratios, not absolute figures`);
}

let options: ReturnType<typeof readOptions> | null = null;
try {
  options = readOptions();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = USAGE_PROBLEM;
}
if (options !== null) await main();
