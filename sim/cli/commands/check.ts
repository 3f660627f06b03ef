import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { formatDuration } from '../../../machines/rules/duration.ts';
import {
  type Bounds,
  Checker,
  type Machines,
  SYSTEMS,
  type SystemReport,
  type SystemSettings,
} from '../../explore/index.ts';
import { jsonLines, junitText } from '../check/machine-reports.ts';
import { coverageLines, neverExercised, storyLines, systemLine } from '../check/texts.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { type RawOptions, readDuration, readFlag, readSize, readText } from '../read-options.ts';

const DEFAULT_TIME_MS = 60_000;
const DEFAULT_MEMORY_BYTES = 1_000_000_000;
const WALKS_A_TURN = 20;
const PROGRESS_EVERY_MS = 2_000;

/** What the exhaustive check goes through when no bounds are given: the first is the quickest. */
const PLAN: readonly Bounds[] = [
  { scopes: 1, sessions: 2, faults: 0 },
  { scopes: 1, sessions: 1, faults: 1 },
];
const WALK_BOUNDS: Bounds = { scopes: 2, sessions: 2, faults: 4 };

interface Options {
  readonly isExhaustive: boolean;
  readonly timeMs: number;
  readonly seed: string;
  /** Random ways in each system; `null`: until the time is over. */
  readonly runs: number | null;
  /** Rules; empty: all. */
  readonly only: readonly string[];
  readonly systems: readonly SystemSettings[];
  readonly bounds: Bounds | null;
  readonly depth: number | null;
  readonly bytes: number;
  readonly junit: string | null;
}

/**
 * Looks for a way in which the machines break a rule: at random, or in all states of small systems.
 * Ends with 1 when one was found, and with 5 when the budget ended before everything was seen.
 */
export async function check(
  context: CommandContext,
  _positional: readonly string[],
  raw: RawOptions,
  machines?: Machines,
): Promise<CommandResult> {
  const options = readOptions(raw);
  const now = (): number => performance.now();
  const until = now() + options.timeMs;
  const isOver = (): boolean => context.signal.aborted || now() > until;
  const { depth, bytes } = options;
  const checker = new Checker({ ...(machines ? { machines } : {}), depth, bytes, now, isOver });
  const isWhole = options.isExhaustive
    ? exhaustAll(context, options, checker, isOver)
    : walkAll(context, options, checker, isOver, now);
  return conclude(context, options, checker, isWhole);
}

/** Whether everything that was planned has been seen to its end. */
function exhaustAll(
  context: CommandContext,
  options: Options,
  checker: Checker,
  isOver: () => boolean,
): boolean {
  const plan = options.bounds === null ? PLAN : [options.bounds];
  let isWhole = true;
  for (const bounds of plan) {
    for (const system of options.systems) {
      if (isOver()) return false;
      if (options.bounds === null && bounds.sessions > system.sessionsMax) continue;
      const report = tell(context, options, checker.exhaust(system, bounds));
      if (isBroken(report, options)) return false;
      isWhole &&= report.end === 'complete';
    }
  }
  return isWhole;
}

function walkAll(
  context: CommandContext,
  options: Options,
  checker: Checker,
  isOver: () => boolean,
  now: () => number,
): boolean {
  const bounds = options.bounds ?? WALK_BOUNDS;
  const runs = options.runs ?? WALKS_A_TURN;
  let toldAt = now();
  for (let turn = 0; turn === 0 || (options.runs === null && !isOver()); turn += 1) {
    for (const system of options.systems) {
      const report = checker.walk(
        system,
        boundsFor(system, bounds),
        runs,
        `${options.seed}/${turn}`,
      );
      if (isBroken(report, options)) {
        tell(context, options, report);
        return false;
      }
      if (isOver()) return options.runs === null;
      if (now() - toldAt < PROGRESS_EVERY_MS) continue;
      toldAt = now();
      context.stderr(`turn ${turn + 1}, ${system.name}: nothing found yet`);
    }
  }
  return true;
}

/** The ledger's systems are checked with as many movers as they are meant for. */
function boundsFor(system: SystemSettings, bounds: Bounds): Bounds {
  if (system.kind !== 'movers') return bounds;
  return { ...bounds, sessions: Math.min(bounds.sessions, system.sessionsMax) };
}

