import type { LiveRun } from './live-run.ts';
import { toEntry } from './model/sentences.ts';
import { instantWords, tidy } from './words.ts';

/** A tag in words for what the screen would show in a colour. */
const TAGS = { plain: '', good: '', attention: 'note: ', bad: 'problem: ' } as const;

/**
 * The run as plain sentences, one a line, appended and never changed: for narrow and dumb
 * terminals and for screen readers. Resolves when the run is over or the signal comes.
 */
export async function showLines(
  run: Pick<LiveRun, 'title' | 'subscribe' | 'finished'>,
  options: { readonly write: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  const { write, signal } = options;
  write(tidy(run.title));
  const unsubscribe = run.subscribe((event) => {
    const entry = toEntry(event);
    if (!entry.isNews) return;
    const session = entry.session === null ? '' : `${entry.session}: `;
    const rules = entry.rules.length === 0 ? '' : ` [${entry.rules.join(' ')}]`;
    write(`${instantWords(entry.at)}Z ${session}${TAGS[entry.tone]}${entry.text}${rules}.`);
  });
  try {
    await Promise.race([run.finished.then(forget, forget), aborted(signal)]);
  } finally {
    unsubscribe();
  }
}

function forget(): void {}

/** Resolves at once when the signal has come already. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
