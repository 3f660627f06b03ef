import type { Frame } from './frame.ts';
import { firstAtOrAfter } from './history/history.ts';
import type { PlayMode } from './history/player.ts';
import { parseCommand } from './keys.ts';
import type { LiveRun } from './live-run.ts';
import { LiveStore, type StoreOptions } from './live-store.ts';
import { menuEntries } from './menus.ts';
import type { LogEntry } from './model/types.ts';
import { COLUMNS_MIN } from './screen/layout.ts';
import { textOf, wrap } from './screen/lines.ts';
import { renderScreen } from './screen/screen.ts';
import { ASCII_SIGNS, type Signs } from './theme.ts';
import { countWords, instantWords, tidy } from './words.ts';

/** Calls regularly with the real time that has passed, until the returned function is called. */
export type Beat = (tick: (elapsedMs: number) => void) => () => void;

export interface LineOptions extends Pick<StoreOptions, 'writeFile'> {
  readonly write: (line: string) => void;
  readonly signal: AbortSignal;
  readonly beat: Beat;
  /** Commands, one a line, named as after `:` on the screen; absent: it only tells. */
  readonly commands?: AsyncIterable<string>;
  readonly columns?: number;
  readonly signs?: Signs;
}

/** A tag in words for what the screen would show in a colour. */
const TAGS = { plain: '', good: '', attention: 'note: ', bad: 'problem: ' } as const;

const TOLD_AT_ONCE_MAX = 20;

/** One event as a plain sentence. */
export function sentenceOf(entry: LogEntry): string {
  const session = entry.session === null ? '' : `${entry.session}: `;
  const rules = entry.rules.length === 0 ? '' : ` [${entry.rules.join(' ')}]`;
  return `${instantWords(entry.at)}Z ${session}${TAGS[entry.tone]}${entry.text}${rules}.`;
}

/** Wide enough for what pages say. */
const UNCUT_COLUMNS = 120;

/** A terminal that is narrower than any layout breaks lines within words; we do it between them. */
function fitted(text: string, columns: number): readonly string[] {
  if (columns >= COLUMNS_MIN || text.length <= columns) return [text];
  return /[─-]{9}$/.test(text) ? [text.slice(0, columns)] : wrap(text, columns);
}

/** What is shown beside the events, as lines of text: the answer to a command. */
export function pageText(frame: Frame, columns: number, signs: Signs): readonly string[] {
  if (frame.shown === 'menu') {
    return menuEntries(frame).map(({ label, hint, reason }, index) => {
      const state = reason === null ? hint : `not now: ${reason}`;
      return `${index + 1}. ${label}: ${state}`;
    });
  }
  // As high as it needs: nothing is scrolled where lines are appended.
  // Where lines are broken anyway, nothing need be cut.
  const size = { columns: columns < COLUMNS_MIN ? UNCUT_COLUMNS : columns, rows: 400 };
  const [, , , ...lines] = renderScreen(frame, size, signs).lines.map(textOf);
  const text = lines.slice(0, -2).flatMap((line) => fitted(line.trimEnd(), columns));
  return text.filter((line, index) => line !== '' || text[index - 1] !== '');
}

/**
 * The run as plain sentences, one a line, appended and never changed: for narrow and dumb
 * terminals and for screen readers. Resolves when the run is over and nobody gave a command, at
 * `quit`, or when the signal comes.
 */
