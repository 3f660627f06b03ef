import type { LogEntry, Tone } from '../model/types.ts';
import type { Role, Signs } from '../theme.ts';
import { shortInstant } from '../words.ts';
import type { Layout } from './layout.ts';
import { cell, cut, cutLine, highlighted, type Line, line, span, windowStart } from './lines.ts';

export const TONE_ROLES: Readonly<Record<Tone, Role>> = {
  plain: 'plain',
  good: 'good',
  attention: 'attention',
  bad: 'bad',
};

/** One event: time, session, the sentence, the rules behind it. */
export function entryLine(
  entry: LogEntry,
  options: { readonly layout: Layout; readonly width: number; readonly signs: Signs },
): Line {
  const { layout, width, signs } = options;
  const isSlim = layout === 'slim' || layout === 'narrow';
  const time = isSlim ? shortInstant(entry.at).slice(6) : shortInstant(entry.at);
  const session = cell(entry.session ?? '', isSlim ? 6 : 9, signs);
  const rules = entry.rules.length === 0 ? '' : ` [${entry.rules.join(' ')}]`;
  const room = width - time.length - session.length - rules.length - 2;
  // The rules stay readable where the sentence is too long.
  return cutLine(
    line(
      span(`${time} ${session} `, 'dim'),
      span(cut(entry.text, Math.max(10, room), signs), TONE_ROLES[entry.tone]),
      span(rules, 'key'),
    ),
    width,
    signs,
  );
}

/** The newest entries in so many lines, or those around the chosen one. */
export function logLines(
  entries: readonly LogEntry[],
  options: {
    readonly chosen: string | null;
    readonly layout: Layout;
    readonly width: number;
    readonly height: number;
    readonly signs: Signs;
  },
): readonly Line[] {
  const { chosen, width, height, signs } = options;
  if (entries.length === 0) return [line(span('Nothing has happened yet.', 'dim'))];
  const found = chosen === null ? -1 : entries.findIndex(({ seq }) => `${seq}` === chosen);
  const at = found < 0 ? entries.length - 1 : found;
  const start = windowStart(entries.length, height, at);
  return entries.slice(start, start + height).map((entry, index) => {
    const isChosen = start + index === at;
    const text = entryLine(entry, { ...options, width: width - 2 });
    if (!isChosen) return line('  ', ...text);
    return highlighted(cutLine(line(`${signs.chosen} `, ...text), width, signs), width);
  });
}
