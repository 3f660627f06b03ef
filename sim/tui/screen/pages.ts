import { BINDINGS, hintsFor, type Place, shownKey } from '../keys.ts';
import type { Stop } from '../model/next.ts';
import type { Signs } from '../theme.ts';
import { cell, cut, cutLine, highlighted, type Line, line, ruled, span, wrap } from './lines.ts';

const KEYS_WIDTH = 18;

/** Made from the table of key bindings, so that it cannot say anything else. */
export function helpLines(width: number, signs: Signs): readonly Line[] {
  const bound = BINDINGS.flatMap(({ keys, help }): readonly Line[] => {
    const names = cell(keys.map(shownKey).join(' '), KEYS_WIDTH, signs);
    return wrap(help, width - KEYS_WIDTH - 2).map((part, index) =>
      line(span(index === 0 ? names : ' '.repeat(KEYS_WIDTH), 'key'), `  ${part}`),
    );
  });
  const legend: readonly (readonly [string, string])[] = [
    [signs.running, 'session runs'],
    [signs.waiting, 'session waits'],
    [signs.done, 'done'],
    [signs.failed, 'failed'],
    [signs.cancelled, 'cancelled'],
    [`${signs.lived}${signs.now}${signs.left}`, 'life of a credential: lived, now, left'],
    [signs.line, 'renewal line: with less life left a connect renews'],
  ];
  return [
    ruled('Keys', width, signs),
    ...bound,
    [],
    ruled('Signs', width, signs),
    ...legend.map(([sign, text]) =>
      cutLine(line(span(sign.padEnd(KEYS_WIDTH), 'key'), `  ${text}`), width, signs),
    ),
  ];
}

/** The named stops; those that are past say so instead of what is to be seen there. */
export function warpLines(
  stops: readonly Stop[],
  options: {
    readonly scope: string | null;
    readonly choice: number;
    readonly width: number;
    readonly signs: Signs;
  },
): readonly Line[] {
  const { scope, choice, width, signs } = options;
  const of = scope === null ? 'no credential yet' : `of ${scope}`;
  return [
    ruled(`Move the clock (${of})`, width, signs),
    ...stops.map(({ label, hint, byMs }, index) => {
      const isChosen = index === choice;
      const parts = line(
        `${isChosen ? signs.chosen : ' '} `,
        span(cell(label, 20, signs), byMs === null ? 'dim' : 'plain'),
        span(` ${hint}`, 'dim'),
      );
      const fitted = cutLine(parts, width, signs);
      return isChosen ? highlighted(fitted, width) : fitted;
    }),
  ];
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
