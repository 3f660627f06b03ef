import type { Clock } from '../../machines/ports/clock.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { HOP_MS_DEFAULT, type LowLevelTimers, systemTimers, WakeUpPump } from './wake-up-pump.ts';

/**
 * A warp clock as JSON: at the real instant `realAt` it showed `virtualAt`, and since then it has
 * run at `rate` (0: paused). Every process that reads the same state shows the same time.
 */
export interface WarpClockState {
  readonly virtualAt: EpochMs;
  readonly realAt: EpochMs;
  readonly rate: number;
}

export interface WarpClockOptions {
  /** Where to go on; a string from a file must be parsed with `parseWarpClockState` first. */
  readonly state: WarpClockState;
  /**
   * Waits until everything that a wake-up has set going by promises has come to rest. Called
   * between the wake-ups of a jump.
   */
  readonly settle: () => Promise<void>;
  readonly timers?: LowLevelTimers;
  readonly hopMs?: number;
}

/** Real time at a rate, plus jumps. */
export interface WarpClock extends Clock {
  /** Jumps forward; see `warpTo`. */
  warp(byMs: number): Promise<void>;
  /**
   * Jumps forward to an instant. All wake-ups in between fire first, one at a time in their
   * order, also those that are set on the way; each sees its own due instant as `now()`. Jumps
   * queue up behind each other. Rejects with a RangeError for an instant that has passed already,
   * and with what a wake-up threw; the clock then stands where that wake-up was due.
   */
  warpTo(at: EpochMs): Promise<void>;
  /** Virtual milliseconds per real one; 0 stands still. Time goes on from where it is. */
  setRate(rate: number): void;
  pause(): void;
  /** Runs again at the rate before `pause`; at 1 if the clock came up paused. */
  resume(): void;
  exportState(): WarpClockState;
  /**
   * Takes over the time of another process: a jump if that is later, else the clock is set back
   * and wake-ups that have fired stay fired.
   */
  adopt(state: WarpClockState): Promise<void>;
}

/** Checks a state that was read from outside; throws a RangeError that says what is wrong. */
export function parseWarpClockState(value: unknown): WarpClockState {
  const { virtualAt, realAt, rate } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (!Number.isSafeInteger(virtualAt) || !Number.isSafeInteger(realAt)) {
    throw new RangeError('a clock state needs virtualAt and realAt in whole milliseconds');
  }
  if (typeof rate !== 'number' || !Number.isFinite(rate) || rate < 0) {
    throw new RangeError('a clock state needs a rate of 0 or more');
  }
  return { virtualAt: virtualAt as number, realAt: realAt as number, rate };
}

/** Virtual time of a state when the real clock shows `realNow`: whole ms, rounded down. */
export function virtualNow(state: WarpClockState, realNow: EpochMs): EpochMs {
  return state.virtualAt + Math.floor((realNow - state.realAt) * state.rate);
}

export function createWarpClock(options: WarpClockOptions): WarpClock {
  const timers = options.timers ?? systemTimers;
  let state = parseWarpClockState(options.state);
  let rateBeforePause = state.rate === 0 ? 1 : state.rate;
  /** The instant at which a jump stands; null when no jump is going on. */
  let jumpAt: EpochMs | null = null;
  let lastJump: Promise<void> = Promise.resolve();

  const now = (): EpochMs => jumpAt ?? virtualNow(state, timers.now());
  const pump = new WakeUpPump({
    timers,
    hopMs: options.hopMs ?? HOP_MS_DEFAULT,
    now,
    realDelayMs: (dueAt) => (state.rate === 0 ? null : (dueAt - now()) / state.rate),
  });

  function rebase(virtualAt: EpochMs, rate: number): void {
    state = { virtualAt, realAt: timers.now(), rate };
    if (jumpAt === null) pump.arm();
  }

  async function jump(to: EpochMs): Promise<void> {
    if (to < now()) throw new RangeError(`the clock is past ${to} already: it shows ${now()}`);
    jumpAt = now();
    pump.hold();
    try {
      // What is already running may still set wake-ups of its own for the time to come.
      await options.settle();
      for (;;) {
        const next = pump.queue.peek();
        if (next !== null && next.dueAt <= to) {
          jumpAt = Math.max(jumpAt, next.dueAt);
          pump.queue.take()?.wake();
        } else if (jumpAt < to) {
          // Others that follow this clock get the end of the jump as well before it counts as over.
          jumpAt = to;
        } else {
          break;
        }
        await options.settle();
      }
    } finally {
      const reachedAt = jumpAt;
      state = { virtualAt: reachedAt, realAt: timers.now(), rate: state.rate };
      jumpAt = null;
      pump.release();
    }
  }

  function queueJump(run: () => Promise<void>): Promise<void> {
    const result = lastJump.then(run);
    lastJump = result.catch(() => undefined);
    return result;
  }

  return {
    now,
    wakeAt: (dueAt, wake) => pump.add(dueAt, wake),
    warp: (byMs) => {
      if (!Number.isSafeInteger(byMs) || byMs < 0) {
        return Promise.reject(new RangeError(`a warp goes forward by whole ms, not by ${byMs}`));
      }
      return queueJump(() => jump(now() + byMs));
    },
    warpTo: (at) => {
      if (!Number.isSafeInteger(at)) {
        return Promise.reject(new RangeError(`a warp goes to a whole millisecond, not to ${at}`));
      }
      return queueJump(() => jump(at));
    },
    setRate: (rate) => {
      if (!Number.isFinite(rate) || rate < 0) {
        throw new RangeError(`a clock rate must be 0 or more, not ${rate}`);
      }
      if (rate > 0) rateBeforePause = rate;
      rebase(now(), rate);
    },
    pause: () => rebase(now(), 0),
    resume: () => {
      if (state.rate === 0) rebase(now(), rateBeforePause);
    },
    exportState: () =>
      jumpAt === null ? state : { virtualAt: jumpAt, realAt: timers.now(), rate: state.rate },
    adopt: (adopted) => {
      const { virtualAt, realAt, rate } = parseWarpClockState(adopted);
      return queueJump(async () => {
        const target = virtualNow({ virtualAt, realAt, rate }, timers.now());
        if (target > now()) await jump(target);
        state = { virtualAt, realAt, rate };
        if (rate > 0) rateBeforePause = rate;
        pump.arm();
      });
    },
  };
}
