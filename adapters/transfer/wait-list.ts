/**
 * Lets tasks wait until something may have changed. `wake` lets all go on, in the order in which
 * they came; each then looks at its condition again. Settles on microtasks only, so that a virtual
 * clock sees no time pass. After `stop` every wait rejects.
 */
export class WaitList {
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #error: Error | null = null;
  #wakes = 0;

  /** Grows with each `wake`; see `waitSince`. */
  get wakes(): number {
    return this.#wakes;
  }

  /** Waits, unless a `wake` came after `wakes` was read: facts may be answered while told. */
  async waitSince(wakes: number): Promise<void> {
    if (this.#error !== null || wakes === this.#wakes) await this.wait();
  }

  wait(): Promise<void> {
    if (this.#error !== null) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /** Waits until `isMet()`; asks at once and after each `wake`. */
  async until(isMet: () => boolean): Promise<void> {
    while (this.#error !== null || !isMet()) await this.wait();
  }

  wake(): void {
    this.#wakes += 1;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  stop(error: Error): void {
    this.#error ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#error);
  }
}
