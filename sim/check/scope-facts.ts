import type { LogEvent } from '../../machines/ports/event-log.ts';
import { emptyNotes } from './checker.ts';
import { asCount, asText } from './facts.ts';

/** One generation of a scope (C12), as far as the log has told. */
export interface Generation {
  readonly number: number;
  /** The last issue under this number. */
  issued: LogEvent | null;
  /** Null again when the number is issued once more. */
  saved: LogEvent | null;
  /** The first fact that told when it ends, and that instant. */
  told: LogEvent | null;
  expiresAt: number | null;
  /** C13: what is irrevocable lives on, whatever the database calls it. */
  revoked: LogEvent | null;
}

/** How long a generation is remembered after its expiry, so that clocks may differ. */
const FORGOTTEN_AFTER_MS = 3 * 24 * 3_600_000;

/** What is known of one credential scope, kept once for all checkers. */
export class ScopeFacts {
  readonly id: string;
  /** Of the last route that a session of this scope has got. */
  storage: string | null = null;
  /** The line of the last check in this scope. */
  renewBelowMs: number | null = null;
  readonly notes: unknown[] = emptyNotes();
  #generations: Generation[] = [];
  /** The last one that was forgotten: all up to its number had expired by then. */
  #past: Generation | null = null;

  constructor(id: string) {
    this.id = id;
  }

  /** Also one that has long expired: then the last such one, which ended no earlier. */
  generation(number: number): Generation | null {
    const known = this.#generations;
    for (let index = known.length - 1; index >= 0; index -= 1) {
      const one = known[index];
      if (one !== undefined && one.number === number) return one;
    }
    return this.#past !== null && number <= this.#past.number ? this.#past : null;
  }

  /** How long the last issue was asked to live; null before the first. */
  lastLifetimeMs: number | null = null;

  note(event: LogEvent, logTime: number): void {
    const number = asCount(event.data.generation);
    if (number === null) return;
    switch (event.type) {
      case 'credential.issued': {
        this.#forget(logTime);
        const own = this.#at(number);
        own.issued = event;
        this.lastLifetimeMs = asCount(event.data.lifetimeMs);
        own.saved = null;
        tellExpiry(own, event);
        return;
      }
      case 'credential.saved': {
        const own = this.generation(number);
        if (own !== null) own.saved = event;
        return;
      }
      case 'credential.delivered':
        tellExpiry(this.#at(number), event);
        return;
      case 'credential.revoked': {
        const own = this.generation(number);
        if (own !== null && asText(event.data.state) !== 'irrevocable') own.revoked = event;
        return;
      }
    }
  }

  #at(number: number): Generation {
    const known = this.generation(number);
    if (known !== null && known.number === number) return known;
    const fresh: Generation = {
      number,
      issued: null,
      saved: null,
      told: null,
      expiresAt: null,
      revoked: null,
    };
    this.#generations.push(fresh);
    return fresh;
  }

  #forget(logTime: number): void {
    const limit = logTime - FORGOTTEN_AFTER_MS;
    const isOver = (one: Generation): boolean => one.expiresAt !== null && one.expiresAt < limit;
    if (!this.#generations.some(isOver)) return;
    for (const one of this.#generations) {
      if (isOver(one) && one.number >= (this.#past?.number ?? 0)) this.#past = one;
    }
    this.#generations = this.#generations.filter((one) => !isOver(one));
  }
}

function tellExpiry(own: Generation, event: LogEvent): void {
  if (own.told !== null) return;
  const expiresAt = asCount(event.data.expiresAt);
  if (expiresAt === null) return;
  own.told = event;
  own.expiresAt = expiresAt;
}
