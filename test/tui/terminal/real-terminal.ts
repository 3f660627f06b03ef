import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianProgram } from '../../real/programs.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** How often the screen is looked at, and how long something may take to appear there. */
const LOOK_EVERY_MS = 50;
const APPEARS_WITHIN_MS = 60_000;
const RESTS_LOOKS = 8;
const COMPARES_WITHIN_MS = 10_000;
/** A tour in the lab takes a while on a busy machine. */
const ENDS_WITHIN_MS = 300_000;

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}

/** A shell in a real terminal (tmux) of a given size, driven by keys and read from its screen. */
export class RealTerminal {
  readonly #socket: string;
  readonly folder: string;

  private constructor(socket: string, folder: string) {
    this.#socket = socket;
    this.folder = folder;
  }

  /** `folder`: a new one, where the shell works and where the server keeps its socket. */
  static async open(folder: string, { columns, rows }: TerminalSize): Promise<RealTerminal> {
    mkdirSync(folder, { recursive: true });
    const terminal = new RealTerminal(join(folder, 'tmux'), folder);
    const size = ['-x', `${columns}`, '-y', `${rows}`];
    const path = `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}`;
    const shell = `env PATH='${path}' PS1='ready> ' NO_COLOR= FORCE_COLOR= CI= bash --norc --noprofile`;
    terminal.#tmux('-f', '/dev/null', 'new-session', '-d', '-c', ROOT, ...size, shell);
    terminal.#tmux('set', '-g', 'window-size', 'manual');
    await terminal.shows('ready>');
    return terminal;
  }

  /** Types a command line and sends it; what it ends with is told by `exitCode`. */
  run(command: string): void {
    this.type(`${command}; echo "it ended with "$?.`);
    this.press('Enter');
  }

  /** The program itself, as `npm start` runs it: shorter to type on a narrow screen. */
  start(parameters = ''): void {
    this.run(`node sim/cli/fortnight.mjs ${parameters}`);
  }

  /** Keys by their tmux names: `Escape`, `Enter`, `C-z`, `w`. */
  press(...keys: readonly string[]): void {
    for (const key of keys) this.#tmux('send-keys', key);
  }

  type(text: string): void {
    this.#tmux('send-keys', '-l', text);
  }

  resize({ columns, rows }: TerminalSize): void {
    this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }

  screen(): string {
    return this.#tmux('capture-pane', '-p').trimEnd();
  }

  /** The screen and what was scrolled out of it, with long lines in one piece. */
  everything(): string {
    return this.#tmux('capture-pane', '-p', '-J', '-S', '-');
  }

  shows(wanted: string | RegExp): Promise<string> {
    return this.#until(() => this.screen(), wanted, true);
  }

  /** Like `shows`, also where it was scrolled out of sight. */
  appears(wanted: string | RegExp): Promise<string> {
    return this.#until(() => this.everything(), wanted, true);
  }

  hides(unwanted: string | RegExp): Promise<string> {
    return this.#until(() => this.screen(), unwanted, false);
  }

  /** Until nothing has changed for some looks. */
  async rests(): Promise<void> {
    let [screen, sameCount] = [this.screen(), 0];
    while (sameCount < RESTS_LOOKS) {
      await pause();
      const now = this.screen();
      sameCount = now === screen ? sameCount + 1 : 0;
      screen = now;
    }
  }

  /** Until nothing is wrong with the screen; throws what still is when it takes too long. */
  async comesTo(problemOf: (screen: string) => string | null): Promise<void> {
    let problem = problemOf(this.screen());
    for (let waitedMs = 0; problem !== null; waitedMs += LOOK_EVERY_MS) {
      if (waitedMs >= COMPARES_WITHIN_MS) throw new Error(problem);
      await pause();
      problem = problemOf(this.screen());
    }
  }

  /** Presses keys and waits for what they bring; an order of pressing and looking. */
  async see(wanted: string | RegExp, ...keys: readonly string[]): Promise<string> {
    this.press(...keys);
    return this.shows(wanted);
  }

  /** The screen with its escape sequences. */
  coloured(): string {
    return this.#tmux('capture-pane', '-p', '-e');
  }

  async clear(): Promise<void> {
    this.run('clear');
    await this.exitCode();
    this.type('clear');
    this.press('Enter');
    await this.hides('it ended with');
    this.#tmux('clear-history');
  }

  async exitCode(): Promise<number> {
    const found = /it ended with (\d+)\./;
    const text = await this.#until(() => this.everything(), found, true, ENDS_WITHIN_MS);
    return Number(found.exec(text)?.[1]);
  }

  /** The main screen, a visible cursor, line input with echo: as a shell needs it. */
  async expectRestored(): Promise<void> {
    const state = this.#tmux('display-message', '-p', '#{alternate_on} #{cursor_flag}').trim();
    if (state !== '0 1') throw new Error(`alternate screen and cursor are "${state}", not "0 1"`);
    const text = await this.#asked('stty -a', /isig[\s\S]*echoke/);
    for (const mode of ['icanon', 'isig', 'echo', 'icrnl', 'opost']) {
      if (!new RegExp(`(^|\\s)${mode}\\b`).test(text)) throw new Error(`${mode} is off:\n${text}`);
    }
  }

  /** The process of the program that runs in the foreground. */
  foreground(): number {
    const shell = this.#tmux('display-message', '-p', '#{pane_pid}').trim();
    const rows = execFileSync('ps', ['-o', 'pid=,ppid=,args=', '-e'], { encoding: 'utf8' });
    const children = rows.split('\n').map((row) => row.trim().split(/\s+/));
    const found = children.find(
      ([, parent, ...words]) => parent === shell && words.join(' ').includes('fortnight.mjs'),
    );
    if (found === undefined) throw new Error('the program does not run');
    return Number(found[0]);
  }

  close(): void {
    this.#tmux('kill-server');
  }

  async #asked(command: string, wanted: RegExp): Promise<string> {
    this.#tmux('send-keys', '-l', `clear; ${command}`);
    this.press('Enter');
    return this.#until(() => this.everything(), wanted, true);
  }

  async #until(
    read: () => string,
    wanted: string | RegExp,
    isThere: boolean,
    withinMs = APPEARS_WITHIN_MS,
  ): Promise<string> {
    let text = read();
    for (let waitedMs = 0; waitedMs < withinMs; waitedMs += LOOK_EVERY_MS) {
      const found = typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
      if (found === isThere) return text;
      await pause();
      text = read();
    }
    const what = isThere ? 'is not shown' : 'does not go away';
    throw new Error(`"${wanted}" ${what}:\n${text}`);
  }

  #tmux(...parameters: readonly string[]): string {
    const all = ['-S', this.#socket, ...parameters];
    return execFileSync(debianProgram('tmux'), all, { encoding: 'utf8' });
  }
}
