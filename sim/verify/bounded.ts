import type { Clock } from '../../machines/ports/clock.ts';
import { formatDuration } from '../../machines/rules/duration.ts';

/** The work was given up, not answered. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** The result of the work, or Stopped at a signal or after so long; the work is not waited for then. */
export function bounded<Result>(
  work: Promise<Result>,
  bound: {
    readonly clock: Clock;
    readonly limitMs: number;
    readonly signal: AbortSignal | null;
  },
): Promise<Result> {
  const { clock, limitMs, signal } = bound;
  return new Promise((resolve, reject) => {
    const stop = (text: string): void => settle(() => reject(new Stopped(text)));
    const onAbort = (): void => stop('stopped by a signal');
    const cancel = clock.wakeAt(clock.now() + limitMs, () => {
      stop(`no end within ${formatDuration(limitMs)}`);
    });
    const settle = (finish: () => void): void => {
      cancel();
      signal?.removeEventListener('abort', onAbort);
      finish();
    };
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    work.then(
      (result) => settle(() => resolve(result)),
      (thrown: unknown) => settle(() => reject(thrown)),
    );
  });
}
