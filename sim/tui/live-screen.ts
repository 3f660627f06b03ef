import { type Instance, render } from 'ink';
import { createElement } from 'react';
import { App } from './app.ts';
import { aborted } from './line-mode.ts';
import type { LiveRun } from './live-run.ts';
import { type Leaving, LiveStore, type StoreOptions } from './live-store.ts';
import type { Signs } from './theme.ts';

export interface LiveScreenOptions extends Pick<StoreOptions, 'writeFile'> {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly signs: Signs;
  readonly signal: AbortSignal;
  /** Called when the first frame was drawn. */
  readonly onShown?: () => void;
  /** Stops this program and all of its group; resolves when the shell lets it go on. */
  readonly stopGroup?: () => Promise<void>;
}

/** A key that is held down is answered so often at most. */
const ANSWERS_PER_SECOND_MAX = 60;

/** So many turns of the event loop the stop has time to come; it needs one. */
const STOP_TURNS = 1_000;

/**
 * Ctrl-Z stops the whole group, as it does without a screen: the shell waits for all of it. Where
 * no shell waits the system lets nothing stop, and the program goes on at once.
 */
async function stopGroupOfProcess(): Promise<void> {
  let isContinued = false;
  const note = (): void => {
    isContinued = true;
  };
  process.once('SIGCONT', note);
  process.kill(0, 'SIGTSTP');
  for (let turn = 0; turn < STOP_TURNS && !isContinued; turn += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  process.off('SIGCONT', note);
}

/**
 * Shows a run on the alternate screen until the user leaves, the signal comes, or the run has
 * been over for a moment. Whatever happens, the terminal is as it was before: the screen, the
 * cursor and the input mode are given back before this resolves, throws, stops or the process ends.
 */
export async function showScreen(run: LiveRun, options: LiveScreenOptions): Promise<Leaving> {
  const { stdin, stdout, signs, signal, writeFile, stopGroup = stopGroupOfProcess } = options;
  let instance: Instance | null = null;
  let isOver = false;
  let endWith: (how: Leaving) => void = () => {};
  let breakWith: (error: unknown) => void = () => {};
  const ended = new Promise<Leaving>((resolve, reject) => {
    endWith = resolve;
    breakWith = reject;
  });
  ended.catch(() => {});
  const store: LiveStore = new LiveStore(run, {
    ...(writeFile === undefined ? {} : { writeFile }),
    suspend: () => suspend(),
  });
  // The first frame shows what has happened already.
  store.tick(0);

  const open = (): void => {
    const opened = render(createElement(App, { store, signs }), {
      stdin,
      stdout,
      alternateScreen: true,
      // The caller knows that this is a terminal, also where CI is set.
      interactive: true,
      incrementalRendering: true,
      exitOnCtrlC: false,
      patchConsole: false,
      // The heart beat draws at most so often as it beats; what a key changes is drawn at once.
      maxFps: ANSWERS_PER_SECOND_MAX,
    });
    instance = opened;
    opened.waitUntilExit().then(() => {
      // Unless it only gives way to the shell for a while.
      if (instance === opened) endWith('quit');
    }, breakWith);
  };
  const restore = (shown: Instance | null): void => {
    shown?.unmount();
    if (stdin.isTTY) stdin.setRawMode(false);
  };
  const restoreNow = (): void => restore(instance);
  /** The shell gets its screen back before it gets its turn, and we draw anew after it. */
  const suspend = (): void => {
    const closed = instance;
    instance = null;
    restore(closed);
    process.off('SIGTSTP', suspend);
    void stopGroup().then(() => {
      if (isOver) return;
      process.on('SIGTSTP', suspend);
      open();
    });
  };
  process.on('SIGTSTP', suspend);
  // The reason of a crash must not be printed on the screen that goes away.
  process.on('uncaughtExceptionMonitor', restoreNow);
  process.on('exit', restoreNow);
  try {
    open();
    // Drawn in this turn of the event loop, or in the next.
    setImmediate(() => setImmediate(options.onShown ?? (() => {})));
    const stopped = aborted(signal).then((): Leaving => 'quit');
    return await Promise.race([store.left, stopped, ended]);
  } finally {
    isOver = true;
    restoreNow();
    await (instance as Instance | null)?.waitUntilExit().catch(() => {});
    process.off('uncaughtExceptionMonitor', restoreNow);
    process.off('exit', restoreNow);
    process.off('SIGTSTP', suspend);
    store.close();
  }
}
