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
 * Opens a recorded trace: in the terminal UI, or as its news in plain sentences where there is no
 * terminal. The exit code tells whether its log keeps the rules.
 */
export async function open(
  context: CommandContext,
  [file = '']: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const trace = readTrace(context, file);
  if (context.isTerminal && !context.json && !readFlag(raw, 'headless')) {
    const { ascii, color, signal } = context;
    await showLive(trace, { ascii, color, signal, beat, plain: readFlag(raw, 'plain') });
  } else tell(context, trace);
  const summary = await trace.finished;
  for (const { invariant, text } of summary.violations) context.stderr(`${invariant}: ${text}`);
  return summary.ok ? EXIT.ok : EXIT.failed;
}

function readTrace(context: CommandContext, file: string): LiveRun {
  let text: string;
  try {
    text = readFileSync(resolve(context.workingDirectory, file), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new CommandError(EXIT.config, [
      `${file}: the trace cannot be read (${code}): give a file that "run --trace" wrote.`,
    ]);
  }
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
