import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatProblem, loadScenario, type Scenario } from '../../scenario/index.ts';
import type { CommandContext, CommandResult, LabCommands } from '../command-context.ts';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { loadLab } from '../load-lab.ts';
import { WORLDS } from '../options.ts';
import { type RawOptions, readChoice, readFlag, readText } from '../read-options.ts';

/** The commands that run a scenario: `run FILE`, and the tour when no command is given. */
type LoadLab = () => Promise<LabCommands>;

const TOUR_FILE = fileURLToPath(new URL('../../../examples/tour.yaml', import.meta.url));

/**
 * The scenario of a file; all its problems end the command with exit 3. With `--json` they also go
 * to stdout, one `scenario.problem` a line.
 */
export function requireScenario(
  context: CommandContext,
  file: string,
): { readonly scenario: Scenario; readonly text: string } {
  const result = loadScenario(file, context.workingDirectory);
  if (result.ok) {
    if (result.scenario.steps.length > 0) return result;
    throw new CommandError(EXIT.config, [
      `${file}:1:1: steps: there is nothing to run; add "steps:" with at least one step.`,
    ]);
  }
  if (context.json) {
    for (const problem of result.problems) {
      context.stdout(JSON.stringify({ type: 'scenario.problem', ...problem }));
    }
  }
  const count = result.problems.length;
  throw new CommandError(EXIT.config, [
    ...result.problems.flatMap(formatProblem),
    `${count === 1 ? '1 problem' : `${count} problems`} in ${file}; nothing was run.`,
  ]);
}

function readWorld(raw: RawOptions) {
  return readChoice('--world', readText(raw, 'world') ?? 'lab', WORLDS);
}

export async function run(
  context: CommandContext,
  [file = '']: readonly string[],
  raw: RawOptions,
  load: LoadLab = loadLab,
): Promise<CommandResult> {
  const world = readWorld(raw);
  const { scenario, text } = requireScenario(context, file);
  const trace = readText(raw, 'trace');
  const traceFile = trace === null ? null : resolve(context.workingDirectory, trace);
  return (await load()).run(context, { scenario, text, file, world, traceFile });
}

export async function tour(
  context: CommandContext,
  _arguments: readonly string[],
  raw: RawOptions,
  load: LoadLab = loadLab,
): Promise<CommandResult> {
  return watchScenario(context, TOUR_FILE, raw, load);
}

/** A scenario in the terminal UI; without a terminal it runs and is reported. */
export async function watchScenario(
  context: CommandContext,
  file: string,
  raw: RawOptions,
  load: LoadLab = loadLab,
): Promise<CommandResult> {
  const headless = readFlag(raw, 'headless');
  const plain = readFlag(raw, 'plain');
  const isWatched = context.isTerminal && !headless && !context.json;
  // On the virtual clock alone time can be stopped, stepped and forked: what a viewer is for.
  const isGiven = readText(raw, 'world') !== null;
  const world = isWatched && !isGiven ? 'memory' : readWorld(raw);
  const { scenario } = requireScenario(context, file);
  return (await load()).tour(context, { scenario, world, headless, plain });
}
