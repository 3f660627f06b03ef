import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Beat, showLines } from './line-mode.ts';
import type { LiveRun } from './live-run.ts';
import { loadScreen } from './load-screen.ts';
import { COLUMNS_MIN, sizeOf } from './screen/layout.ts';
import { ASCII_SIGNS, UNICODE_SIGNS } from './theme.ts';

export { sentenceOf } from './line-mode.ts';
export type { LiveRun, MoverCounts } from './live-run.ts';
export { toEntry } from './model/sentences.ts';
export { openTrace } from './runs/trace-run.ts';
export { type OpenWorld, startWorldRun } from './runs/world-run.ts';

export interface LiveOptions {
  readonly ascii: boolean;
  readonly color: boolean;
  /** Plain sentences also where a screen is possible: for screen readers. */
  readonly plain?: boolean;
  /** Aborted at the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  readonly beat: Beat;
  /** Called when there is something to see. */
  readonly onShown?: () => void;
}

/**
 * Shows a run while it goes on: on the whole terminal, or line by line where that is too narrow or
 * dumb. Resolves when the user leaves or, unless a key was touched, shortly after the run has
 * finished; a run that still goes on is then cancelled. The terminal is restored on every way out.
 */
export async function showLive(run: LiveRun, options: LiveOptions): Promise<void> {
  const { ascii, color, signal, beat, onShown = () => {} } = options;
  let isOver = false;
  const noteEnd = (): void => {
    isOver = true;
  };
  run.finished.then(noteEnd, noteEnd);
  const { stdin, stdout } = process;
  const isDumb = process.env.TERM === 'dumb' || stdout.isTTY !== true || stdin.isTTY !== true;
  const signs = ascii ? ASCII_SIGNS : UNICODE_SIGNS;
  const { columns } = sizeOf(stdout);
  try {
    if (isDumb || options.plain === true || columns < COLUMNS_MIN) {
      const commands = stdin.isTTY === true ? createInterface({ input: stdin }) : null;
      try {
        const write = (line: string): void => void stdout.write(`${line}\n`);
        const shared = { write, signal, beat, columns, signs, writeFile: writeNewFile };
        onShown();
        await showLines(run, commands === null ? shared : { ...shared, commands });
      } finally {
        commands?.close();
      }
      return;
    }
    // The colour library of the screen does not know NO_COLOR, and reads this once, when loaded.
    if (!color) process.env.FORCE_COLOR = '0';
    const { showScreen } = await loadScreen();
    const leaving = await showScreen(run, {
      stdin,
      stdout,
      signs,
      signal,
      writeFile: writeNewFile,
      onShown,
    });
    // A raw terminal makes Ctrl-C a key; here it becomes the signal that it is everywhere else.
    if (leaving === 'interrupt' && !process.emit('SIGINT', 'SIGINT')) {
      process.kill(process.pid, 'SIGINT');
    }
  } finally {
    if (!isOver) run.cancel();
  }
}

/** Never over a file that is there. */
function writeNewFile(name: string, text: string): void {
  try {
    writeFileSync(name, text, { flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'EEXIST' ? 'it exists already: give another name' : `it cannot be written (${code})`;
    throw new Error(`${name}: ${why}`);
  }
}
