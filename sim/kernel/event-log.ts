import type { Clock } from '../../machines/ports/clock.ts';
import type { EventLog, LogEvent } from '../../machines/ports/event-log.ts';
import { SecretTripwire } from './secret-tripwire.ts';
import { formatEvent, formatHeader, type TraceHeader } from './trace.ts';

/** Takes each event once, in order, with its normalised line (no line end). */
export type EventSink = (event: LogEvent, line: string) => void;

export interface EventLogOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly sinks?: readonly EventSink[];
  /** Keeps the events for the checkers; default true. Long runs that only stream say false. */
  readonly keepsEvents?: boolean;
}

export interface RunLog extends EventLog {
  /** All events so far; empty when they are not kept. */
  readonly events: readonly LogEvent[];
  /** From now on an event that holds this text throws a SecretLeakError and is not written. */
  registerSecret(label: string, secret: string): void;
}

/**
 * The one event log of a run: numbers the events, stamps what has no `at` with the clock, checks
 * each line against the known secrets before anybody sees it, and hands it to the sinks.
 */
export function createEventLog(options: EventLogOptions): RunLog {
  const sinks = options.sinks ?? [];
  const keepsEvents = options.keepsEvents ?? true;
  const tripwire = new SecretTripwire();
  const events: LogEvent[] = [];
  let nextSeq = 0;
  return {
    events,
    registerSecret: (label, secret) => tripwire.register(label, secret),
    write: ({ at, node, type, session, data }) => {
      const event = { seq: nextSeq, at: at ?? options.clock.now(), node, type, session, data };
      if (!Number.isSafeInteger(event.at)) {
        throw new RangeError(`${type}: at must be whole milliseconds, not ${event.at}`);
      }
      const line = formatEvent(event);
      tripwire.assertClean(line, `the event ${nextSeq}`);
      nextSeq += 1;
      if (keepsEvents) events.push(event);
      for (const sink of sinks) sink(event, line);
    },
  };
}

/** A sink that writes NDJSON: the header at once, then a line an event, each with its line end. */
export function createTraceSink(header: TraceHeader, write: (text: string) => void): EventSink {
  write(`${formatHeader(header)}\n`);
  return (_event, line) => write(`${line}\n`);
}
