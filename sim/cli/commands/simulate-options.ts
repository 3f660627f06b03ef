import { resolve } from 'node:path';
import { type FleetResult, loadFleet } from '../../fleet/file/load.ts';
import { PLANTED_BUGS } from '../../fleet/run/plant.ts';
import { swarmFleet } from '../../fleet/run/swarm.ts';
import type { Fleet } from '../../fleet/types.ts';
import { formatProblem } from '../../scenario/index.ts';
import { nearestWord } from '../../scenario/nearest.ts';
import type { CommandContext } from '../command-context.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { type RawOptions, readFlag, readText } from '../read-options.ts';

/** What is between two `--set` on the command line, as `program.ts` joins them. */
export const CHANGES_SEPARATOR = '\n';

export interface SimulateOptions {
  /** As the user wrote it; null with `--swarm`. */
  readonly file: string | null;
  readonly changes: readonly string[];
  readonly seed: string | null;
  readonly isSwarm: boolean;
  readonly seeds: SeedRange | null;
  /** One run with one fault for every n-th call of each site; null: not asked for. */
  readonly pointsEvery: number | null;
  /** Absolute path, or another fleet file. */
  readonly compare: string | null;
  readonly compareChanges: readonly string[];
  readonly html: string | null;
  readonly log: string | null;
  readonly plant: string | null;
  readonly isHashed: boolean;
  readonly resume: string | null;
  readonly workers: number | null;
  /** In the terminal UI. */
  readonly isWatched: boolean;
  readonly isPlain: boolean;
}

export interface SeedRange {
  readonly from: number;
  readonly to: number;
}

export function readSimulateOptions(
  { workingDirectory }: CommandContext,
  [file]: readonly string[],
  raw: RawOptions,
): SimulateOptions {
  const isSwarm = readFlag(raw, 'swarm');
  if (file === undefined && !isSwarm) {
    throw new UsageError('Which fleet? Give a file, like examples/fleet.yaml, or --swarm.');
  }
  if (file !== undefined && isSwarm) {
    throw new UsageError('A file and --swarm exclude each other: the seed draws the fleet.');
  }
  const path = (key: string): string | null => {
    const text = readText(raw, key);
    return text === null ? null : resolve(workingDirectory, text);
  };
  const days = readText(raw, 'days');
  const scale = readText(raw, 'tenantsScale');
  const seed = readText(raw, 'seed');
  if (seed === '') throw new UsageError('--seed: an empty seed: give a number or any text.');
  const options: SimulateOptions = {
    file: file ?? null,
    changes: [
      ...changesOf(raw, 'set'),
      ...(days === null ? [] : [`days=${days}`]),
      ...(scale === null ? [] : [`${SCALE_CHANGE}=${readScale(scale)}`]),
    ],
    seed,
    isSwarm,
    seeds: readSeeds(readText(raw, 'seeds')),
    pointsEvery: readEvery(readText(raw, 'faultPoints')),
    compare: readText(raw, 'compare'),
    compareChanges: changesOf(raw, 'compareSet'),
    html: path('html'),
    log: path('log'),
    plant: readPlant(readText(raw, 'plant')),
    isHashed: raw.hash !== false,
    resume: path('resume'),
    workers: readWorkers(readText(raw, 'workers')),
    isWatched: readFlag(raw, 'ui'),
    isPlain: readFlag(raw, 'plain'),
  };
  return checkTogether(options);
}

function changesOf(raw: RawOptions, key: string): readonly string[] {
  const text = readText(raw, key);
  return text === null ? [] : text.split(CHANGES_SEPARATOR);
}

