import type { BranchRun } from '../../sim/tui/live-run.ts';
import { LiveStore } from '../../sim/tui/live-store.ts';
import { widthOf } from '../../sim/tui/screen/lines.ts';
import { renderScreen, type Screen } from '../../sim/tui/screen/screen.ts';
import { type Role, UNICODE_SIGNS } from '../../sim/tui/theme.ts';
import { tourScenario } from './fake-run.ts';
import { runToEnd, startMemoryRun, turn } from './memory-run.ts';

/** Pictures of the terminal for the documents: real runs on the virtual clock, nothing drawn. */
export const PICTURES = ['sessions', 'session', 'credentials', 'fork'] as const;
export type PictureName = (typeof PICTURES)[number];

const COLUMNS = 100;
const CELL = { width: 8, height: 17 };
const EDGE = 12;

/** Like THEME, in colours that can be read on each background. */
const STYLE = `
  .screen { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace }
  .back { fill: #ffffff; stroke: #d0d7de }
  text { fill: #1f2328; white-space: pre }
  .title, .heading, .accent, .bad { font-weight: bold }
  .dim, .heading { fill: #656d76 }
  .key, .accent { fill: #0a6c74 }
  .good { fill: #1a7f37 }
  .attention { fill: #8a5a00 }
  .bad { fill: #cf222e }
  .bar { fill: #1f2328 }
  .selected { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117; stroke: #30363d }
    text { fill: #e6edf3 }
    .dim, .heading { fill: #8b949e }
    .key, .accent { fill: #56d4dd }
    .good { fill: #3fb950 }
    .attention { fill: #d29922 }
    .bad { fill: #ff7b72 }
    .bar { fill: #e6edf3 }
    .selected { fill: #0d1117 }
  }`;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** One row: a text of its own for each piece, so that every sign stands in its cell. */
function rowOf(line: Screen['lines'][number], row: number): readonly string[] {
  const y = EDGE + row * CELL.height;
  let column = 0;
  return line.flatMap(({ text, role }: { text: string; role: Role }): string[] => {
    const x = EDGE + column * CELL.width;
    const width = text.length * CELL.width;
    column += text.length;
    const bar =
      role === 'selected'
        ? `<rect class="bar" x="${x}" y="${y}" width="${width}" height="${CELL.height}"/>`
        : '';
    if (text.trim() === '') return bar === '' ? [] : [bar];
    const look = role === 'plain' ? '' : ` class="${role}"`;
    const place = `x="${x}" y="${y + 13}" textLength="${width}"`;
    return [`${bar}<text${look} ${place}>${escaped(text)}</text>`];
  });
}

export function svgOf({ lines }: Screen, title: string): string {
  const columns = Math.max(...lines.map(widthOf));
  const [width, height] = [columns * CELL.width, lines.length * CELL.height];
  const size = `${width + 2 * EDGE} ${height + 2 * EDGE}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="back" x="0.5" y="0.5" width="${width + 2 * EDGE - 1}" height="${height + 2 * EDGE - 1}" rx="6"/>`,
    '<g class="screen">',
    ...lines.flatMap((line, row) => rowOf(line, row)),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function shot(store: LiveStore, rows: number, title: string): string {
  return svgOf(renderScreen(store.frame(), { columns: COLUMNS, rows }, UNICODE_SIGNS), title);
}

async function until(store: LiveStore, isThere: () => boolean): Promise<void> {
  for (let round = 0; round < 20_000; round += 1) {
    store.tick(66);
    if (isThere()) return;
    await turn();
  }
  throw new Error(`it does not come: ${store.frame().mode}, ${store.frame().notice}`);
}

const SCOPE = 'acme/vault-direct';

/** The first session that renewed its credential: where it began, and where it ran on. */
function renewal(store: LiveStore): { readonly begins: number; readonly runs: number } {
  const { history } = store.frame();
  for (const session of history.viewAt(history.length).sessions.keys()) {
    const positions = history.positionsOfSession(session);
    const runs = positions.find((position) => {
      const seen = history.viewAt(position + 1).sessions.get(session);
      return (
        seen?.state === 'active.running' &&
        seen.scope === SCOPE &&
        seen.lastCheck?.decision === 'renew' &&
        seen.lastCheck.expiresAt !== null
      );
    });
    if (runs !== undefined) return { begins: (positions[0] ?? 0) + 1, runs: runs + 1 };
  }
  throw new Error('nothing is renewed in the tour');
}

async function photograph(run: BranchRun, store: LiveStore): Promise<Record<PictureName, string>> {
  const title = 'Fortnight, the tour';
  await until(store, () => run.stepsLeft() === 0);
  store.command('follow');
  store.command('pause');
  store.tick(0);
  const sessions = shot(store, 30, `${title}: sessions`);
  const { begins, runs } = renewal(store);
  store.command(`goto ${runs}`);
  store.command('why');
  store.tick(0);
  const session = shot(store, 80, `${title}: a session, why it holds what it holds, its machine`);
  store.command('back');
  store.command(`goto ${begins}`);
  store.command('credentials');
  store.tick(0);
  const credentials = shot(store, 22, `${title}: credentials with their life and renewal line`);
  store.command('sessions');
  store.command('fork');
  store.command('filter "issuer: access denied"');
  store.command('choose');
  await until(store, () => store.frame().comparison?.areComplete.every(Boolean) === true);
  const fork = shot(store, 30, `${title}: two futures of one run`);
  return { sessions, session, credentials, fork };
}

/** All pictures, made anew. */
export async function takePictures(): Promise<Record<PictureName, string>> {
  const run = await startMemoryRun(tourScenario());
  const store = new LiveStore(run);
  try {
    await runToEnd(run);
    return await photograph(run, store);
  } finally {
    store.close();
    await run.close();
  }
}
