import { type Actor, createActor, type SnapshotFrom } from 'xstate';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { RunSummary } from '../world/run-summary.ts';
import { type Command, commandFor, type Place } from './keys.ts';
import type { LiveRun, MoverCounts } from './live-run.ts';
import { currentGeneration } from './model/credentials.ts';
import { warpStops } from './model/next.ts';
import type { CredentialView, ViewModel } from './model/types.ts';
import { type ListName, type UiModeContext, uiModeMachine } from './ui-mode.machine.ts';
import {
  credentialsInOrder,
  EMPTY_VIEW,
  reduceEvents,
  reduceProgress,
  sessionsInOrder,
} from './view-model.ts';
import { roughDuration } from './words.ts';

/** What is shown: `sessions`, …, `details`, `help`, `choosingWarp`, `finished`. */
export type Shown = ListName | 'details' | 'help' | 'choosingWarp' | 'finished';

/** Everything that one frame is drawn from. */
export interface Frame {
  readonly title: string;
  readonly world: string;
  readonly view: ViewModel;
  readonly ui: UiModeContext;
  readonly shown: Shown;
  /** The list behind a menu or a page. */
  readonly list: ListName;
  readonly now: EpochMs;
  readonly isPaused: boolean;
  readonly canWarp: boolean;
  /** What an order of the user came to; null when there is nothing to say. */
  readonly notice: string | null;
  readonly result: RunResult | null;
}

export type RunResult =
  | { readonly ok: true; readonly summary: RunSummary }
  | { readonly ok: false; readonly problem: string };

export type Leaving = 'quit' | 'interrupt' | 'finished';

/** How long the result stays when nobody touches a key. */
export const LINGER_MS = 3_000;

/** How long the answer to an order covers the line that says what comes next. */
export const NOTICE_MS = 5_000;

/**
 * Joins a run, the view model and the mode machine; knows neither terminal nor frames. Events wait
 * until the next `tick`, so that a thousand of them cost one frame.
 */
export class LiveStore {
  readonly left: Promise<Leaving>;
  readonly #run: LiveRun;
  readonly #mode: Actor<typeof uiModeMachine>;
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: readonly (() => void)[];
  #events: LogEvent[] = [];
  #progress = new Map<string, readonly [string, MoverCounts]>();
  #frame: Frame;
  #lingeredMs = 0;
  #isGone = false;
  #noticeMs = 0;
  #leave: (how: Leaving) => void = () => {};
  /** How far the page that is shown can scroll; told by whoever laid it out. */
  #offsetMax = 0;

