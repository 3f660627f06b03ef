import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import { type FleetSource, startFleetRun } from '../../sim/tui/runs/fleet-run.ts';
import { turn } from './memory-run.ts';

/** A fleet in which an event comes every `everyMs`, and nothing else happens. */
function ticking(options: { readonly everyMs?: number; readonly endAt?: number } = {}) {
  const { everyMs = 10, endAt = Number.POSITIVE_INFINITY } = options;
  const seen: number[] = [];
  let sliceChecks = 0;
  let slices = 0;
  let problem: Error | null = null;
  const open = (_changes: unknown, sink: (event: LogEvent) => void): FleetSource => {
    let at = 0;
    return {
      now: () => at,
      advance: () => {
        if (problem !== null) throw problem;
        if (at >= endAt) return false;
        at += everyMs;
        const event = { seq: seen.length, at, node: 'sp', type: 'x', session: null, data: {} };
        seen.push(at);
        sink(event);
        return true;
      },
      progress: () => 'somewhere',
      problems: () => [],
    };
  };
  const run = startFleetRun({
    title: 'Ticking',
    startAt: 0,
    open,
    offers: [],
    // Three looks at the time and the slice is used up.
    startSlice: () => {
      slices += 1;
      sliceChecks = 0;
      return () => {
        sliceChecks += 1;
        return sliceChecks >= 3;
      };
    },
  });
  return {
    run,
    seen,
    slices: () => slices,
    breakWith: (error: Error) => {
      problem = error;
    },
  };
}

async function rests(count: () => number): Promise<void> {
  for (let same = 0, last = -1; same < 3; ) {
    same = count() === last ? same + 1 : 0;
    last = count();
    await turn();
  }
}

const FAR = Number.MAX_SAFE_INTEGER;

describe('a fleet goes on as far as it is asked to', () => {
  test.each([
    ['not before anybody asks', null, 0],
    ['past an instant', { until: 45, atLeast: 0, atMost: FAR }, 5],
    [
      'past the instant even where something happens exactly then',
      { until: 50, atLeast: 0, atMost: FAR },
      6,
    ],
    ['until so many events were logged', { until: 0, atLeast: 7, atMost: FAR }, 7],
    ['never beyond so many events', { until: 1_000, atLeast: 9, atMost: 4 }, 4],
  ])('%s', async (_, demand, count) => {
    const { run, seen } = ticking();
    run.clocked?.goOn(demand);
    await rests(() => seen.length);
    expect(seen).toHaveLength(count);
    run.cancel();
  });

  test('in slices: keys are heard between two of them', async () => {
    const { run, seen, slices } = ticking();
    run.clocked?.goOn({ until: 1_000, atLeast: 0, atMost: FAR });
    expect(seen).toHaveLength(0);
    await turn();
    expect([seen.length, slices()]).toEqual([3, 1]);
    await turn();
    expect([seen.length, slices()]).toEqual([6, 2]);
    run.clocked?.goOn(null);
    await rests(() => seen.length);
    expect(seen).toHaveLength(6);
    run.cancel();
  });

  test('an order of the screen in the middle of a slice starts no second one', async () => {
    const { run, seen, slices } = ticking();
    run.clocked?.goOn({ until: 1_000, atLeast: 0, atMost: FAR });
    run.clocked?.goOn({ until: 15, atLeast: 0, atMost: FAR });
    await rests(() => seen.length);
    expect([seen.length, slices()]).toEqual([2, 1]);
    run.cancel();
  });
});

describe('the end', () => {
  const all = { until: FAR, atLeast: FAR, atMost: FAR };

  test('comes when the fleet is over', async () => {
    const { run } = ticking({ endAt: 50 });
    run.clocked?.goOn(all);
    expect(await run.finished).toMatchObject({ ok: true, title: 'Ticking' });
    expect([run.wasCut(), run.stepsLeft()]).toEqual([false, 0]);
  });

  test('a run that is cut says nothing about the whole', async () => {
    const { run } = ticking();
    run.clocked?.goOn({ until: 100, atLeast: 0, atMost: FAR });
    await turn();
    run.cancel();
    expect(await run.finished).toMatchObject({ ok: false, violations: [] });
    expect(run.wasCut()).toBe(true);
  });

  test('a fleet that breaks ends the run with the reason, and rests', async () => {
    const { run, breakWith, seen } = ticking();
    breakWith(new Error('the fleet is broken'));
    run.clocked?.goOn(all);
    await expect(run.finished).rejects.toThrow('the fleet is broken');
    run.clocked?.goOn(all);
    await rests(() => seen.length);
    expect(seen).toEqual([]);
  });
});
