import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { TraceFormatError } from '../../kernel/index.ts';
import { openTrace, sentenceOf, showLive, toEntry } from '../../tui/index.ts';
import type { LiveRun } from '../../tui/live-run.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { beat } from '../lab-commands/live.ts';
import { type RawOptions, readFlag } from '../read-options.ts';

/**
 * Opens a file in the terminal UI: a recorded trace, a scenario or a fleet. Where there is no
 * terminal a trace is told in plain sentences, the others are run and reported. The exit code tells
 * whether the rules were kept.
 */
export async function open(
  context: CommandContext,
  [file = '']: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const text = readText(context, file);
  switch (kindOf(text)) {
    case 'scenario':
      return openScenario(context, file, raw);
    case 'fleet':
      return openFleet(context, file, raw);
    case 'target':
      throw new CommandError(EXIT.config, [
        `${file}: this describes a live endpoint, and the terminal UI shows only what Fortnight ` +
          `runs itself; "fortnight verify ${file}" asks the endpoint.`,
      ]);
    case 'trace':
      return openRecorded(context, readTrace(text, file), raw);
  }
}

/** A trace is lines of JSON; of the files in YAML each kind has a key that the others lack. */
export function kindOf(text: string): 'trace' | 'scenario' | 'fleet' | 'target' {
  const has = (key: string): boolean => new RegExp(`^${key} *:`, 'm').test(text);
  if (/^\s*\{/.test(text)) return 'trace';
  if (has('steps') || has('jobs')) return 'scenario';
  if (has('days')) return 'fleet';
  if (has('kind') && (has('endpoint') || has('issuer') || has('credentials'))) return 'target';
  return has('version') ? 'scenario' : 'trace';
}

function isWatched(context: CommandContext, raw: RawOptions): boolean {
  return context.isTerminal && !context.json && !readFlag(raw, 'headless');
}

async function openScenario(
  context: CommandContext,
  file: string,
  raw: RawOptions,
): Promise<CommandResult> {
  const { watchScenario } = await import('./scenario.ts');
  return watchScenario(context, file, raw);
}

async function openFleet(
  context: CommandContext,
  file: string,
  raw: RawOptions,
): Promise<CommandResult> {
  const { simulate } = await import('./simulate.ts');
  return simulate(context, [file], isWatched(context, raw) ? { ...raw, ui: true } : raw);
}

async function openRecorded(
  context: CommandContext,
  trace: LiveRun,
  raw: RawOptions,
): Promise<CommandResult> {
  if (isWatched(context, raw)) {
    const { ascii, color, signal } = context;
    await showLive(trace, { ascii, color, signal, beat, plain: readFlag(raw, 'plain') });
  } else tell(context, trace);
  const summary = await trace.finished;
  for (const { invariant, text } of summary.violations) context.stderr(`${invariant}: ${text}`);
  return summary.ok ? EXIT.ok : EXIT.failed;
}

function readText(context: CommandContext, file: string): string {
  try {
    return readFileSync(resolve(context.workingDirectory, file), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new CommandError(EXIT.config, [
      `${file}: it cannot be read (${code}): give a scenario, a fleet, or a trace that "run --trace" wrote.`,
    ]);
  }
}

function readTrace(text: string, file: string): LiveRun {
  try {
    return openTrace(text, file);
  } catch (error) {
    if (!(error instanceof TraceFormatError)) throw error;
    throw new CommandError(EXIT.config, [`${error.message}.`]);
  }
}

function tell(context: CommandContext, trace: LiveRun): void {
  if (!context.json) context.stdout(trace.title);
  trace.subscribe((event) => {
    const entry = toEntry(event);
    if (context.json) context.stdout(JSON.stringify({ ...entry, type: 'news', event: entry.type }));
    else if (entry.isNews) context.stdout(sentenceOf(entry));
  });
}
