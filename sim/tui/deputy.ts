import { parseDuration } from '../../machines/rules/duration.ts';
import { chosenSession } from './chosen.ts';
import { Fork } from './forks.ts';
import { type Frame, filterPlaceOf, placeIsOpen } from './frame.ts';
import { RATE_MAX } from './history/player.ts';
import type { Command } from './keys.ts';
import { movedCursor, shownCredentials } from './lists.ts';
import type { Order } from './live-run.ts';
import { type LiveStore, problemOf } from './live-store.ts';
import { type Effect, type MenuEntry, menuEntries, startEffect } from './menus.ts';
import { situationOf } from './runs/situation.ts';
import type { MenuName } from './ui-mode.machine.ts';
import { countWords, roughDuration } from './words.ts';

const TWO_FLEETS = 'Two fleets are compared by: fortnight simulate FLEET --compare-set …';
const NOT_OF_A_FLEET: Partial<Record<Command, string>> = {
  compare: TWO_FLEETS,
  switch: TWO_FLEETS,
  save: 'A fleet is its file and its seed: there is nothing more to save',
  run: 'The schedules of the fleet start its sessions',
};

type Performer = (argument: string | null) => void;

/** Carries out the commands of a user; the key table says which key means which. */
export class Deputy {
  readonly #store: LiveStore;
  /** What a yes would do. */
  #asked: MenuEntry | null = null;

  constructor(store: LiveStore) {
    this.#store = store;
  }

  perform(command: Command, argument: string | null): void {
    const no = this.#store.run.world === 'fleet' ? NOT_OF_A_FLEET[command] : undefined;
    if (no === undefined) this.#performers[command](argument);
    else this.#store.say(no);
  }

