import { itfLines } from '../../trace/itf.ts';
import { mermaidLines } from '../../trace/mermaid.ts';
import { rowsOf } from '../../trace/rows.ts';
import { shivizLines } from '../../trace/shiviz.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { type RawOptions, readChoice, readText } from '../read-options.ts';
import { openTrace, readingTraces, readTraceChoice, requireEvents } from './trace-reading.ts';

const FORMATS = ['mermaid', 'itf', 'shiviz'] as const;

/** Prints a trace for another tool; the format is the tool's, with or without `--json`. */
export async function traceExport(
  context: CommandContext,
  [file = '']: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const asked = readText(raw, 'format');
  if (asked === null) {
    throw new UsageError('--format is missing: mermaid, itf (Apalache, Quint) or shiviz.');
  }
  const format = readChoice('--format', asked, FORMATS);
  const choice = readTraceChoice(raw);
  return readingTraces(async () => {
    const trace = openTrace(context, file);
    const events = requireEvents(trace, choice);
    const print = (lines: Iterable<string>): void => {
      for (const line of lines) context.stdout(line);
    };
    const { scenario } = trace.header.options;
    const title = choice.session ?? (typeof scenario === 'string' ? scenario : file);
    if (format === 'mermaid') print(mermaidLines(rowsOf(events), title));
    else if (format === 'itf') print(itfLines(events, trace.header, title));
    else print(shivizLines(events));
    return EXIT.ok;
  });
}
