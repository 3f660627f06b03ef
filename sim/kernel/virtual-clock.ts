import { WakeUpQueue } from '../../adapters/clock/wake-up-queue.ts';
import type { Clock } from '../../machines/ports/clock.ts';
import type { EpochMs } from '../../machines/rules/time.ts';

/** A clock that stands still until it is told to move. */
export interface VirtualClock extends Clock {
  /**
   * Fires exactly one wake-up, the next in the order (dueAt, order of the calls), with `now()` =
   * max(its due instant, the time already reached). `false` when none is pending.
   */
  fireNext(): boolean;
  /** When the next wake-up is due; null when none is pending. */
  nextDueAt(): EpochMs | null;
  /**
   * Fires everything due up to and including `at`, one by one, then shows `at`. Synchronous: no
   * promise settles in between, so it is for worlds without promises; others use `advanceTo` of
   * the driver. Throws a RangeError for an instant that has passed.
   */
  advanceTo(at: EpochMs): void;
  /** Moves the time without firing; refused when a wake-up would be skipped. */
  moveTo(at: EpochMs): void;
  /**
   * Jumps over wake-ups as a suspended host does (F7): they fire late, in their order, and see the
   * time that is reached by then.
   */
  skipTo(at: EpochMs): void;
  /** Wake-ups that wait. */
  readonly pendingCount: number;
}

export function createVirtualClock(startAt: EpochMs): VirtualClock {
  if (!Number.isSafeInteger(startAt)) {
    throw new RangeError(`a virtual clock starts at a whole millisecond, not at ${startAt}`);
  }
  const queue = new WakeUpQueue();
  let reachedAt = startAt;

  function assertForward(at: EpochMs): void {
    if (!Number.isSafeInteger(at)) throw new RangeError(`not a whole millisecond: ${at}`);
    if (at < reachedAt) {
      throw new RangeError(`virtual time does not go back: ${at} is before ${reachedAt}`);
    }
  }

  function fireNext(): boolean {
    const next = queue.take();
    if (next === null) return false;
    reachedAt = Math.max(reachedAt, next.dueAt);
    next.wake();
    return true;
  }

  function nextDueAt(): EpochMs | null {
    return queue.peek()?.dueAt ?? null;
  }

  return {
    now: () => reachedAt,
    wakeAt: (dueAt, wake) => {
      const wakeUp = queue.add(dueAt, wake);
      return () => queue.cancel(wakeUp);
    },
    fireNext,
    nextDueAt,
    advanceTo: (at) => {
      assertForward(at);
      for (let dueAt = nextDueAt(); dueAt !== null && dueAt <= at; dueAt = nextDueAt()) fireNext();
      reachedAt = Math.max(reachedAt, at);
    },
    skipTo: (at) => {
      assertForward(at);
      reachedAt = at;
    },
    moveTo: (at) => {
      assertForward(at);
      const dueAt = nextDueAt();
      if (dueAt !== null && dueAt <= at) {
        throw new RangeError(`a wake-up is due at ${dueAt}: fire it before moving to ${at}`);
      }
      reachedAt = at;
    },
    get pendingCount() {
      return queue.size;
    },
  };
}
