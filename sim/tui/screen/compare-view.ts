import type { Frame } from '../frame.ts';
import type { ComparedRow } from '../model/compare.ts';
import { shortInstant, tidy } from '../words.ts';
import type { Area } from './frame-area.ts';
import { cell, cutLine, type Line, line, ruled, span } from './lines.ts';

/** The two futures of a fork, side by side; what differs is marked with a sign. */
export function compareLines({ comparison }: Frame, area: Area): readonly Line[] {
  if (comparison === null) return [line(span('Both futures are being run …', 'dim'))];
  const { width, signs } = area;
  const { eventCounts, areComplete, firstDifference, sessions, credentials } = comparison;
  const state = (index: 0 | 1): string =>
    `${eventCounts[index]} events${areComplete[index] ? '' : ', still running'}`;
  const half = Math.max(8, Math.floor((width - 22) / 2));
  const both = (name: string, left: string, right: string, isSame: boolean): Line =>
    cutLine(
      line(
        span(isSame ? '  ' : '! ', isSame ? 'dim' : 'attention'),
        span(cell(tidy(name), 18, signs), 'dim'),
        ' ',
        span(cell(tidy(left), half, signs), isSame ? 'dim' : 'plain'),
        ' ',
        span(cell(tidy(right), half, signs), isSame ? 'dim' : 'attention'),
      ),
      width,
      signs,
    );
  const row = ({ name, left, right, isSame }: ComparedRow): Line => both(name, left, right, isSame);
  const different = [...sessions, ...credentials].filter(({ isSame }) => !isSame).length;
  return [
    cutLine(
      line(
        span(`Forked after event ${comparison.forkPosition}: `, 'title'),
        span(tidy(comparison.what), 'attention'),
        span(`; ${different} rows differ. X goes on in the second`, 'dim'),
      ),
      width,
      signs,
    ),
    both('', 'as it was', 'with the fork', true),
    both('log', state(0), state(1), firstDifference === null),
    [],
    ruled('First difference', width, signs),
    ...(firstDifference === null
      ? [line(span('none so far', 'dim'))]
      : firstDifference.map((entry, index) =>
          cutLine(
            line(
              span(index === 0 ? 'as it was    ' : 'with the fork ', 'dim'),
              entry === null
                ? 'nothing more'
                : `${shortInstant(entry.at)} ${entry.session ?? ''} ${entry.text}`,
            ),
            width,
            signs,
          ),
        )),
    [],
    ruled('Sessions', width, signs),
    ...sessions.map(row),
    [],
    ruled('Credentials', width, signs),
    ...credentials.map(row),
  ];
}
