import { closeSync, openSync, readSync } from 'node:fs';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import {
  parseEventLine,
  parseHeaderLine,
  TraceFormatError,
  type TraceHeader,
} from '../kernel/index.ts';
import { TraceProblem } from './trace-problem.ts';

/** A trace that is read line by line: the log of a fleet is larger than memory. */
export interface TraceFile {
  /** As the user wrote it. */
  readonly name: string;
  readonly header: TraceHeader;
  /** From the first one, every time. Throws a TraceFormatError at a line that is none. */
  events(): IterableIterator<LogEvent>;
}

const CHUNK_BYTES = 1 << 18;
const LINE_FEED = 0x0a;

/** Opens a trace; `path` is absolute, `name` is for messages. */
export function openTraceFile(path: string, name: string): TraceFile {
  return {
    name,
    header: readHeader(path, name),
    events: () => readEvents(path, name),
  };
}

interface Line {
  readonly text: string;
  readonly number: number;
  /** The last line of a file, without a line end. */
  readonly isOpen: boolean;
}

function readHeader(path: string, name: string): TraceHeader {
  for (const line of readLines(path, name)) {
    // Only what begins like a trace is told that it was cut: any other file is just no trace.
    const isCut = line.isOpen && line.text.startsWith('{"type":"trace.header"');
    return isCut ? whole(line, name, () => parseHeaderLine(line.text, name)) : header(line, name);
  }
  throw new TraceFormatError(name, 1, 'the file is empty');
}

function header({ text }: Line, name: string): TraceHeader {
  if (text.startsWith('{')) return parseHeaderLine(text, name);
  throw new TraceFormatError(
    name,
    1,
    'this is not a trace: its first line is no trace.header. "fortnight run --trace FILE" writes one',
  );
}

function* readEvents(path: string, name: string): IterableIterator<LogEvent> {
  let after = -1;
  for (const line of readLines(path, name)) {
    if (line.number === 1) continue;
    const place = { name, line: line.number, after };
    const event = whole(line, name, () => parseEventLine(line.text, place));
    after = event.seq;
    yield event;
  }
}

/** A line without an end that cannot be read was cut off while it was written. */
function whole<Result>(line: Line, name: string, parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    if (!line.isOpen || !(error instanceof TraceFormatError)) throw error;
    throw new TraceFormatError(
      name,
      line.number,
      'the file ends in the middle of this line: it is cut off. Record the run again, or delete ' +
        'the line to look at what came before',
    );
  }
}

/** Whole lines as UTF-8; split as bytes, so that no character is cut in two. */
function* readLines(path: string, name: string): IterableIterator<Line> {
  const handle = open(path, name);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest: Buffer[] = [];
    let number = 1;
    for (;;) {
      const count = readSync(handle, chunk, 0, chunk.length, null);
      if (count === 0) break;
      let start = 0;
      for (;;) {
        const end = chunk.subarray(0, count).indexOf(LINE_FEED, start);
        if (end === -1) break;
        yield { text: textOf([...rest, chunk.subarray(start, end)]), number, isOpen: false };
        rest = [];
        number += 1;
        start = end + 1;
      }
      if (start < count) rest.push(Buffer.from(chunk.subarray(start, count)));
    }
    const text = textOf(rest);
    if (text !== '') yield { text, number, isOpen: true };
  } finally {
    closeSync(handle);
  }
}

function textOf(parts: readonly Buffer[]): string {
  const text = Buffer.concat(parts).toString('utf8');
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}

function open(path: string, name: string): number {
  try {
    const handle = openSync(path, 'r');
    try {
      // A folder can be opened and not be read.
      readSync(handle, Buffer.alloc(1), 0, 0, null);
      readSync(handle, Buffer.alloc(1), 0, 1, 0);
      return handle;
    } catch (error) {
      closeSync(handle);
      throw error;
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const what = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new TraceProblem(`${name}: ${what}: give a file that "fortnight run --trace" wrote.`);
  }
}
