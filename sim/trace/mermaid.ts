import { formatDuration } from '../../machines/rules/duration.ts';
import { LANES, type Lane } from '../tui/model/sequence.ts';
import type { Row } from './rows.ts';

const IDS: Readonly<Record<Lane, string>> = {
  tenant: 'T',
  source: 'M',
  gateway: 'G',
  target: 'W',
  SP: 'S',
  storage: 'O',
};

const TITLES: Readonly<Record<Lane, string>> = {
  tenant: 'tenant server',
  source: 'source mover',
  gateway: 'cloud gateway',
  target: 'target mover',
  SP: 'SP server',
  storage: 'storage',
};

/** A Mermaid sequence diagram. */
export function* mermaidLines(rows: Iterable<Row>, title: string): IterableIterator<string> {
  yield 'sequenceDiagram';
  yield `  title ${safe(title)}`;
  for (const lane of LANES) yield `  participant ${IDS[lane]} as ${TITLES[lane]}`;
  const everybody = `${IDS.tenant},${IDS.storage}`;
  for (const row of rows) {
    switch (row.kind) {
      case 'session':
        yield `  Note over ${everybody}: ${safe(`${row.session}: ${row.text}`)}`;
        break;
      case 'idle':
        yield `  Note over ${everybody}: ${safe(`${formatDuration(row.toAt - row.fromAt)} later`)}`;
        break;
      case 'note':
        yield `  Note over ${everybody}: ${safe(row.text)}`;
        break;
      case 'message': {
        const { from, to, text } = row.message;
        if (from === to) yield `  Note over ${IDS[from]}: ${safe(text)}`;
        else yield `  ${IDS[from]}->>${IDS[to]}: ${safe(text)}`;
        break;
      }
      default:
        row satisfies never;
    }
  }
}

/** In a diagram `;` ends a line, `#` begins an entity, `%%` a comment, and `<` and `>` are HTML. */
function safe(text: string): string {
  return text.replace(/[;#%<>\n\r]/g, (sign) => `#${sign.codePointAt(0)};`);
}
