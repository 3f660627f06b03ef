import { beforeEach, describe, expect, test } from 'vitest';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import { DAY_MS } from '../../machines/rules/time.ts';
import { History } from '../../sim/tui/history/history.ts';
import { Player, RATE_MAX } from '../../sim/tui/history/player.ts';
import { FakeRun } from './fake-run.ts';
import { START_AT } from './recorded-run.ts';

/** A run in memory whose steps are handed in: each brings events and moves the clock. */
class PacedRun extends FakeRun {
  override readonly pace = 'asked';
  readonly history = new History();
  readonly script: (readonly [number, readonly LogEvent[]])[] = [];
  asked = 0;
  override isWaiting(): boolean {
    return true;
  }
  override stepsLeft(): number {
    return this.script.length;
  }
  override next(): void {
    this.asked += 1;
    const [at, events] = this.script.shift() ?? [this.at, []];
    for (const event of events) this.history.append(event);
    this.at = Math.max(this.at, at);
  }
}

const event = (seq: number, at: number, session: string | null = null): LogEvent => ({
  seq,
  at: START_AT + at,
  node: 'sp',
  type: 'session.state',
  session,
  data: {},
});

let run: PacedRun;
let player: Player;
let told: string[];

beforeEach(() => {
  run = new PacedRun();
  run.at = START_AT;
  told = [];
  player = new Player(run, run.history, (text) => told.push(text));
});

const shown = (): readonly [number, number] => [player.position, player.now - START_AT];

describe('playing', () => {
  test('shows events when their time has come, at the rate that is set', () => {
    run.script.push([START_AT + 500, [event(0, 100), event(1, 400)]]);
    player.tick(66);
    player.tick(60);
    expect(player.position).toBe(0);
    player.tick(50);
    expect(shown()[0]).toBe(1);
    player.setRate(10);
    player.tick(30);
    expect(shown()[0]).toBe(2);
  });

  test('folds a gap of days into a moment', () => {
    run.script.push([START_AT + DAY_MS, [event(0, 13 * DAY_MS)]]);
    player.tick(0);
    player.tick(66);
    player.tick(300);
    expect(shown()).toEqual([1, 13 * DAY_MS + (shown()[1] % DAY_MS)]);
  });

  test('a pause asks the run for nothing', () => {
    run.script.push([START_AT + 1, [event(0, 1)]], [START_AT + 2, [event(1, 2)]]);
    player.tick(66);
    const { asked } = run;
    player.pause();
    for (let round = 0; round < 50; round += 1) player.tick(1_000);
    expect(run.asked).toBe(asked);
    player.play();
    for (let round = 0; round < 50; round += 1) player.tick(1_000);
    expect(run.asked).toBe(asked + 1);
  });

  test('at the end of all steps it rests', () => {
    run.script.push([START_AT + 1, [event(0, 1)]]);
    for (let round = 0; round < 20; round += 1) player.tick(500);
    expect([player.mode, player.position]).toEqual(['paused', 1]);
  });

  test('the rate stays between real time and a million times', () => {
    player.setRate(RATE_MAX * 10);
    expect(player.rate).toBe(RATE_MAX);
    player.setRate(0);
    expect(player.rate).toBe(1);
  });
});

describe('stepping', () => {
  beforeEach(() => {
    run.script.push([START_AT + 9, [event(0, 1, 's1'), event(1, 5, 's2'), event(2, 5, 's1')]]);
    run.script.push([START_AT + 20, [event(3, 20, 's2')]]);
    run.next();
    player.pause();
    player.jumpTo(3);
  });

  test('back and forward by one event, with the time of each', () => {
    player.step(-1);
    expect(shown()).toEqual([2, 5]);
    player.step(-1);
    player.step(-1);
    expect(shown()).toEqual([0, 0]);
    player.step(-1);
    expect(told).toEqual(['Nothing is before this']);
    player.step(1);
    expect(shown()).toEqual([1, 1]);
  });

  test('by the events of one session', () => {
    player.step(-1, 's2');
    expect(player.position).toBe(2);
    player.jumpTo(0);
    player.step(1, 's2');
    expect(player.position).toBe(2);
    player.step(-1, 's1');
    expect(player.position).toBe(1);
  });

  test('beyond what is known the run is asked for more', () => {
    player.step(1, 's2');
    expect(player.mode).toBe('seeking');
    player.tick(66);
    player.tick(66);
    expect([player.mode, player.position]).toEqual(['paused', 4]);
  });

  test('knows the past from what has not been seen', () => {
    player.tick(0);
    expect(player.isInPast).toBe(false);
    player.step(-1);
    expect(player.isInPast).toBe(true);
  });
});

describe('a jump forward', () => {
  test('to an instant: everything until then, in order, and the clock exactly there', () => {
    run.script.push([START_AT + 10, [event(0, 1), event(1, 5), event(2, 10)]]);
    run.next();
    player.seek({ label: 'there', until: START_AT + 5, test: null });
    player.tick(66);
    expect([...shown(), player.mode]).toEqual([2, 5, 'paused']);
    expect(told).toEqual(['At there']);
    expect(run.orders).toEqual([]);
  });

  test('beyond what is known the clock is moved, once', () => {
    player.seek({ label: '30 d', until: START_AT + 30 * DAY_MS, test: null });
    for (let round = 0; round < 5; round += 1) player.tick(66);
    expect(run.orders).toEqual([`{"type":"warpTo","at":${START_AT + 30 * DAY_MS}}`]);
    expect(shown()).toEqual([0, 30 * DAY_MS]);
  });

  test('to an event, through as many steps as it takes', () => {
    run.script.push([START_AT + 1, [event(0, 1)]], [START_AT + 2, [event(1, 2, 's9')]]);
    player.seek({ label: 's9', until: null, test: ({ session }) => session === 's9' });
    for (let round = 0; round < 5; round += 1) player.tick(66);
    expect([player.position, run.asked]).toEqual([2, 2]);
  });

  test('to an event that does not come, it says so at the end', () => {
    run.script.push([START_AT + 1, [event(0, 1)]]);
    player.seek({ label: 'a failure', until: null, test: () => false });
    for (let round = 0; round < 5; round += 1) player.tick(66);
    expect(told).toEqual(['a failure: it did not come until the end']);
  });

  test('through a long log it takes several ticks, so that keys are heard in between', () => {
    for (let seq = 0; seq < 120_000; seq += 1) run.history.append(event(seq, seq));
    player.seek({ label: 'the end', until: START_AT + 119_999, test: null });
    player.tick(66);
    expect([player.position, player.mode]).toEqual([50_000, 'seeking']);
  });
});
