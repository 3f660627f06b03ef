import { type Actor, createActor, type SnapshotFrom } from 'xstate';
import { Deputy } from './deputy.ts';
import type { Fork } from './forks.ts';
import { type Frame, filterPlaceOf, placeOf, type RunResult, type Shown } from './frame.ts';
import { History, LIVE_LIMITS } from './history/history.ts';
import { Player } from './history/player.ts';
import { commandFor, parseCommand, typedCharacter } from './keys.ts';
import type { BranchRun, LiveRun } from './live-run.ts';
import { NO_RULES, type RuleReport, RuleWatch } from './model/rules.ts';
import { type ListName, uiModeMachine } from './ui-mode.machine.ts';

export type Leaving = 'quit' | 'interrupt' | 'finished';

/** How long the result stays when nobody touches a key. */
export const LINGER_MS = 3_000;

/** How long the answer to an order covers the line that says what comes next. */
export const NOTICE_MS = 8_000;

export interface StoreOptions {
  /** Writes a file that must not exist yet; throws a sentence for people. */
  readonly writeFile?: (name: string, text: string) => void;
  /** Takes the terminal away and gives the shell its turn. */
  readonly suspend?: () => void;
}

/**
 * Joins a run, its history, the view model and the mode machine; knows neither terminal nor frames.
 * Events wait in the history until the next `tick`, so that a thousand of them cost one frame.
 */
export class LiveStore {
  readonly left: Promise<Leaving>;
  readonly mode: Actor<typeof uiModeMachine>;
  readonly options: StoreOptions;
  readonly #listeners = new Set<() => void>();
  readonly #deputy: Deputy;
  readonly #rules = new RuleWatch();
  /** The run that was given; runs that took its place are the store's own to close. */
  #run: LiveRun;
  #own: BranchRun | null = null;
  #history: History;
  #player: Player;
  #unsubscribe: readonly (() => void)[] = [];
  #fork: Fork | null = null;
  #frame: Frame;
  #lingeredMs = 0;
  #isGone = false;
  #noticeMs = 0;
  #leave: (how: Leaving) => void = () => {};
  /** How far the page that is shown can scroll; told by whoever laid it out. */
  #offsetMax = 0;

  constructor(run: LiveRun, options: StoreOptions = {}) {
    this.#run = run;
    this.#history = historyFor(run);
    this.options = options;
    this.left = new Promise((resolve) => {
      this.#leave = resolve;
    });
    this.mode = createActor(uiModeMachine);
    this.#player = this.#attach(run);
    this.#deputy = new Deputy(this);
    this.#frame = this.#assemble({ notice: null, result: null });
    this.mode.subscribe(() => this.refresh());
    this.mode.start();
  }

  get run(): LiveRun {
    return this.#run;
  }

  get player(): Player {
    return this.#player;
  }

  get fork(): Fork | null {
    return this.#fork;
  }

  set fork(fork: Fork | null) {
    this.#fork?.close();
    this.#fork = fork;
  }

