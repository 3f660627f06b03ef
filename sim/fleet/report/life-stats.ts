import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { DAY_MS, type EpochMs, HOUR_MS } from '../../../machines/rules/time.ts';
import type { Extreme, LifeHistogram } from './report.ts';

/** Bounds of the histogram; the last row has none. */
export const LIFE_BOUNDS: readonly number[] = [
  0,
  HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
  2 * DAY_MS,
  4 * DAY_MS,
  7 * DAY_MS,
  10 * DAY_MS,
  14 * DAY_MS,
  21 * DAY_MS,
];

class Histogram {
  readonly #counts: number[] = new Array(LIFE_BOUNDS.length + 1).fill(0);
  #count = 0;
  #minimum: Extreme | null = null;

  add(leftMs: number, session: string, at: EpochMs): void {
    this.#count += 1;
    const found = LIFE_BOUNDS.findIndex((bound) => leftMs < bound);
    const row = found === -1 ? LIFE_BOUNDS.length : found;
    this.#counts[row] = (this.#counts[row] as number) + 1;
    if (this.#minimum === null || leftMs < this.#minimum.leftMs) {
      this.#minimum = { leftMs, session, at };
    }
  }

  report(): LifeHistogram {
    const buckets = this.#counts.map((count, row) => ({
      belowMs: LIFE_BOUNDS[row] ?? null,
      count,
    }));
    return { count: this.#count, minimum: this.#minimum, buckets };
  }
}

interface Open {
  expiresAt: EpochMs | null;
  firstLeftMs: number | null;
  firstAt: EpochMs;
  lastLeftMs: number;
  lastAt: EpochMs;
}

/** How much life a session's credential had left at the session's first and at its last request. */
export class LifeStats {
  readonly #open = new Map<string, Open>();
  readonly #first = new Histogram();
  readonly #last = new Histogram();

  see({ type, session, data }: LogEvent): void {
    if (session === null) return;
    if (type === 'credential.delivered') {
      const expiresAt = typeof data.expiresAt === 'number' ? data.expiresAt : null;
      const known = this.#open.get(session);
      if (known !== undefined) known.expiresAt = expiresAt;
      else if (expiresAt !== null) {
        this.#open.set(session, {
          expiresAt,
          firstLeftMs: null,
          firstAt: 0,
          lastLeftMs: 0,
          lastAt: 0,
        });
      }
      return;
    }
    const open = this.#open.get(session);
    if (open === undefined || open.expiresAt === null) return;
    if (open.firstLeftMs === null) {
      open.firstAt = Number(data.firstStartedAt);
      open.firstLeftMs = open.expiresAt - open.firstAt;
    }
    open.lastAt = Number(data.startedAt);
    open.lastLeftMs = open.expiresAt - open.lastAt;
  }

  end({ session }: LogEvent): void {
    const open = this.#open.get(session ?? '');
    if (session === null || open === undefined) return;
    this.#open.delete(session);
    if (open.firstLeftMs === null) return;
    this.#first.add(open.firstLeftMs, session, open.firstAt);
    this.#last.add(open.lastLeftMs, session, open.lastAt);
  }

  report(): { readonly first: LifeHistogram; readonly last: LifeHistogram } {
    return { first: this.#first.report(), last: this.#last.report() };
  }
}
