import { showLines } from './line-mode.ts';
import type { LiveRun } from './live-run.ts';
import { COLUMNS_MIN, sizeOf } from './screen/layout.ts';
import { ASCII_SIGNS, UNICODE_SIGNS } from './theme.ts';

export type { LiveRun, MoverCounts } from './live-run.ts';

export interface LiveOptions {
  readonly ascii: boolean;
  readonly color: boolean;
  /** Aborted at the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

/**
 * Shows a run while it goes on: on the whole terminal, or line by line where that is too narrow or
 * dumb. Resolves when the user leaves or, unless a key was touched, shortly after the run has
 * finished; a run that still goes on is then cancelled. The terminal is restored on every way out.
 */
export async function showLive(run: LiveRun, options: LiveOptions): Promise<void> {
  const { ascii, color, signal } = options;
  let isOver = false;
  const noteEnd = (): void => {
    isOver = true;
  };
  run.finished.then(noteEnd, noteEnd);
  const { stdin, stdout } = process;
  const isDumb = process.env.TERM === 'dumb' || stdout.isTTY !== true || stdin.isTTY !== true;
  try {
    if (isDumb || sizeOf(stdout).columns < COLUMNS_MIN) {
      await showLines(run, { write: (line) => stdout.write(`${line}\n`), signal });
      return;
    }
    // The colour library of the screen does not know NO_COLOR, and reads this once, when loaded.
    if (!color) process.env.FORCE_COLOR = '0';
    const { showScreen } = await import('./live-screen.ts');
    const signs = ascii ? ASCII_SIGNS : UNICODE_SIGNS;
    const leaving = await showScreen(run, { stdin, stdout, signs, signal });
    // A raw terminal makes Ctrl-C a key; here it becomes the signal that it is everywhere else.
    if (leaving === 'interrupt' && !process.emit('SIGINT', 'SIGINT')) {
      process.kill(process.pid, 'SIGINT');
    }
  } finally {
    if (!isOver) run.cancel();
  }
}