  get offsetMax(): number {
    return this.#offsetMax;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly frame = (): Frame => this.#frame;

  /** Takes in what has happened; `elapsedMs` of real time have passed since the last call. */
  tick(elapsedMs: number): void {
    this.#player.tick(elapsedMs);
    this.refresh();
    this.#noticeMs += elapsedMs;
    if (this.#frame.notice !== null && this.#noticeMs >= NOTICE_MS) this.#change({ notice: null });
    // A trace is over from the start: who opened it wants to look at it.
    const isOver = this.#frame.result !== null && this.#run.world !== 'trace';
    if (isOver && this.#player.isAtEnd && this.#player.mode !== 'playing') {
      this.mode.send({ type: 'run.finished' });
    }
    if (this.#frame.shown !== 'finished') return;
    this.#lingeredMs += elapsedMs;
    if (this.#lingeredMs < LINGER_MS) return;
    this.mode.send({ type: 'linger.over' });
    this.#isGone = true;
    this.#leave('finished');
  }

  press(key: string): void {
    // Keys that were typed ahead of a `q` come after it.
    if (this.#isGone) return;
    this.#touch();
    const place = placeOf(this.#frame);
    const command = commandFor(key, place);
    if (command !== null) this.#deputy.perform(command, null);
    else if (place === 'typing') {
      const character = typedCharacter(key);
      if (character !== null) this.type(this.#frame.ui.prompt.text + character);
    }
    // What goes on by itself comes with the next beat: the answer to a key does not wait for it.
    if (this.#player.mode !== 'playing') this.#player.tick(0);
    this.refresh();
  }

  /** A line as it is typed after `:`. */
  command(text: string): void {
    if (this.#isGone) return;
    this.#touch();
    const typed = parseCommand(text);
    if (typed.ok) this.#deputy.perform(typed.command, typed.argument);
    else this.say(typed.problem);
    this.refresh();
  }

  type(text: string): void {
    this.mode.send({ type: 'prompt.typed', text, place: filterPlaceOf(this.#frame) });
  }

  say(notice: string): void {
    this.#noticeMs = 0;
    this.#change({ notice });
  }

  noteOffsetMax(offsetMax: number): void {
    this.#offsetMax = offsetMax;
  }

  goAway(how: Leaving): void {
    this.mode.send({ type: 'leave' });
    this.#isGone = true;
    this.#leave(how);
  }

  /** Another run takes the place of the one that is shown, at the same position. */
  replaceRun(run: BranchRun, position: number): void {
    const { rate, now } = this.#player;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#own?.close().catch(() => {});
    if (this.#own === null) this.#run.cancel();
    this.#own = run;
    this.#run = run;
    this.#history = historyFor(run);
    this.#player = this.#attach(run);
    this.#player.setRate(rate);
    // A fleet has to run up to there first.
    if (run.clocked === undefined) this.#player.jumpTo(position);
    else {
      const label = `event ${position} again: what was changed comes next`;
      this.#player.seek({ label, until: now, test: null, position });
    }
    run.stay();
    this.#change({ result: null });
    this.refresh();
  }

  /** Draws what has changed since the last frame, if anything has. */
  refresh(): void {
    const next = this.#assemble(this.#frame);
    const keys = Object.keys(next) as (keyof Frame)[];
    if (keys.some((key) => next[key] !== this.#frame[key])) this.#change(next);
  }

  /** Lets go of the run; the last frame stays readable. */
  close(): void {
    this.#isGone = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.fork = null;
    this.#own?.close().catch(() => {});
    this.#listeners.clear();
    this.mode.stop();
  }

  #touch(): void {
    if (!this.#frame.ui.isTouched) this.#run.stay();
    this.mode.send({ type: 'key.pressed' });
    if (this.#frame.notice !== null) this.#change({ notice: null });
  }

  #attach(run: LiveRun): Player {
    const history = this.#history;
    this.#unsubscribe = [
      run.subscribe((event) => {
        if (run.clocked === undefined) history.append(event);
        else history.append(event, run.now());
      }),
      run.onProgress((id, counts) => history.noteProgress(id, counts, run.now())),
    ];
    const player = new Player(run, history, (text) => this.say(text));
    const finish = (result: RunResult): void => {
      if (this.#run !== run || this.#isGone) return;
      player.noteRunOver();
      this.#change({ result });
    };
    run.finished.then(
      (summary) => finish({ ok: true, summary }),
      (error: unknown) => finish({ ok: false, problem: problemOf(error) }),
    );
    return player;
  }

  #assemble({ notice, result }: Pick<Frame, 'notice' | 'result'>): Frame {
    const player = this.#player;
    const { position } = player;
    const shown = shownBy(this.mode.getSnapshot());
    const isLookingAtRules = shown.list === 'rules' && shown.shown === 'rules';
    return {
      title: this.#run.title,
      run: this.#run,
      history: this.#history,
      view: this.#history.viewAt(position),
      position,
      total: this.#history.length,
      now: player.now,
      mode: player.mode,
      rate: player.rate,
      seekLabel: player.seekLabel,
      isHeld: this.#run.isHeld(),
      isInPast: player.isInPast,
      ...shown,
      rules: isLookingAtRules ? this.#rulesAt(position) : (this.#frame?.rules ?? NO_RULES),
      comparison: this.#fork?.comparison() ?? null,
      notice,
      result,
    };
  }

  /** A fleet is judged while it runs: its log is not kept to be read again. */
  #rulesAt(position: number): RuleReport {
    const { clocked } = this.#run;
    if (clocked === undefined) {
      return this.#rules.advance(position, () => this.#history.slice(0, position));
    }
    const known = this.#frame?.rules;
    return known?.position === this.#history.length ? known : clocked.rules();
  }

  #change(part: Partial<Frame>): void {
    this.#frame = { ...this.#frame, ...part };
    for (const listener of this.#listeners) listener();
  }
}

/** A run without an end in sight keeps its newest part. */
function historyFor(run: LiveRun): History {
  return run.clocked === undefined ? new History() : new History(LIVE_LIMITS);
}

export function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Snapshot = SnapshotFrom<typeof uiModeMachine>;

function shownBy(snapshot: Snapshot): Pick<Frame, 'shown' | 'list' | 'ui' | 'input'> {
  const { value, context: ui } = snapshot;
  // A history state leaves no name behind: what was shown last is in its history value.
  const [lastList] = snapshot.historyValue['uiMode.showing.browsing.last'] ?? [];
  const remembered = (lastList?.key ?? 'sessions') as ListName;
  if (typeof value === 'object')
    return { ...shownIn(value.showing, remembered), ui, input: 'none' };
  if (value === 'typing' || value === 'confirming') {
    const path = snapshot.historyValue['uiMode.showing.last']?.[0]?.path ?? [];
    const [, place = 'browsing', list] = path;
    const inside = place === 'browsing' ? { browsing: (list ?? remembered) as ListName } : place;
    const input = value === 'typing' ? 'typing' : 'question';
    return { ...shownIn(inside as Showing, remembered), ui, input };
  }
  const shown: Shown = value === 'finished' ? 'finished' : remembered;
  return { shown, list: remembered, ui, input: 'none' };
}

type Showing = Extract<Snapshot['value'], object>['showing'];

function shownIn(showing: Showing, remembered: ListName): { shown: Shown; list: ListName } {
  if (typeof showing === 'object') {
    const list = showing.browsing as ListName;
    return { shown: list, list };
  }
  return { shown: showing as Shown, list: remembered };
}
