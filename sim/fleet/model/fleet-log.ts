import type { JsonObject, LogEvent } from '../../../machines/ports/event-log.ts';
import { formatEvent } from '../../kernel/index.ts';
import type { Agenda } from './agenda.ts';

export type FleetSink = (event: LogEvent) => void;
export type LineSink = (line: string) => void;

/**
 * The event log of a fleet: the same facts as in the other worlds, handed on and forgotten. Lines
 * are made only when somebody reads lines. A world without secrets needs no tripwire: nothing here
 * knows one.
 */
export class FleetLog {
  readonly #agenda: Agenda;
  readonly #sinks: readonly FleetSink[];
  readonly #lines: readonly LineSink[];
  #tamper: ((event: LogEvent) => readonly LogEvent[]) | null;
  #seq = 0;

  constructor(
    agenda: Agenda,
    sinks: readonly FleetSink[],
    lines: readonly LineSink[],
    tamper: ((event: LogEvent) => readonly LogEvent[]) | null = null,
  ) {
    this.#agenda = agenda;
    this.#sinks = sinks;
    this.#lines = lines;
    this.#tamper = tamper;
  }

  get count(): number {
    return this.#seq;
  }

  /** `at` only where another clock than the true one saw it (C11). */
  write(
    node: string,
    type: string,
    session: string | null,
    data: JsonObject,
    at: number = this.#agenda.now(),
  ): void {
    const event = { seq: this.#seq, at, node, type, session, data };
    if (this.#tamper === null) this.#hand(event);
    else for (const one of this.#tamper(event)) this.#hand(one);
  }

  #hand(event: LogEvent): void {
    const own = event.seq === this.#seq ? event : { ...event, seq: this.#seq };
    this.#seq += 1;
    for (const sink of this.#sinks) sink(own);
    if (this.#lines.length === 0) return;
    const line = formatEvent(own);
    for (const sink of this.#lines) sink(line);
  }
}
