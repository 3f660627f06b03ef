import type { ViewModel } from '../model/types.ts';

/** So many coarse checkpoints at most; when there are more, every second one goes. */
const CHECKPOINT_COUNT_MAX = 128;
const FIRST_STRIDE = 1_024;
/** Between coarse checkpoints, where somebody looks around: so far apart, and so many. */
const FINE_STRIDE = 256;
const FINE_COUNT_MAX = 256;
/** What all checkpoints of a kind may hold together, in rows: those of a fleet are heavy. */
const COARSE_ROWS_MAX = 1_500_000;
const FINE_ROWS_MAX = 500_000;
/** The same where events never stop: each checkpoint holds on to sessions that are long over. */
const LIVE_COARSE_ROWS_MAX = 300_000;
const LIVE_FINE_STRIDE = 1_024;

interface Checkpoint {
  readonly position: number;
  readonly view: ViewModel;
}

/** States that were folded once, so that looking around need not begin at the beginning. */
export class Checkpoints {
  readonly #coarse = new Map<number, ViewModel>();
  readonly #fine = new Map<number, ViewModel>();
  readonly #coarseRowsMax: number;
  readonly #fineStride: number;
  #stride = FIRST_STRIDE;
  #coarseRows = 0;
  #fineRows = 0;

  constructor(isLive: boolean) {
    this.#coarseRowsMax = isLive ? LIVE_COARSE_ROWS_MAX : COARSE_ROWS_MAX;
    this.#fineStride = isLive ? LIVE_FINE_STRIDE : FINE_STRIDE;
  }

  /** What all of them hold. */
  get rows(): number {
    return this.#coarseRows + this.#fineRows;
  }

  /** The last one at or before a position; `base` where there is none. */
  nearest(wanted: number, base: Checkpoint): Checkpoint {
    let best = base;
    const coarse = Math.floor(wanted / this.#stride) * this.#stride;
    for (let position = coarse; position > best.position; position -= this.#stride) {
      const view = this.#coarse.get(position);
      if (view !== undefined) best = { position, view };
    }
    const fine = Math.floor(wanted / this.#fineStride) * this.#fineStride;
    for (let position = fine; position > best.position; position -= this.#fineStride) {
      const view = this.#fine.get(position);
      if (view !== undefined) best = { position, view };
    }
    return best;
  }

  /**
   * Where the way to a position pauses next: every pause is worth a checkpoint. Fine ones only for
   * who looks around, near what is wanted: that is where the next steps go.
   */
  nextAfter(position: number, wanted: number, isLookingAround: boolean): number {
    const isNear = isLookingAround && wanted - position <= 2 * this.#stride;
    const stride = isNear ? this.#fineStride : this.#stride;
    return Math.min(wanted, (Math.floor(position / stride) + 1) * stride);
  }

  keep(position: number, view: ViewModel): void {
    if (position % this.#stride === 0) this.#keepCoarse(position, view);
    else if (position % this.#fineStride === 0) this.#keepFine(position, view);
  }

  forgetBefore(target: number): void {
    for (const position of [...this.#coarse.keys()]) {
      if (position < target) this.#dropCoarse(position);
    }
    for (const position of [...this.#fine.keys()]) if (position < target) this.#dropFine(position);
  }

  #keepCoarse(position: number, view: ViewModel): void {
    this.#dropCoarse(position);
    this.#coarse.set(position, view);
    this.#coarseRows += rowsIn(view);
    while (this.#coarse.size > CHECKPOINT_COUNT_MAX || this.#coarseRows > this.#coarseRowsMax) {
      // The last two always fit: what is shown is one of them.
      if (this.#coarse.size <= 2) return;
      this.#stride *= 2;
      for (const key of [...this.#coarse.keys()]) {
        if (key % this.#stride !== 0) this.#dropCoarse(key);
      }
    }
  }

  #keepFine(position: number, view: ViewModel): void {
    this.#dropFine(position);
    this.#fine.set(position, view);
    this.#fineRows += rowsIn(view);
    for (const oldest of [...this.#fine.keys()]) {
      if (this.#fine.size <= FINE_COUNT_MAX && this.#fineRows <= FINE_ROWS_MAX) break;
      this.#dropFine(oldest);
    }
  }

  #dropCoarse(position: number): void {
    const view = this.#coarse.get(position);
    if (view === undefined) return;
    this.#coarseRows -= rowsIn(view);
    this.#coarse.delete(position);
  }

  #dropFine(position: number): void {
    const view = this.#fine.get(position);
    if (view === undefined) return;
    this.#fineRows -= rowsIn(view);
    this.#fine.delete(position);
  }
}

function rowsIn({ sessions, credentials }: ViewModel): number {
  return sessions.size + credentials.size;
}
