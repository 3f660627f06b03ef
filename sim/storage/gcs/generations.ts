import type { ObjectCore } from '../core/object-core.ts';
import type { GcsShelf } from './shelf.ts';

/** Generations of objects: microseconds of the clock, but always above every earlier one. */
export class Generations {
  readonly #shelf: GcsShelf;
  #last: number;

  constructor(core: ObjectCore, shelf: GcsShelf) {
    this.#shelf = shelf;
    this.#last = shelf.generation;
    for (const bucket of core.bucketNames()) {
      for (const key of core.keysFrom(bucket, '')) {
        this.#last = Math.max(this.#last, core.object(bucket, key)?.generation ?? 0);
      }
    }
  }

  next(at: number): number {
    this.#last = Math.max(at * 1000, this.#last + 1);
    return this.#last;
  }

  /** Called before an object goes: its generation must not come again after a restart. */
  keep(): void {
    if (this.#last > this.#shelf.generation) {
      this.#shelf.commit({ type: 'generation.reached', generation: this.#last });
    }
  }
}
