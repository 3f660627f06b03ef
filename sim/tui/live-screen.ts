import { render } from 'ink';
import { createElement } from 'react';
import { App, FRAMES_PER_SECOND_MAX } from './app.ts';
import { aborted } from './line-mode.ts';
import type { LiveRun } from './live-run.ts';
import { type Leaving, LiveStore } from './live-store.ts';
import type { Signs } from './theme.ts';

export interface LiveScreenOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly signs: Signs;
  readonly signal: AbortSignal;
}

/**
 * Shows a run on the alternate screen until the user leaves, the signal comes, or the run has
 * been over for a moment. Whatever happens, the terminal is as it was before: the screen, the
 * cursor and the input mode are given back before this resolves, throws or the process ends.
 */
export async function showScreen(
  run: LiveRun,
  { stdin, stdout, signs, signal }: LiveScreenOptions,
): Promise<Leaving> {
  const store = new LiveStore(run);
  // The first frame shows what has happened already.
  store.tick(0);
  const instance = render(createElement(App, { store, signs }), {
    stdin,
    stdout,
    alternateScreen: true,
    // The caller knows that this is a terminal, also where CI is set.
    interactive: true,
    incrementalRendering: true,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: FRAMES_PER_SECOND_MAX,
  });
  const restore = (): void => {
    instance.unmount();
    if (stdin.isTTY) stdin.setRawMode(false);
  };
  // The reason of a crash must not be printed on the screen that goes away.
  process.on('uncaughtExceptionMonitor', restore);
  try {
    // Rejects with what a component threw.
    const broken = instance.waitUntilExit().then((): Leaving => 'quit');
    const stopped = aborted(signal).then((): Leaving => 'quit');
    return await Promise.race([store.left, stopped, broken]);
  } finally {
    restore();
    await instance.waitUntilExit().catch(() => {});
    process.off('uncaughtExceptionMonitor', restore);
    store.close();
  }
}
