import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { drawLanes } from '../../trace/lanes.ts';
import { rowsOf } from '../../trace/rows.ts';
import { toEntry } from '../../tui/model/sentences.ts';
import { messageOf } from '../../tui/model/sequence.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { paint } from '../paint.ts';
import { type RawOptions, readText } from '../read-options.ts';
import {
  openTrace,
  printLine,
  readingTraces,
  readTraceChoice,
  requireEvents,
} from './trace-reading.ts';

const DEFAULT_WIDTH = 100;
const WIDTH_MIN = 40;
const WIDTH_MAX = 500;
const PAINTS = { heading: 'bold', dim: 'dim' } as const;

/** Draws a trace as swim lanes; with `--json` one line an event, nothing folded. */
export async function traceShow(
  context: CommandContext,
  [file = '']: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const choice = readTraceChoice(raw);
  const width = readWidth(context, raw);
  return readingTraces(async () => {
    const events = requireEvents(openTrace(context, file), choice);
    if (context.json) for (const event of events) context.stdout(jsonOf(event));
    else {
      const { ascii } = context;
      for (const { text, style } of drawLanes([...rowsOf(events)], { width, ascii })) {
        printLine(context, style === 'plain' ? text : paint(text, PAINTS[style], context));
      }
    }
    return EXIT.ok;
  });
}

function jsonOf(event: LogEvent): string {
  const { seq, at, node, session } = event;
  const { text, rules } = toEntry(event);
  const message = messageOf(event);
  const [from, to] = [message?.from ?? null, message?.to ?? null];
  return JSON.stringify({
    type: 'trace.event',
    seq,
    at,
    node,
    session,
    event: event.type,
    from,
    to,
    text,
    rules,
  });
}

function readWidth({ isTerminal }: CommandContext, raw: RawOptions): number {
  const text = readText(raw, 'width');
  if (text === null) {
    const columns = isTerminal ? (process.stdout.columns ?? DEFAULT_WIDTH) : DEFAULT_WIDTH;
    return Math.max(WIDTH_MIN, columns);
  }
  const width = Number(text);
  if (Number.isSafeInteger(width) && width >= WIDTH_MIN && width <= WIDTH_MAX) return width;
  throw new UsageError(`--width ${text}: write a number of columns, ${WIDTH_MIN} to ${WIDTH_MAX}.`);
}
