import { createHash } from 'node:crypto';
import type { Json, JsonObject, LogEvent } from '../../machines/ports/event-log.ts';
import { canonicalJson } from './canonical-json.ts';

/** Raised when the meaning of a line changes. */
export const TRACE_VERSION = 1;

/**
 * First line of a trace: everything that decides a run. `options` is what was drawn from the seed
 * or given by the scenario; `build` names the code (a version or a commit hash).
 */
export interface TraceHeader {
  /** What ran, and so how it is run again (`sim/trace/replayers.ts`); absent: not repeatable. */
  readonly kind?: string;
  readonly seed: string;
  readonly build: string;
  readonly options: JsonObject;
}

export interface Trace {
  readonly header: TraceHeader;
  readonly events: readonly LogEvent[];
}

/** A trace file that cannot be read; the message says `file:line: what`. */
export class TraceFormatError extends Error {
  override readonly name = 'TraceFormatError';
  readonly line: number;

  constructor(name: string, line: number, problem: string) {
    super(`${name}:${line}: ${problem}`);
    this.line = line;
  }
}

/** The header line, without its line end. */
export function formatHeader(header: TraceHeader): string {
  const { kind, seed, build, options } = header;
  return (
    `{"type":"trace.header","version":${TRACE_VERSION}` +
    `${kind === undefined ? '' : `,"kind":${JSON.stringify(kind)}`},"seed":${JSON.stringify(seed)}` +
    `,"build":${JSON.stringify(build)},"options":${canonicalJson(options)}}`
  );
}

/** One event as a line with a fixed order of keys, without its line end. */
export function formatEvent(event: LogEvent): string {
  return (
    `{"seq":${event.seq},"at":${event.at},"node":${JSON.stringify(event.node)}` +
    `,"type":${JSON.stringify(event.type)},"session":${JSON.stringify(event.session)}` +
    `,"data":${canonicalJson(event.data)}}`
  );
}

export function formatTrace(trace: Trace): string {
  const lines = [formatHeader(trace.header), ...trace.events.map(formatEvent)];
  return `${lines.join('\n')}\n`;
}

/** Reads a whole trace; `name` is the file's name for errors. Throws TraceFormatError. */
export function parseTrace(text: string, name = 'trace'): Trace {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const [first, ...rest] = lines;
  if (first === undefined) throw new TraceFormatError(name, 1, 'the file is empty');
  const header = parseHeaderLine(first, name);
  const events: LogEvent[] = [];
  for (const [index, line] of rest.entries()) {
    events.push(parseEventLine(line, { name, line: index + 2, after: events.at(-1)?.seq ?? -1 }));
  }
  return { header, events };
}

/** For who reads a long trace line by line. */
export function parseHeaderLine(text: string, name: string): TraceHeader {
  return parseHeader(parseLine(text, name, 1), name);
}

/** `after`: the `seq` of the event before it, -1 for the first. */
export function parseEventLine(
  text: string,
  place: { readonly name: string; readonly line: number; readonly after: number },
): LogEvent {
  const { name, line, after } = place;
  const event = parseEvent(parseLine(text, name, line), name, line);
  if (event.seq > after) return event;
  throw new TraceFormatError(name, line, `seq ${event.seq} comes after ${after}`);
}

type JsonRecord = Readonly<Record<string, Json>>;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseLine(line: string, name: string, lineNumber: number): JsonRecord {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new TraceFormatError(name, lineNumber, 'not a line of JSON (is the file cut off?)');
  }
  if (!isRecord(value)) throw new TraceFormatError(name, lineNumber, 'not a JSON object');
  return value;
}

function parseHeader(value: JsonRecord, name: string): TraceHeader {
  if (value.type !== 'trace.header') {
    throw new TraceFormatError(name, 1, 'the first line is not a trace.header');
  }
  if (value.version !== TRACE_VERSION) {
    const found = JSON.stringify(value.version ?? null);
    throw new TraceFormatError(
      name,
      1,
      `trace version ${found}; this build reads ${TRACE_VERSION}`,
    );
  }
  const { kind, seed, build, options } = value;
  if (typeof seed !== 'string' || typeof build !== 'string' || !isRecord(options)) {
    throw new TraceFormatError(name, 1, 'the header needs seed, build and options');
  }
  if (kind === undefined) return { seed, build, options };
  if (typeof kind !== 'string') throw new TraceFormatError(name, 1, 'kind must be a string');
  return { kind, seed, build, options };
}

function parseEvent(value: JsonRecord, name: string, lineNumber: number): LogEvent {
  const { seq, at, node, type, session, data } = value;
  const wrong = (what: string): TraceFormatError => new TraceFormatError(name, lineNumber, what);
  if (!Number.isSafeInteger(seq)) throw wrong('seq must be a whole number');
  if (!Number.isSafeInteger(at)) throw wrong('at must be whole milliseconds');
  if (typeof node !== 'string') throw wrong('node must be a string');
  if (typeof type !== 'string') throw wrong('type must be a string');
  if (session !== null && typeof session !== 'string')
    throw wrong('session must be a string or null');
  if (!isRecord(data)) throw wrong('data must be an object');
  return { seq: seq as number, at: at as number, node, type, session, data };
}

/** A running SHA-256 over the normalised lines of a run: what two runs are compared by (I76). */
export interface TraceHasher {
  add(event: LogEvent): void;
  /** Hex. Ends the hasher. */
  digest(): string;
}

export function createTraceHasher(header: TraceHeader): TraceHasher {
  const hash = createHash('sha256').update(`${formatHeader(header)}\n`);
  return {
    add: (event) => {
      hash.update(`${formatEvent(event)}\n`);
    },
    digest: () => hash.digest('hex'),
  };
}

/** SHA-256, hex, of the normalised lines; line ends and key order of a file do not count. */
export function traceHash(trace: Trace): string {
  return createHash('sha256').update(formatTrace(trace)).digest('hex');
}
