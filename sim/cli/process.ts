import { EXIT, type ExitCode } from './exit-codes.ts';
import type { MainSurroundings } from './main.ts';

/** L14: after a signal a command has this long to stop cleanly. */
const STOP_WITHIN_MS = 10_000;

/** What a finished command left open is waited for this long. */
const LEAVE_WITHIN_MS = 3_000;

/**
 * A terminal sends Ctrl-C to the whole process group, and npx and our own re-execution pass it on:
 * what arrives again this soon is the same key press, later it means "now".
 */
const SAME_SIGNAL_WITHIN_MS = 500;

export interface AttachedProcess {
  readonly surroundings: MainSurroundings;
  /** Takes the handlers away and sets the exit code; the process ends when nothing is open. */
  finish(code: ExitCode): void;
}

/** Ties `main` to the process: its streams, its signals, and readers that go away (`| head`). */
export function attachProcess(target: NodeJS.Process): AttachedProcess {
  const controller = new AbortController();
  let firstSignalAt: number | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    const exitCode = signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
    if (firstSignalAt === null) {
      firstSignalAt = performance.now();
      controller.abort(signal);
      setTimeout(() => target.exit(exitCode), STOP_WITHIN_MS).unref();
    } else if (performance.now() - firstSignalAt > SAME_SIGNAL_WITHIN_MS) {
      target.exit(exitCode);
    }
  };
  target.on('SIGINT', onSignal);
  target.on('SIGTERM', onSignal);

  return {
    surroundings: {
      stdout: writerTo(target.stdout),
      stderr: writerTo(target.stderr),
      environment: target.env,
      workingDirectory: target.cwd(),
      signal: controller.signal,
      isInputTerminal: target.stdin.isTTY === true,
      isOutputTerminal: target.stdout.isTTY === true,
    },
    finish: (code) => {
      target.off('SIGINT', onSignal);
      target.off('SIGTERM', onSignal);
      target.exitCode = code;
      leaveLater(target, code);
    },
  };
}

/** A socket or a child that a failed start left open must not keep a finished command alive. */
function leaveLater(target: NodeJS.Process, code: ExitCode): void {
  const leave = (): void => {
    // A slow reader (`| less`) still gets everything.
    if (target.stdout.writableLength > 0) leaveLater(target, code);
    else target.exit(code);
  };
  setTimeout(leave, LEAVE_WITHIN_MS).unref();
}

/** Writes until the reader has gone; from then on the command works on in silence. */
function writerTo(stream: NodeJS.WriteStream): (text: string) => void {
  let isOpen = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    isOpen = false;
  });
  return (text) => {
    if (isOpen) stream.write(text);
  };
}