function tell(context: CommandContext, options: Options, report: SystemReport): SystemReport {
  if (!context.json) {
    context.stdout(systemLine(report));
    if (isBroken(report, options)) for (const line of storyLines(report)) context.stdout(line);
  }
  return report;
}

/** With `--only` a violation of another rule is not what was asked for. */
function isBroken({ broken }: SystemReport, { only }: Options): boolean {
  const isMeant = (ids: string): boolean =>
    only.length === 0 || ids.split(', ').some((id) => only.includes(id));
  return broken.some(
    ({ ids, sentence }) => isMeant(ids) || only.some((id) => sentence.startsWith(`${id}:`)),
  );
}

function conclude(
  context: CommandContext,
  options: Options,
  checker: Checker,
  isWhole: boolean,
): CommandResult {
  const isViolated = checker.reports.some((report) => isBroken(report, options));
  const never = neverExercised(checker, options.only);
  if (context.json) for (const line of jsonLines(checker)) context.stdout(line);
  else if (!isViolated) {
    const isEverySystem = options.systems.length === SYSTEMS.length;
    for (const line of coverageLines(checker, options.only, isEverySystem)) context.stdout(line);
  }
  if (options.junit !== null) {
    writeFileSync(resolve(context.workingDirectory, options.junit), junitText(checker.reports));
  }
  if (context.signal.aborted) return EXIT.interrupted;
  if (isViolated) {
    context.stderr('A rule is violated.');
    return EXIT.failed;
  }
  if (!isWhole) {
    const spent = `${formatDuration(options.timeMs)} or ${options.bytes} bytes`;
    context.stderr(`Nothing is violated, but the budget (${spent}) ended before all was seen.`);
    return EXIT.inconclusive;
  }
  // One system alone cannot put every rule to the test.
  if (never.length > 0 && options.systems.length === SYSTEMS.length) {
    context.stderr(`Nothing is violated, but never exercised: ${never.join('; ')}.`);
    return EXIT.inconclusive;
  }
  context.stderr('Nothing is violated.');
  return EXIT.ok;
}

function readOptions(raw: RawOptions): Options {
  const isExhaustive = readFlag(raw, 'exhaustive');
  const names = readText(raw, 'system')?.split(',') ?? SYSTEMS.map(({ name }) => name);
  const time = readText(raw, 'time');
  const memory = readText(raw, 'memory');
  const bounds = readBounds(raw, isExhaustive);
  const runs = readCount(raw, 'runs', 1, 1_000_000_000);
  if (isExhaustive && runs !== null) {
    throw new UsageError('--runs is for random ways: leave it out, or leave out --exhaustive.');
  }
  return {
    isExhaustive,
    timeMs: time === null ? DEFAULT_TIME_MS : readDuration('--time', time),
    seed: readText(raw, 'seed') ?? '1',
    runs,
    only: readText(raw, 'only')?.split(',') ?? [],
    systems: names.map((name) => {
      const found = SYSTEMS.find((system) => system.name === name);
      const all = SYSTEMS.map((system) => system.name).join(', ');
      if (found === undefined) throw new UsageError(`--system: "${name}" is not one of: ${all}.`);
      return found;
    }),
    bounds,
    depth: readCount(raw, 'depth', 1, 1_000_000),
    bytes: memory === null ? DEFAULT_MEMORY_BYTES : readSize('--memory', memory),
    junit: readText(raw, 'junit'),
  };
}

function readBounds(raw: RawOptions, isExhaustive: boolean): Bounds | null {
  const scopes = readCount(raw, 'scopes', 1, 3);
  const sessions = readCount(raw, 'sessions', 1, 3);
  const faults = readCount(raw, 'faults', 0, 15);
  if (scopes === null && sessions === null && faults === null) return null;
  const { scopes: usual, ...rest } = isExhaustive
    ? { scopes: 1, sessions: 1, faults: 0 }
    : WALK_BOUNDS;
  return {
    scopes: scopes ?? usual,
    sessions: sessions ?? rest.sessions,
    faults: faults ?? rest.faults,
  };
}

function readCount(raw: RawOptions, key: string, minimum: number, maximum: number): number | null {
  const text = readText(raw, key);
  if (text === null) return null;
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < minimum || count > maximum) {
    throw new UsageError(
      `--${key}: "${text}" is not a whole number from ${minimum} to ${maximum}.`,
    );
  }
  return count;
}
