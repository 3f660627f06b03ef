import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { TimerHeap } from '../../../../sim/kernel/compile/timer-heap.ts';
import { property } from '../../../support/seed.ts';

type Action =
  | { readonly kind: 'set'; readonly bank: number; readonly place: number; readonly dueAt: number }
  | { readonly kind: 'clear'; readonly bank: number; readonly place: number }
  | { readonly kind: 'fire' };

const where = { bank: fc.nat(1), place: fc.nat(100) };
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('set' as const), ...where, dueAt: fc.nat(30) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), ...where }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('fire' as const) }) },
  ),
  { maxLength: 400, size: 'max' },
);

/** The same, with a list that is sorted whenever it is asked. */
class SortedList {
  readonly #timers = new Map<string, { dueAt: number; sequence: number }>();
  #sequence = 0;

  get size(): number {
    return this.#timers.size;
  }

  set(key: string, dueAt: number): void {
    if (this.#timers.get(key)?.dueAt === dueAt) return;
    this.#sequence += 1;
    this.#timers.set(key, { dueAt, sequence: this.#sequence });
  }

  clear(key: string): void {
    this.#timers.delete(key);
  }

  next(): string | undefined {
    const sorted = [...this.#timers].sort(
      ([, one], [, other]) => one.dueAt - other.dueAt || one.sequence - other.sequence,
    );
    return sorted[0]?.[0];
  }
}

describe('a timer heap', () => {
  property(
    'always has the timer next that a sorted list has: by instant, then by the order of the calls',
    [actions],
    (drawn) => {
      const heap = new TimerHeap();
      const list = new SortedList();
      for (let bank = 0; bank < 2; bank += 1) heap.addBank();
      for (const action of drawn) {
        if (action.kind === 'set') {
          heap.set(action.bank, action.place, action.dueAt);
          list.set(`${action.bank}:${action.place}`, action.dueAt);
        } else if (action.kind === 'clear') {
          heap.clear(action.bank, action.place);
          list.clear(`${action.bank}:${action.place}`);
        } else if (heap.size > 0) {
          list.clear(`${heap.bank}:${heap.place}`);
          heap.clear(heap.bank, heap.place);
        }
        const next = heap.size === 0 ? undefined : `${heap.bank}:${heap.place}`;
        expect([heap.size, next]).toEqual([list.size, list.next()]);
      }
      return true;
    },
    { numRuns: 300 },
  );
});
