import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Agenda } from '../../../sim/fleet/model/agenda.ts';
import { Chance } from '../../../sim/fleet/model/chance.ts';
import { FluidLink } from '../../../sim/fleet/model/fluid-link.ts';
import { NodeClock } from '../../../sim/fleet/model/node-clock.ts';
import { SEED } from '../../support/seed.ts';

describe('agenda', () => {
  test(`does tasks by instant, then in the order of the calls (seed ${SEED})`, () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }), (instants) => {
        const agenda = new Agenda(5);
        const done: number[] = [];
        for (const [index, at] of instants.entries()) agenda.at(at, () => done.push(index));
        while (agenda.fireNext(Number.MAX_SAFE_INTEGER));
        const wanted = instants
          .map((at, index) => ({ at, index }))
          .sort((left, right) => left.at - right.at || left.index - right.index)
          .map(({ index }) => index);
        expect(done).toEqual(wanted);
      }),
      { seed: SEED },
    );
  });

  test('time never goes back, also for what was due in the past', () => {
    const agenda = new Agenda(100);
    const seen: number[] = [];
    agenda.at(50, () => seen.push(agenda.now()));
    agenda.at(120, () => agenda.at(90, () => seen.push(agenda.now())));
    while (agenda.fireNext(1_000));
    expect(seen).toEqual([100, 120]);
  });
});

describe('chance', () => {
  test('depends on seed, purpose and numbers alone, and a commit hash is a seed', () => {
    const first = new Chance('4f1c2b8e');
    const second = new Chance('4f1c2b8e');
    second.uint32('loss', 1, 1);
    expect(second.uint32('first', 7, 3)).toBe(first.uint32('first', 7, 3));
    const draws = new Set([
      first.uint32('first', 7, 3),
      first.uint32('first', 7, 4),
      first.uint32('first', 8, 3),
      first.uint32('incremental', 7, 3),
      new Chance('4f1c2b8f').uint32('first', 7, 3),
    ]);
    expect(draws.size).toBe(5);
  });

  test('half of the draws lie below the typical value, all between the bounds', () => {
    const chance = new Chance(1);
    const spread = { min: 10, typical: 100, max: 10_000 };
    const draws = Array.from({ length: 4_000 }, (_, which) =>
      chance.spread('first', 1, which, spread),
    );
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...draws)).toBeLessThanOrEqual(10_000);
    const below = draws.filter((draw) => draw < 100).length;
    expect(below / draws.length).toBeGreaterThan(0.46);
    expect(below / draws.length).toBeLessThan(0.54);
  });
});

describe('clock of a node', () => {
  const clocks = fc.record({
    offsetMs: fc.integer({ min: -200_000_000, max: 200_000_000 }),
    driftPpm: fc.integer({ min: -1_000, max: 1_000 }),
    jumps: fc.array(
      fc.record({
        atMs: fc.integer({ min: 0, max: 100_000_000 }),
        byMs: fc.integer({ min: -90_000_000, max: 90_000_000 }),
      }),
      { maxLength: 3 },
    ),
  });

  test(`a wake-up never comes late, and never sleeps through a jump (seed ${SEED})`, () => {
    fc.assert(
      fc.property(
        clocks,
        fc.integer({ min: 0, max: 100_000_000 }),
        fc.integer({ min: 0, max: 100_000_000 }),
        ({ offsetMs, driftPpm, jumps }, sinceMs, leftMs) => {
          const startAt = 1_767_571_200_000;
          const sorted = [...jumps].sort((left, right) => left.atMs - right.atMs);
          const clock = new NodeClock(startAt, offsetMs, driftPpm, sorted);
          const now = startAt + sinceMs;
          const dueAt = clock.read(now) + leftMs;
          // As a sleeper does it: woken, it looks again.
          let at = now;
          for (let wakes = 0; clock.read(at) < dueAt; wakes += 1) {
            expect(wakes).toBeLessThan(50);
            const next = clock.wakeAt(dueAt, at);
            expect(next).toBeGreaterThan(at);
            // One ms earlier it was not due, unless a jump has made it due at once.
            at = next;
          }
          if (at > now && !sorted.some(({ atMs }) => startAt + atMs === at)) {
            expect(clock.read(at - 2)).toBeLessThan(dueAt);
          }
        },
      ),
      { seed: SEED },
    );
  });
});

describe('fluid link', () => {
  const flows = fc.array(
    fc.record({
      startMs: fc.integer({ min: 0, max: 50_000 }),
      bytes: fc.integer({ min: 1, max: 5_000_000 }),
      cap: fc.constantFrom(10_000, 50_000, 200_000),
      leaveMs: fc.option(fc.integer({ min: 0, max: 60_000 }), { freq: 4 }),
    }),
    { minLength: 1, maxLength: 20 },
  );

  test(`carries every byte once, never above its capacity or a cap (seed ${SEED})`, () => {
    fc.assert(
      fc.property(flows, fc.constantFrom(30_000, 100_000, null), (all, capacity) => {
        const agenda = new Agenda(0);
        const link = new FluidLink(agenda, capacity);
        let carried = 0;
        let endAt = 0;
        for (const { startMs, bytes, cap, leaveMs } of all) {
          agenda.at(startMs, () => {
            let isDone = false;
            const flow = link.join(bytes, cap, () => {
              isDone = true;
              carried += bytes;
              endAt = agenda.now();
              const alone = (bytes / Math.min(cap, capacity ?? cap)) * 1_000;
              expect(agenda.now() - startMs).toBeGreaterThanOrEqual(Math.floor(alone));
            });
            if (leaveMs === null) return;
            agenda.in(leaveMs, () => {
              const before = link.leave(flow);
              expect(before).toBeLessThanOrEqual(bytes);
              if (!isDone) carried += before;
              endAt = agenda.now();
            });
          });
        }
        while (agenda.fireNext(Number.MAX_SAFE_INTEGER));
        const load = link.takeLoad();
        expect(link.flowCount).toBe(0);
        expect(load.bytes).toBe(carried);
        if (capacity !== null) expect(carried).toBeLessThanOrEqual((capacity * endAt) / 1_000 + 20);
      }),
      { seed: SEED },
    );
  });

  test('max-min: what one cannot take the others get', () => {
    const agenda = new Agenda(0);
    const link = new FluidLink(agenda, 100_000);
    const slow = link.join(1_000_000, 10_000, () => undefined);
    const fast = [1, 2].map(() => link.join(10_000_000, 500_000, () => undefined));
    expect(link.rateOf(slow)).toBe(10);
    expect(fast.map((flow) => link.rateOf(flow))).toEqual([45, 45]);
    link.setCapacity(0);
    expect(link.rateOf(slow)).toBe(0);
  });

  test('equal flows that come together are done together, at the shared rate', () => {
    const agenda = new Agenda(0);
    const link = new FluidLink(agenda, 100_000);
    const done: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      link.join(50_000, 100_000, () => done.push(agenda.now()));
    }
    while (agenda.fireNext(Number.MAX_SAFE_INTEGER));
    expect(done).toEqual([2_000, 2_000, 2_000, 2_000]);
    expect(link.takeLoad().saturatedMs).toBe(2_000);
  });
});