export async function showLines(run: LiveRun, options: LineOptions): Promise<void> {
  const { signal, beat, commands, columns = 80, signs = ASCII_SIGNS, writeFile } = options;
  const write = (text: string): void => fitted(text, columns).forEach(options.write);
  const store = new LiveStore(run, writeFile === undefined ? {} : { writeFile });
  write(tidy(run.title));
  if (commands !== undefined)
    write('Commands: help, pause, next, warp 13d1h, sessions, why, quit.');
  let told = 0;
  let { notice } = store.frame();
  const tell = (): void => {
    const frame = store.frame();
    const { history, position } = frame;
    // A fleet at a high rate says more than anybody can hear: the newest, and how many were not told.
    const news = history.newsPositions();
    const waiting = firstAtOrAfter(news, position) - firstAtOrAfter(news, told);
    if (run.clocked !== undefined && waiting > TOLD_AT_ONCE_MAX) {
      const skipped = waiting - TOLD_AT_ONCE_MAX;
      write(`${countWords(skipped)} events more in between are not told; pause, then log.`);
      told = (news[firstAtOrAfter(news, told) + skipped] ?? position) as number;
    }
    told = Math.max(told, history.firstKept);
    for (; told < position; told += 1) {
      const entry = history.entryAt(told);
      if (entry === undefined) break;
      if (entry.isNews) write(sentenceOf(entry));
    }
    // Stepping back is told by its answer; what comes again is told again.
    told = Math.min(told, position);
    if (frame.notice !== notice && frame.notice !== null) write(`${tidy(frame.notice)}.`);
    notice = frame.notice;
  };
  const over = new Promise<void>((resolve) => {
    const check = (): void => {
      const { result, position, total, ui } = store.frame();
      tell();
      // A trace is over from the start: who opened it at a terminal wants to ask.
      const isStaying = run.world === 'trace' && commands !== undefined;
      if (result !== null && position >= total && !ui.isTouched && !isStaying) resolve();
    };
    store.subscribe(check);
    void store.left.then(() => resolve());
  });
  const stop = beat((elapsedMs) => store.tick(elapsedMs));
  store.tick(0);
  const reading = commands === undefined ? null : obey(store, commands, write, columns, signs);
  try {
    await Promise.race([over, aborted(signal), ...(reading === null ? [] : [reading])]);
    tell();
  } finally {
    stop();
    store.close();
  }
}

/** Carries out what is typed; resolves only at `quit`: the end of the input ends no run. */
async function obey(
  store: LiveStore,
  commands: AsyncIterable<string>,
  write: (line: string) => void,
  columns: number,
  signs: Signs,
): Promise<never> {
  for await (const typed of commands) {
    const text = typed.trim().replace(/^:/, '');
    const { input, mode: modeBefore } = store.frame();
    if (text === '') continue;
    if (input === 'question') store.press(text.startsWith('y') ? 'y' : 'n');
    else if (store.frame().shown === 'menu' && /^\d+$/.test(text)) choose(store, Number(text) - 1);
    else store.command(text);
    store.tick(0);
    const frame = store.frame();
    if (frame.input === 'question') write(`${tidy(frame.ui.question)} yes or no?`);
    else if (isPause(text)) tellPause(modeBefore, frame, write);
    else if (isPage(text)) for (const line of pageText(frame, columns, signs)) write(line);
  }
  return new Promise(() => {});
}

function choose(store: LiveStore, index: number): void {
  const count = menuEntries(store.frame()).length;
  store.mode.send({ type: 'choice.moved', by: Number.MIN_SAFE_INTEGER, count });
  store.mode.send({ type: 'choice.moved', by: index, count });
  store.command('choose');
}

function isPause(text: string): boolean {
  const typed = parseCommand(text);
  return typed.ok && typed.command === 'pause';
}

/** On the screen the title shows it; here it is said. What is only held says so itself. */
function tellPause(before: PlayMode, { mode, now }: Frame, write: (line: string) => void): void {
  if (before !== 'paused' && mode === 'paused') {
    write(`Paused at ${instantWords(now)}Z. "pause" goes on, "next" shows one event.`);
  } else if (before === 'paused' && mode !== 'paused') write('Goes on.');
}

const PAGES =
  'help sessions credentials timeline sequence rules faults log why open warp do fork compare everything';

/** Commands that are answered with a page. */
function isPage(text: string): boolean {
  const [name = ''] = text.split(' ');
  return PAGES.split(' ').some((page) => page.startsWith(name));
}

/** Resolves at once when the signal has come already. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
