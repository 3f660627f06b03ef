import type { CancelWakeUp } from '../../../machines/ports/clock.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { TimerHeap } from './timer-heap.ts';

/** A timer for each place; set anew, it forgets the earlier instant. */
export interface TimerBank {
  /** Waits for `dueAt`. The same instant again changes nothing, not even the order. */
  set(place: number, dueAt: EpochMs): void;
  clear(place: number): void;
}

type Fire = (place: number) => void;

/**
 * Virtual time for very many machines: a `VirtualClock` whose wake-ups can also be banks of numbered
 * timers. The order is that of the clock port: (due instant, order of the calls).
 */
export class Timeline implements VirtualClock {
  readonly #heap = new TimerHeap();
  readonly #fires: Fire[] = [];
  readonly #wakes: (() => void)[] = [];
  readonly #freePlaces: number[] = [];
  readonly #wakeBank: TimerBank;
  #reachedAt: EpochMs;

  constructor(startAt: EpochMs) {
    if (!Number.isSafeInteger(startAt)) {
      throw new RangeError(`a timeline starts at a whole millisecond, not at ${startAt}`);
    }
    this.#reachedAt = startAt;
    this.#wakeBank = this.createBank((place) => this.#wake(place));
  }

  now(): EpochMs {
    return this.#reachedAt;
  }

  /** Timers of one kind; `fire` is told the place, which then waits no longer. */
  createBank(fire: Fire): TimerBank {
    const heap = this.#heap;
    const bank = heap.addBank();
    this.#fires.push(fire);
    return {
      set: (place, dueAt) => {
        if (!Number.isSafeInteger(dueAt)) {
          throw new RangeError(`a wake-up needs a whole number of milliseconds, not ${dueAt}`);
        }
        heap.set(bank, place, dueAt);
      },
      clear: (place) => heap.clear(bank, place),
    };
  }

  wakeAt(dueAt: EpochMs, wake: () => void): CancelWakeUp {
    const place = this.#freePlaces.pop() ?? this.#wakes.length;
    let isWaiting = true;
    const release = (): void => {
      isWaiting = false;
      this.#wakes[place] = forgotten;
      this.#freePlaces.push(place);
    };
    this.#wakes[place] = () => {
      release();
      wake();
    };
    this.#wakeBank.set(place, dueAt);
    return () => {
      if (!isWaiting) return;
      this.#wakeBank.clear(place);
      release();
    };
  }

  get pendingCount(): number {
    return this.#heap.size;
  }

  nextDueAt(): EpochMs | null {
    return this.#heap.size === 0 ? null : this.#heap.dueAt;
  }

  fireNext(): boolean {
    const heap = this.#heap;
    if (heap.size === 0) return false;
    const { dueAt, bank, place } = heap;
    heap.clear(bank, place);
    if (dueAt > this.#reachedAt) this.#reachedAt = dueAt;
    (this.#fires[bank] as Fire)(place);
    return true;
  }

  advanceTo(at: EpochMs): void {
    this.#assertForward(at);
    while (this.#heap.size > 0 && this.#heap.dueAt <= at) this.fireNext();
    this.#reachedAt = Math.max(this.#reachedAt, at);
  }

  moveTo(at: EpochMs): void {
    this.#assertForward(at);
    const dueAt = this.nextDueAt();
    if (dueAt !== null && dueAt <= at) {
      throw new RangeError(`a wake-up is due at ${dueAt}: fire it before moving to ${at}`);
    }
    this.#reachedAt = at;
  }

  skipTo(at: EpochMs): void {
    this.#assertForward(at);
    this.#reachedAt = at;
  }

  #wake(place: number): void {
    (this.#wakes[place] as () => void)();
  }

  #assertForward(at: EpochMs): void {
    if (!Number.isSafeInteger(at)) throw new RangeError(`not a whole millisecond: ${at}`);
    if (at < this.#reachedAt) {
      throw new RangeError(`virtual time does not go back: ${at} is before ${this.#reachedAt}`);
    }
  }
}

function forgotten(): void {}
