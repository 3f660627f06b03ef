import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CancelWakeUp, Clock } from '../../machines/ports/clock.ts';
import { DAY_MS, MINUTE_MS } from '../../machines/rules/time.ts';
import { property } from '../support/seed.ts';

/** A clock and the hand that moves it. */
export interface ClockUnderTest {
  readonly clock: Clock;
  /** Lets this much time pass on the clock, with everything that is due on the way. */
  readonly advance: (byMs: number) => Promise<void>;
}

/** What every `Clock` must do; `create` makes a new one that shows `startAt`. */
export function describeClockContract(
  name: string,
  create: (startAt: number) => ClockUnderTest,
): void {
  const START_AT = Date.UTC(2026, 10, 22);

  /** Sets wake-ups that write down their label and the time they see. */
  function recorder(clock: Clock) {
    const seen: { label: string; at: number }[] = [];
    const wakeAt = (label: string, dueAt: number): CancelWakeUp =>
      clock.wakeAt(dueAt, () => {
        seen.push({ label, at: clock.now() - START_AT });
      });
    return { seen, wakeAt };
  }

  describe(`${name}: clock contract`, () => {
    test('shows whole milliseconds and moves as far as it is moved', async () => {
      const { clock, advance } = create(START_AT);
      expect(clock.now()).toBe(START_AT);
      await advance(90_061_001);
      expect(clock.now()).toBe(START_AT + 90_061_001);
    });

    test('fires in the order of the due instants, each at its own instant', async () => {
      const { clock, advance } = create(START_AT);
      const { seen, wakeAt } = recorder(clock);
      wakeAt('late', START_AT + 3_000);
      wakeAt('early', START_AT + 1_000);
      wakeAt('middle', START_AT + 2_000);
      await advance(10_000);
      expect(seen).toEqual([
        { label: 'early', at: 1_000 },
        { label: 'middle', at: 2_000 },
        { label: 'late', at: 3_000 },
      ]);
    });

    test('fires wake-ups of the same instant in the order of the calls', async () => {
      const { clock, advance } = create(START_AT);
      const { seen, wakeAt } = recorder(clock);
      for (const label of ['a', 'b', 'c', 'd', 'e']) wakeAt(label, START_AT + 500);
      await advance(500);
      expect(seen.map(({ label }) => label)).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    test('does not fire 1 ms early, and does fire when exactly due', async () => {
      const { clock, advance } = create(START_AT);
      const { seen, wakeAt } = recorder(clock);
      wakeAt('due', START_AT + 1_000);
      await advance(999);
      expect(seen).toEqual([]);
      await advance(1);
      expect(seen).toEqual([{ label: 'due', at: 1_000 }]);
    });

    test('is never synchronous, not even for an instant that has passed', async () => {
      const { clock, advance } = create(START_AT);
      await advance(5_000);
      const { seen, wakeAt } = recorder(clock);
      wakeAt('past', START_AT + 1);
      wakeAt('now', clock.now());
      expect(seen).toEqual([]);
      await advance(1);
      expect(seen.map(({ label }) => label)).toEqual(['past', 'now']);
      for (const { at } of seen) expect(at).toBeGreaterThanOrEqual(5_000);
    });

    test('wakes once', async () => {
      const { clock, advance } = create(START_AT);
      const { seen, wakeAt } = recorder(clock);
      wakeAt('once', START_AT + 10);
      await advance(10);
      await advance(DAY_MS);
      expect(seen).toHaveLength(1);
    });

    test('cancels, also twice, and also after the wake-up', async () => {
      const { clock, advance } = create(START_AT);
      const { seen, wakeAt } = recorder(clock);
      const cancelFirst = wakeAt('first', START_AT + 10);
      const cancelSecond = wakeAt('second', START_AT + 20);
      wakeAt('third', START_AT + 30);
      cancelFirst();
      cancelFirst();
      await advance(25);
      cancelSecond();
      await advance(25);
      expect(seen.map(({ label }) => label)).toEqual(['second', 'third']);
    });

    test('a wake-up may cancel another one of the same instant', async () => {
      const { clock, advance } = create(START_AT);
      const { seen, wakeAt } = recorder(clock);
      let cancelVictim: CancelWakeUp = () => undefined;
      clock.wakeAt(START_AT + 10, () => cancelVictim());
      cancelVictim = wakeAt('victim', START_AT + 10);
      wakeAt('bystander', START_AT + 10);
      await advance(100);
      expect(seen.map(({ label }) => label)).toEqual(['bystander']);
    });

    test('wake-ups set inside wake-ups fire in the same advance, at their own instants', async () => {
      const { clock, advance } = create(START_AT);
      const { seen, wakeAt } = recorder(clock);
      clock.wakeAt(START_AT + 1_000, () => {
        wakeAt('same instant', clock.now());
        wakeAt('later', clock.now() + 500);
      });
      wakeAt('between', START_AT + 1_200);
      await advance(DAY_MS);
      expect(seen.map(({ label }) => label)).toEqual(['same instant', 'between', 'later']);
      expect(seen.slice(1).map(({ at }) => at)).toEqual([1_200, 1_500]);
    });

    test('promise chains between two wake-ups of a jump see the time of the first', async () => {
      const { clock, advance } = create(START_AT);
      const seen: number[] = [];
      clock.wakeAt(START_AT + 1_000, async () => {
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        seen.push(clock.now() - START_AT);
        clock.wakeAt(clock.now() + 500, () => seen.push(clock.now() - START_AT));
      });
      clock.wakeAt(START_AT + 2_000, () => seen.push(clock.now() - START_AT));
      await advance(DAY_MS);
      expect(seen).toEqual([1_000, 1_500, 2_000]);
    });

    test('F19: a wake-up in 30 days fires after 30 days, not after 1 ms', async () => {
      const { clock, advance } = create(START_AT);
      const { seen, wakeAt } = recorder(clock);
      wakeAt('expiry', START_AT + 30 * DAY_MS);
      await advance(30 * DAY_MS - 1);
      expect(seen).toEqual([]);
      await advance(1);
      expect(seen).toEqual([{ label: 'expiry', at: 30 * DAY_MS }]);
    });

    test('a 60 s heartbeat over 30 days beats exactly 43,200 times', async () => {
      const { clock, advance } = create(START_AT);
      let beatCount = 0;
      let isOnTime = true;
      const beat = (): void => {
        beatCount += 1;
        isOnTime &&= clock.now() === START_AT + beatCount * MINUTE_MS;
        clock.wakeAt(clock.now() + MINUTE_MS, beat);
      };
      clock.wakeAt(START_AT + MINUTE_MS, beat);
      await advance(30 * DAY_MS);
      expect(beatCount).toBe(43_200);
      expect(isOnTime).toBe(true);
    });

    test('refuses an instant that is not a whole number', () => {
      const { clock } = create(START_AT);
      for (const dueAt of [START_AT + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(() => clock.wakeAt(dueAt, () => undefined)).toThrow(RangeError);
      }
    });

    property(
      'any mix of wake-ups, cancellations and steps fires as a sorted list would',
      [
        fc.array(
          fc.record({
            delayMs: fc.integer({ min: 0, max: 50 }),
            isCancelled: fc.boolean(),
          }),
          { maxLength: 40 },
        ),
        fc.integer({ min: 1, max: 60 }),
      ],
      async (plans, stepMs) => {
        const { clock, advance } = create(START_AT);
        const { seen, wakeAt } = recorder(clock);
        const cancels = plans.map(({ delayMs }, index) =>
          wakeAt(`${index}`, START_AT + 1 + delayMs),
        );
        plans.forEach((plan, index) => {
          if (plan.isCancelled) cancels[index]?.();
        });
        for (let passedMs = 0; passedMs <= 60; passedMs += stepMs) await advance(stepMs);
        const expected = plans
          .map((plan, index) => ({ ...plan, label: `${index}`, at: 1 + plan.delayMs }))
          .filter(({ isCancelled }) => !isCancelled)
          .sort((left, right) => left.at - right.at)
          .map(({ label, at }) => ({ label, at }));
        expect(seen).toEqual(expected);
        return true;
      },
      { numRuns: 50 },
    );
  });
}
