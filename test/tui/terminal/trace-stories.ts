import { join } from 'node:path';
import type { RealTerminal, TerminalSize } from './real-terminal.ts';
import { screenProblem } from './screens.ts';
import { expectExit, SLIM, type Story, USUAL, WIDE } from './stories.ts';

/** Views of a recorded tour: the same on every machine, so the whole screen is compared. */
const VIEWS: readonly (readonly [name: string, keys: readonly string[], sign: string])[] = [
  ['sessions', ['1'], 'News'],
  ['credentials', ['2'], '[2 Cred'],
  ['timeline', ['3'], '[3 Time'],
  ['why', ['1', 'G', 'y'], 'Why ──'],
];

async function look(terminal: RealTerminal, { columns, rows }: TerminalSize): Promise<void> {
  const trace = join(terminal.folder, 'tour.ndjson');
  terminal.run(`node sim/cli/fortnight.mjs run examples/tour.yaml --world memory --trace ${trace}`);
  await expectExit(terminal, 0);
  await terminal.clear();
  terminal.run(`node sim/cli/fortnight.mjs open ${trace}`);
  await terminal.shows('OK: no rule was violated');
  for (const [name, keys, sign] of VIEWS) {
    await terminal.see(sign, ...keys);
    await terminal.rests();
    await terminal.comesTo((screen) => screenProblem(screen, `${name}-${columns}x${rows}`));
  }
  terminal.press('q');
  await expectExit(terminal, 0);
  await terminal.expectRestored();
}

export const TRACE_STORIES: readonly Story[] = [USUAL, WIDE, SLIM].map((size) => ({
  name: `${size.columns}x${size.rows}: a recorded tour, the whole screen compared`,
  size,
  run: (terminal) => look(terminal, size),
}));