  readonly #performers: Readonly<Record<Command, Performer>> = {
    quit: () => this.#store.goAway('quit'),
    interrupt: () => this.#store.goAway('interrupt'),
    suspend: () => this.#store.options.suspend?.(),
    help: () => this.#mode.send({ type: 'help.toggled' }),
    pause: () => this.#pauseOrGoOn(),
    next: () => this.#player.step(1),
    previous: () => this.#player.step(-1),
    'next-of-session': () => this.#stepSession(1),
    'previous-of-session': () => this.#stepSession(-1),
    faster: () => this.#setRate(this.#player.rate * 10),
    slower: () => this.#setRate(this.#player.rate / 10),
    rate: (argument) => this.#setRate(Number(argument?.replace(/[x×]$/, '') ?? Number.NaN)),
    warp: (argument) => this.#warp(argument),
    'first-event': () => this.#player.jumpTo(0),
    goto: (argument) => this.#goto(argument),
    follow: () => this.#player.follow(),
    why: () => this.#openDetails(),
    open: () => this.#open(),
    do: (argument) => this.#openMenu('do', argument),
    run: (argument) => this.#runJob(argument),
    fork: () => this.#openFork(),
    compare: () => this.#compare(),
    switch: () => this.#switchFuture(),
    save: (argument) => this.#save(argument),
    filter: (argument) => this.#filter(argument),
    command: () => this.#mode.send({ type: 'prompt.opened', kind: 'command', text: '' }),
    everything: () => this.#mode.send({ type: 'log.everythingToggled' }),
    'next-view': () => this.#mode.send({ type: 'view.next' }),
    'previous-view': () => this.#mode.send({ type: 'view.previous' }),
    sessions: () => this.#mode.send({ type: 'view.sessions' }),
    credentials: () => this.#mode.send({ type: 'view.credentials' }),
    timeline: () => this.#mode.send({ type: 'view.timeline' }),
    sequence: () => this.#mode.send({ type: 'view.sequence' }),
    rules: () => this.#mode.send({ type: 'view.rules' }),
    faults: () => this.#mode.send({ type: 'view.faults' }),
    log: () => this.#mode.send({ type: 'view.log' }),
    up: () => this.#move(-1),
    down: () => this.#move(1),
    'page-up': () => this.#move(-10),
    'page-down': () => this.#move(10),
    first: () => this.#move(Number.MIN_SAFE_INTEGER),
    last: () => this.#move(Number.MAX_SAFE_INTEGER),
    choose: () => this.#choose(),
    back: () => this.#back(),
    'enter-line': () => this.#enterLine(),
    erase: () => this.#store.type(this.#frame.ui.prompt.text.slice(0, -1)),
    'erase-line': () => this.#store.type(''),
    yes: () => this.#answer(true),
    no: () => this.#answer(false),
  };

  get #frame(): Frame {
    return this.#store.frame();
  }

  get #mode() {
    return this.#store.mode;
  }

  get #player() {
    return this.#store.player;
  }

  #move(by: number): void {
    const { shown } = this.#frame;
    if (shown === 'details' || shown === 'help' || shown === 'comparing' || shown === 'sequence') {
      this.#mode.send({ type: 'page.scrolled', by, offsetMax: this.#store.offsetMax });
    } else if (shown === 'menu') {
      this.#mode.send({ type: 'choice.moved', by, count: menuEntries(this.#frame).length });
    } else if (shown !== 'finished') {
      const id = movedCursor(this.#frame, shown, by);
      this.#mode.send({ type: 'cursor.set', list: shown, id });
    }
  }

  #pauseOrGoOn(): void {
    const { run } = this.#store;
    const player = this.#player;
    if (run.pace === 'free' && player.mode === 'following' && run.scenario !== null) {
      if (run.isHeld()) run.release();
      else run.hold();
      this.#store.say(run.isHeld() ? 'Held before the next step; space goes on' : 'Goes on');
    } else if (player.mode === 'paused') {
      const isOver = player.isAtEnd && run.stepsLeft() === 0;
      if (isOver) this.#store.say('Everything has happened: w moves time, d does something');
      else player.play();
    } else player.pause();
  }

  #stepSession(by: 1 | -1): void {
    const session = chosenSession(this.#frame);
    if (session === null) this.#store.say('No session has begun yet');
    else this.#player.step(by, session.id);
  }

  #setRate(rate: number): void {
    if (!Number.isFinite(rate) || rate < 1 || rate > RATE_MAX) {
      const isBeyond = Number.isFinite(rate);
      const text = isBeyond
        ? `No: 1 to ${countWords(RATE_MAX)} times`
        : 'A rate is a number, like :rate 1000';
      this.#store.say(text);
      return;
    }
    if (this.#store.run.world === 'lab') {
      this.#store.say('The clock of the lab stands but for its steps; w moves it');
      return;
    }
    this.#player.setRate(rate);
    this.#store.say(`${countWords(rate)} times as fast as real time`);
  }

  #warp(argument: string | null): void {
    if (argument === null) {
      this.#openMenu('warp', null);
      return;
    }
    const duration = parseDuration(argument.replace(/^\+/, ''));
    if (!duration.ok) this.#store.say(duration.problem);
    else if (this.#mayOrder()) {
      const until = this.#frame.now + duration.ms;
      const label = `+${roughDuration(duration.ms)}`;
      this.#player.seek({ label, until, test: null });
    }
  }

  #goto(argument: string | null): void {
    const position = Number(argument ?? Number.NaN);
    if (Number.isSafeInteger(position) && position >= 0) this.#player.jumpTo(position);
    else this.#store.say(`An event is a number from 0 to ${this.#frame.total}, like :goto 12`);
  }

  /** Time can always move through what is known; beyond it only a run that takes orders goes. */
  #mayOrder(): boolean {
    const { run } = this.#store;
    if (run.world === 'trace' && this.#player.isAtEnd) {
      this.#store.say('A recorded trace has no future: it can only be looked at');
      return false;
    }
    return true;
  }

  #open(): void {
    const { list, ui, position } = this.#frame;
    if (list === 'log' || list === 'timeline') {
      const cursor = ui.cursors[list];
      if (cursor === null) this.#store.say('This is the newest event that is shown');
      else {
        this.#player.jumpTo(Number(cursor) + 1);
        this.#mode.send({ type: 'cursor.set', list, id: null });
        this.#store.say(`At event ${Number(cursor) + 1} of ${position}; F goes back to the newest`);
      }
    } else this.#openDetails();
  }

  #openDetails(): void {
    const frame = this.#frame;
    if (frame.list === 'credentials') {
      const id = frame.ui.cursors.credentials ?? shownCredentials(frame)[0]?.scope;
      if (id !== undefined) this.#mode.send({ type: 'details.opened', list: 'credentials', id });
      return;
    }
    const session = chosenSession(frame);
    if (session === null) this.#store.say('No session has begun yet');
    else this.#mode.send({ type: 'details.opened', list: 'sessions', id: session.id });
  }

  #openMenu(menu: MenuName, filter: string | null): void {
    const { run } = this.#store;
    if (menu !== 'warp' && run.world === 'trace') {
      this.#store.say('A recorded trace takes no orders: it can only be looked at');
      return;
    }
    this.#mode.send({ type: 'menu.opened', menu });
    if (filter === null) return;
    this.#mode.send({ type: 'prompt.opened', kind: 'filter', text: filter });
    this.#store.type(filter);
    this.#mode.send({ type: 'prompt.done' });
  }

  #choose(): void {
    const chosen = menuEntries(this.#frame)[this.#frame.ui.choice];
    if (chosen === undefined) return;
    if (chosen.reason !== null || chosen.effect === null) {
      this.#store.say(`${chosen.label}: ${chosen.reason ?? 'not possible now'}`);
      return;
    }
    if (chosen.destroys) {
      this.#asked = chosen;
      this.#mode.send({ type: 'question.asked', question: `${chosen.label}?` });
      return;
    }
    this.#carryOut(chosen);
  }

  #answer(isYes: boolean): void {
    this.#mode.send({ type: 'question.answered' });
    const asked = this.#asked;
    this.#asked = null;
    if (!isYes || asked === null) return;
    this.#carryOut(asked);
  }

  #carryOut({ effect, label }: MenuEntry): void {
    const { menu } = this.#frame.ui;
    this.#mode.send({ type: 'menu.chosen' });
    if (effect !== null) this.#effect(effect, label, menu === 'fork');
  }

  #effect(effect: Effect, label: string, isFork: boolean): void {
    if (effect.type === 'type') {
      this.#mode.send({ type: 'prompt.opened', kind: 'command', text: effect.text });
    } else if (effect.type === 'seek') {
      if (this.#mayOrder()) this.#player.seek(effect.seek);
    } else if (isFork) this.#forkHere(effect.order, label);
    else this.#give(effect.order, label);
  }

  #runJob(argument: string | null): void {
    const jobs = this.#store.run.scenario?.jobs ?? [];
    const job = jobs.find(({ name }) => name === argument);
    if (job === undefined) {
      this.#store.say(`A job is one of: ${jobs.map(({ name }) => name).join(', ') || 'none here'}`);
    } else this.#effect(startEffect(job.name), `start ${job.name}`, false);
  }

  /** An order at the end of what is known goes to the run; before it, to a run repeated up to here. */
  #give(order: Order, label: string): void {
    const { run } = this.#store;
    const player = this.#player;
    if (run.clocked !== undefined && !player.isInPast) {
      this.#goOnChanged(order, label);
      return;
    }
    if (player.isAtEnd) {
      run.order(order);
      this.#afterOrder(order, label);
      return;
    }
    if (player.isInPast || run.branch === null) {
      const remedy =
        run.branch === null ? 'F goes back to now' : 'f forks here, F goes back to now';
      this.#store.say(`This is the past and stays as it was: ${remedy}`);
      return;
    }
    const { position } = player;
    run.branch(position, order).then(
      (branch) => {
        this.#store.replaceRun(branch, position);
        this.#afterOrder(order, label);
      },
      (error: unknown) => this.#store.say(`${label}: ${problemOf(error)}`),
    );
  }

  /** A fleet with a change is another fleet of the same seed: it is run again up to here. */
  #goOnChanged(order: Order, label: string): void {
    const { position } = this.#player;
    this.#player.pause();
    this.#store.run.branch?.(position, order).then(
      (branch) => {
        this.#store.replaceRun(branch, position);
        this.#store.say(`${label}: the same fleet is run again up to here, then with this`);
      },
      (error: unknown) => this.#store.say(`${label}: ${problemOf(error)}`),
    );
  }

  #afterOrder(order: Order, label: string): void {
    this.#store.say(label);
    const isStep = order.type === 'step' && order.step.type === 'run';
    if (isStep && this.#store.run.pace === 'asked') {
      this.#player.seek({ label, until: null, test: null, isForStep: true });
    }
  }

  #openFork(): void {
    if (this.#store.run.branch === null) {
      this.#store.say('Only a run in memory can be repeated and forked (--world memory)');
    } else this.#openMenu('fork', null);
  }

  #forkHere(order: Order, label: string): void {
    const { branch, clocked } = this.#store.run;
    if (branch === null) return;
    if (clocked !== undefined) {
      this.#goOnChanged(order, label);
      return;
    }
    const fork = new Fork(this.#frame.position, order, label);
    this.#player.pause();
    this.#store.fork = fork;
    fork.open(branch).then(
      () => this.#mode.send({ type: 'comparison.opened' }),
      (error: unknown) => this.#store.say(`The fork failed: ${problemOf(error)}`),
    );
  }

  #compare(): void {
    if (this.#store.fork === null) this.#store.say('Nothing was forked yet: f forks here');
    else this.#mode.send({ type: 'comparison.opened' });
  }

  #switchFuture(): void {
    const { fork, run } = this.#store;
    if (fork === null || run.branch === null) {
      this.#store.say('Nothing was forked yet: f forks here');
      return;
    }
    const { position, order, what } = fork;
    run.branch(position, order).then(
      (branch) => {
        this.#store.replaceRun(branch, position);
        this.#mode.send({ type: 'view.sessions' });
        this.#store.say(`The future in which: ${what}`);
      },
      (error: unknown) => this.#store.say(`The other future: ${problemOf(error)}`),
    );
  }

  #save(argument: string | null): void {
    const { run } = this.#store;
    if (run.scenario === null) this.#store.say('A recorded trace holds no scenario to save');
    else if (argument === null) {
      this.#mode.send({ type: 'prompt.opened', kind: 'command', text: 'save situation.yaml' });
    } else {
      const { text, stepCount } = situationOf(run, run.scenario, this.#frame.position);
      try {
        this.#store.options.writeFile?.(argument, text);
        this.#store.say(`Saved ${stepCount} steps: fortnight run ${argument} --world memory`);
      } catch (error) {
        this.#store.say(problemOf(error));
      }
    }
  }

  #filter(argument: string | null): void {
    const place = filterPlaceOf(this.#frame);
    const text = argument ?? this.#frame.ui.filters[place] ?? '';
    this.#mode.send({ type: 'prompt.opened', kind: 'filter', text });
    this.#store.type(text);
    if (argument !== null) this.#mode.send({ type: 'prompt.done' });
  }

  #back(): void {
    const frame = this.#frame;
    const place = filterPlaceOf(frame);
    const isPrompt = frame.input === 'typing';
    if (isPrompt && frame.ui.prompt.kind === 'filter') this.#store.type('');
    if (isPrompt || placeIsOpen(frame)) this.#mode.send({ type: 'back' });
    else this.#mode.send({ type: 'filter.cleared', place });
  }

  #enterLine(): void {
    const { kind, text } = this.#frame.ui.prompt;
    this.#mode.send({ type: 'prompt.done' });
    if (kind === 'command' && text.trim() !== '') this.#store.command(text);
  }
}
