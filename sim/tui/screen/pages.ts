import { FILTER_HELP, matches, parseFilter } from '../filter.ts';
import { BINDINGS, type Binding, hintsFor, type Place, shownKey } from '../keys.ts';
import type { MenuEntry } from '../menus.ts';
import type { Signs } from '../theme.ts';
import {
  cell,
  cut,
  cutLine,
  highlighted,
  type Line,
  line,
  ruled,
  span,
  windowStart,
  wrap,
} from './lines.ts';

const KEYS_WIDTH = 18;

const PLACES: readonly (readonly [Place, string])[] = [
  ['everywhere', 'Everywhere'],
  ['list', 'In a list'],
  ['page', 'On a page'],
  ['menu', 'In a menu'],
  ['typing', 'While a line is typed'],
  ['question', 'When a question is asked'],
];

/** Made from the table of key bindings, so that it cannot say anything else. */
export function helpLines(
  width: number,
  signs: Signs,
  options: { readonly place?: Place; readonly filter?: string } = {},
): readonly Line[] {
  const filter = parseFilter(options.filter ?? '');
  const { place = 'list' } = options;
  // What holds where the user came from stands first.
  const inOrder = [...PLACES].sort(
    ([left], [right]) => Number(right === place) - Number(left === place),
  );
  const bound = inOrder.flatMap(([where, title]): readonly Line[] => {
    const own = BINDINGS.filter((one) => one.place === where).filter((one) =>
      matches(
        filter,
        { key: one.keys.join(' ') },
        `${one.keys.join(' ')} ${one.command} ${one.help}`,
      ),
    );
    if (own.length === 0) return [];
    return [ruled(title, width, signs), ...own.flatMap((one) => bindingLines(one, width, signs))];
  });
  const legend: readonly (readonly [string, string])[] = [
    [signs.running, 'session runs'],
    [signs.waiting, 'session waits; rule never put to the test; fault armed'],
    [signs.done, 'done; rule put to the test'],
    [signs.failed, 'failed, violated'],
    [signs.cancelled, 'cancelled'],
    ['!', 'worth a look'],
    [`${signs.lived}${signs.now}${signs.left}`, 'life of a credential: lived, now, left'],
    [signs.line, 'renewal line: with less life left a connect renews'],
    ['s+ t-', 'movers: the source runs, the target has ended'],
  ];
  const filterLines = wrap(FILTER_HELP, width - 2).map((part) => line(`  ${part}`));
  const found =
    bound.length === 0 ? [line(span('No key and no command fits.', 'attention'))] : bound;
  if (filter.length > 0) return found;
  return [
    ...found,
    [],
    ruled('Filters ( / )', width, signs),
    ...filterLines,
    [],
    ruled('Signs', width, signs),
    ...legend.map(([sign, text]) =>
      cutLine(line(span(sign.padEnd(KEYS_WIDTH), 'key'), `  ${text}`), width, signs),
    ),
  ];
}

function bindingLines(binding: Binding, width: number, signs: Signs): readonly Line[] {
  const { keys, help, command, argument } = binding;
  const names = cell(keys.map(shownKey).join(' '), KEYS_WIDTH, signs);
  const typed = argument === undefined ? `:${command}` : `:${command} ${argument}`;
  return wrap(`${help} (${typed})`, width - KEYS_WIDTH - 2).map((part, index) =>
    line(span(index === 0 ? names : ' '.repeat(KEYS_WIDTH), 'key'), `  ${part}`),
  );
}

/** A menu in at most so many lines; what cannot be chosen says why. */
export function menuLines(
  entries: readonly MenuEntry[],
  options: {
    readonly title: string;
    readonly choice: number;
    readonly width: number;
    readonly height: number;
    readonly signs: Signs;
  },
): readonly Line[] {
  const { title, choice, width, height, signs } = options;
  const chosen = Math.min(choice, entries.length - 1);
  const room = Math.max(1, height - 1);
  const start = windowStart(entries.length, room, chosen);
  const labelWidth = Math.min(44, Math.max(20, Math.floor(width * 0.45)));
  const rows = entries.slice(start, start + room).map(({ label, hint, reason }, index) => {
    const isChosen = start + index === chosen;
    const parts = line(
      `${isChosen ? signs.chosen : ' '} `,
      span(`${reason === null ? ' ' : '-'} `, 'dim'),
      span(cell(label, labelWidth, signs), reason === null ? 'plain' : 'dim'),
      span(` ${reason === null ? hint : `not now: ${reason}`}`, 'dim'),
    );
    const fitted = cutLine(parts, width, signs);
    return isChosen ? highlighted(fitted, width) : fitted;
  });
  const none = rows.length === 0 ? [line(span('Nothing fits the filter.', 'dim'))] : rows;
  const count = entries.length > room ? ` ${chosen + 1} of ${entries.length}` : '';
  return [ruled(`${title}${count}`, width, signs), ...none];
}

/** `? help · space pause · …`: what the keys do here. */
export function hintLine(place: Place, width: number, signs: Signs): Line {
  const hints = hintsFor(place).flatMap(({ keys: [key = ''], hint }, index) => [
    span(index === 0 ? '' : ` ${signs.dot} `, 'dim'),
    span(shownKey(key), 'key'),
    span(` ${hint ?? ''}`),
  ]);
  return cutLine(hints, width, signs);
}

export function noticeLine(text: string, width: number, signs: Signs): Line {
  return line(span(cut(text, width, signs), 'attention'));
}