  constructor(run: LiveRun) {
    this.#run = run;
    this.left = new Promise((resolve) => {
      this.#leave = resolve;
    });
    this.#mode = createActor(uiModeMachine);
    this.#frame = {
      title: run.title,
      world: run.world,
      view: EMPTY_VIEW,
      ...shownBy(this.#mode.getSnapshot()),
      now: run.now(),
      isPaused: run.isPaused(),
      canWarp: run.warp !== null,
      notice: null,
      result: null,
    };
    this.#mode.subscribe((snapshot) => this.#change(shownBy(snapshot)));
    this.#mode.start();
    this.#unsubscribe = [
      run.subscribe((event) => this.#events.push(event)),
      run.onProgress((id, counts) => this.#progress.set(`${counts.role} ${id}`, [id, counts])),
    ];
    run.finished.then(
      (summary) => this.#finish({ ok: true, summary }),
      (error: unknown) => this.#finish({ ok: false, problem: problemOf(error) }),
    );
  }

  /** What every command does; the key table says which key means which. */
  readonly #orders: Readonly<Record<Command, () => void>> = {
    quit: () => this.#goAway('quit'),
    interrupt: () => this.#goAway('interrupt'),
    help: () => this.#mode.send({ type: 'help.toggled' }),
    nextView: () => this.#mode.send({ type: 'view.next' }),
    previousView: () => this.#mode.send({ type: 'view.previous' }),
    showSessions: () => this.#mode.send({ type: 'view.sessions' }),
    showCredentials: () => this.#mode.send({ type: 'view.credentials' }),
    showLog: () => this.#mode.send({ type: 'view.log' }),
    everything: () => this.#mode.send({ type: 'log.everythingToggled' }),
    up: () => this.#move(-1),
    down: () => this.#move(1),
    pageUp: () => this.#move(-10),
    pageDown: () => this.#move(10),
    first: () => this.#move(Number.MIN_SAFE_INTEGER),
    last: () => this.#move(Number.MAX_SAFE_INTEGER),
    open: () => this.#open(),
    back: () => this.#mode.send({ type: 'back' }),
    pauseOrContinue: () => this.#pauseOrContinue(),
    warp: () => this.#openWarp(),
    choose: () => this.#warpToChoice(),
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly frame = (): Frame => this.#frame;

  /** Takes in what has happened; `elapsedMs` of real time have passed since the last call. */
  tick(elapsedMs: number): void {
    const before = this.#frame;
    const view = this.#takeIn(before.view);
    const now = this.#run.now();
    const isPaused = this.#run.isPaused();
    if (view !== before.view || now !== before.now || isPaused !== before.isPaused) {
      this.#change({ view, now, isPaused });
    }
    this.#noticeMs += elapsedMs;
    if (this.#frame.notice !== null && this.#noticeMs >= NOTICE_MS) this.#change({ notice: null });
    if (this.#frame.shown !== 'finished') return;
    this.#lingeredMs += elapsedMs;
    if (this.#lingeredMs < LINGER_MS) return;
    this.#mode.send({ type: 'linger.over' });
    this.#isGone = true;
    this.#leave('finished');
  }

  press(key: string): void {
    // Keys that were typed ahead of a `q` come after it.
    if (this.#isGone) return;
    this.#mode.send({ type: 'key.pressed' });
    if (this.#frame.notice !== null) this.#change({ notice: null });
    const command = commandFor(key, placeOf(this.#frame.shown));
    if (command !== null) this.#orders[command]();
  }

  noteOffsetMax(offsetMax: number): void {
    this.#offsetMax = offsetMax;
  }

  /** Lets go of the run; the last frame stays readable. */
  close(): void {
    this.#isGone = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#listeners.clear();
    this.#mode.stop();
  }

  #takeIn(view: ViewModel): ViewModel {
    let next = view;
    if (this.#events.length > 0) {
      next = reduceEvents(next, this.#events);
      this.#events = [];
    }
    for (const [id, counts] of this.#progress.values()) next = reduceProgress(next, id, counts);
    this.#progress.clear();
    return next;
  }

  #change(part: Partial<Frame>): void {
    this.#frame = { ...this.#frame, ...part };
    for (const listener of this.#listeners) listener();
  }

  #finish(result: RunResult): void {
    if (this.#isGone) return;
    this.#change({ result });
    this.#mode.send({ type: 'run.finished' });
  }

  #say(notice: string): void {
    this.#noticeMs = 0;
    this.#change({ notice });
  }

  #goAway(how: Leaving): void {
    this.#mode.send({ type: 'leave' });
    this.#isGone = true;
    this.#leave(how);
  }

  #move(by: number): void {
    const { shown, now } = this.#frame;
    switch (shown) {
      case 'sessions':
      case 'credentials':
      case 'log':
        this.#mode.send({ type: 'cursor.moved', by, order: rowIds(this.#frame, shown) });
        break;
      case 'details':
      case 'help':
        this.#mode.send({ type: 'page.scrolled', by, offsetMax: this.#offsetMax });
        break;
      case 'choosingWarp': {
        const count = warpStops(chosenCredential(this.#frame), now).length;
        this.#mode.send({ type: 'choice.moved', by, count });
        break;
      }
      case 'finished':
        break;
      default:
        shown satisfies never;
    }
  }

  #open(): void {
    const session = chosenSession(this.#frame);
    if (session !== null) this.#mode.send({ type: 'details.opened', id: session.id });
  }

  #pauseOrContinue(): void {
    if (this.#frame.result !== null) {
      this.#say('The run is over');
      return;
    }
    if (this.#run.isPaused()) this.#run.continue();
    else this.#run.pause();
    const isPaused = this.#run.isPaused();
    this.#change({ isPaused });
    this.#say(isPaused ? 'Held before the next step; space goes on' : 'Goes on');
  }

  #openWarp(): void {
    if (this.#run.warp === null) this.#say('The clock of this run cannot be moved');
    else if (this.#frame.result !== null) this.#say('The run is over: its clock stands');
    else this.#mode.send({ type: 'warp.opened' });
  }

  #warpToChoice(): void {
    const stop = warpStops(chosenCredential(this.#frame), this.#frame.now)[this.#frame.ui.choice];
    if (stop === undefined) return;
    const { byMs, label, hint } = stop;
    if (byMs === null) {
      this.#say(`${label}: ${hint}`);
      return;
    }
    this.#mode.send({ type: 'warp.chosen' });
    this.#say(`The clock moves by ${roughDuration(byMs)} before the next step`);
    this.#run.warp?.(byMs).then(
      () => this.#say(`The clock moved by ${roughDuration(byMs)}`),
      (error: unknown) => this.#say(`The clock did not move: ${problemOf(error)}`),
    );
  }
}

function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function shownBy(
  snapshot: SnapshotFrom<typeof uiModeMachine>,
): Pick<Frame, 'shown' | 'list' | 'ui'> {
  const { value, context: ui } = snapshot;
  if (typeof value === 'object') return { shown: value.browsing, list: value.browsing, ui };
  // A history state leaves no name behind: what was browsed last is in its history value.
  const [last] = snapshot.historyValue['uiMode.browsing.last'] ?? [];
  const list = (last?.key ?? 'sessions') as ListName;
  return { shown: value === 'left' ? list : value, list, ui };
}

function placeOf(shown: Shown): Place {
  switch (shown) {
    case 'details':
    case 'help':
      return 'page';
    case 'choosingWarp':
      return 'menu';
    default:
      return 'list';
  }
}

/** The ids of the rows of a list, in the order in which they are shown. */
export function rowIds(frame: Frame, list: ListName): readonly string[] {
  switch (list) {
    case 'sessions':
      return sessionsInOrder(frame.view).map(({ id }) => id);
    case 'credentials':
      return credentialsInOrder(frame.view).map(({ scope }) => scope);
    case 'log':
      return shownLog(frame).map(({ seq }) => `${seq}`);
    default:
      return list satisfies never;
  }
}

export function shownLog({ view, ui }: Frame) {
  return ui.showsEverything ? view.everything : view.news;
}

/** The row under the cursor; without a choice the newest session. */
export function chosenSession({ view, ui }: Frame) {
  const { sessions: cursor } = ui.cursors;
  const chosen = cursor === null ? undefined : view.sessions.get(cursor);
  return chosen ?? sessionsInOrder(view).at(-1) ?? null;
}

/** In the credentials the row under the cursor, elsewhere the one that the chosen session uses. */
export function chosenCredential(frame: Frame): CredentialView | null {
  const all = credentialsInOrder(frame.view);
  const used = frame.view.credentials.get(chosenSession(frame)?.scope ?? '');
  if (frame.list !== 'credentials' && used !== undefined && currentGeneration(used) !== null) {
    return used;
  }
  return all.find(({ scope }) => scope === frame.ui.cursors.credentials) ?? all[0] ?? null;
}