/** What cannot be given together. */
function checkTogether(options: SimulateOptions): SimulateOptions {
  const { seeds, seed, pointsEvery, compare, compareChanges, html, log, isSwarm, resume } = options;
  const isComparing = compare !== null || compareChanges.length > 0;
  if (seeds !== null && seed !== null) {
    throw new UsageError('--seed and --seeds exclude each other: one run or many.');
  }
  if (seeds !== null && pointsEvery !== null) {
    throw new UsageError('--seeds and --fault-points exclude each other: many seeds or one.');
  }
  if (pointsEvery !== null && isSwarm) {
    throw new UsageError('--fault-points needs a fleet file, not --swarm.');
  }
  const isSweeping = seeds !== null || pointsEvery !== null;
  if (isSweeping && (isComparing || html !== null || log !== null)) {
    throw new UsageError(
      '--seeds and --fault-points are many runs: without --compare, --html and --log.',
    );
  }
  if (!isSweeping && resume !== null) {
    throw new UsageError('--resume belongs to --seeds and --fault-points.');
  }
  if (isSwarm && isComparing) throw new UsageError('--compare needs a fleet file, not --swarm.');
  if (isComparing && log !== null) throw new UsageError('--log writes one run: without --compare.');
  const isMore = isComparing || isSweeping || html !== null || log !== null;
  if (options.isWatched && (isMore || options.plant !== null)) {
    throw new UsageError(
      '--ui shows one fleet: without --compare, --seeds, --fault-points, --html, --log and --plant.',
    );
  }
  return options;
}

export const SCALE_CHANGE = 'tenants.*.count';

function readScale(text: string): number {
  const scale = Number(text);
  if (Number.isFinite(scale) && scale > 0) return scale;
  throw new UsageError(`--tenants-scale ${text}: write a number above zero, like 0.1 or 10.`);
}

function readWorkers(text: string | null): number | null {
  if (text === null) return null;
  const workers = Number(text);
  if (Number.isSafeInteger(workers) && workers > 0 && workers <= 256) return workers;
  throw new UsageError(`--workers ${text}: write a whole number from 1 to 256.`);
}

function readEvery(text: string | null): number | null {
  if (text === null) return null;
  const every = Number(text);
  if (Number.isSafeInteger(every) && every > 0) return every;
  throw new UsageError(
    `--fault-points ${text}: write a whole number: 1 is every call of each site, 10 every tenth.`,
  );
}

function readSeeds(text: string | null): SeedRange | null {
  if (text === null) return null;
  const match = /^(\d+)(?:\.\.(\d+))?$/.exec(text);
  const from = Number(match?.[1] ?? Number.NaN);
  const to = match?.[2] === undefined ? from : Number(match[2]);
  if (Number.isSafeInteger(from) && Number.isSafeInteger(to) && to >= from) return { from, to };
  throw new UsageError(`--seeds ${text}: write a range, like 1..1000.`);
}

function readPlant(text: string | null): string | null {
  if (text === null || Object.hasOwn(PLANTED_BUGS, text)) return text;
  const names = Object.keys(PLANTED_BUGS);
  const nearest = nearestWord(text, names);
  const suggestion = nearest === null ? '' : ` Did you mean "${nearest}"?`;
  throw new UsageError(`--plant: no bug "${text}".${suggestion} Use one of: ${names.join(', ')}.`);
}

/** The fleet of a file; all its problems end the command with exit 3. */
export function requireFleet(
  context: CommandContext,
  file: string,
  changes: readonly string[],
): Fleet {
  return accept(context, file, loadFleet(file, context.workingDirectory, changes));
}

export function requireSwarm(context: CommandContext, seed: string): Fleet {
  return accept(context, `swarm of seed ${seed}`, swarmFleet(seed));
}

function accept(context: CommandContext, file: string, result: FleetResult): Fleet {
  if (result.ok) {
    for (const text of result.leftOut) context.stderr(`Left out: ${text}.`);
    return result.fleet;
  }
  if (context.json) {
    for (const problem of result.problems) {
      context.stdout(JSON.stringify({ type: 'fleet.problem', ...problem }));
    }
  }
  const count = result.problems.length;
  throw new CommandError(EXIT.config, [
    ...result.problems.flatMap(formatProblem),
    `${count === 1 ? '1 problem' : `${count} problems`} in ${file}; nothing was run.`,
  ]);
}
