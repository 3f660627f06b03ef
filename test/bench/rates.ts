import { megabytesPerSecond } from './measure.ts';

/** MB/s by the name of the figure. */
export class Rates {
  readonly #all = new Map<string, number[]>();

  add(name: string, bytes: number, tookMs: number): void {
    const list = this.#all.get(name) ?? [];
    list.push(megabytesPerSecond(bytes, tookMs));
    this.#all.set(name, list);
  }

  of(name: string): readonly number[] {
    return this.#all.get(name) ?? [];
  }
}
