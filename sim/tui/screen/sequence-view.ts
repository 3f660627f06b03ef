import { chosenSession } from '../chosen.ts';
import type { Frame } from '../frame.ts';
import { LANES, type Lane, type Message, messageOf } from '../model/sequence.ts';
import type { Signs } from '../theme.ts';
import { tidy } from '../words.ts';
import type { Area, Body } from './frame-area.ts';
import { cell, cut, cutLine, type Line, line, span } from './lines.ts';

/** Lanes need so much room; below it the messages are written out. */
const LANES_WIDTH_MIN = 72;

const TIME_WIDTH = 8;

/**
 * The swim lanes of the chosen session: a line an event, an arrow from who said it to whom. Only
 * the lines in sight are made.
 */
export function sequenceLines(frame: Frame, area: Area): Body {
  const session = chosenSession(frame);
  if (session === null) return { lines: [line(span('No session has begun yet.', 'dim'))] };
  const { width, signs } = area;
  const positions = shownPositions(frame, session.id);
  const height = Math.max(1, area.height - 2);
  const offsetMax = Math.max(0, positions.length - height);
  const start = Math.min(frame.ui.offset, offsetMax);
  const hasLanes = width >= LANES_WIDTH_MIN;
  const rows = positions.slice(start, start + height).map((position) => {
    const event = frame.history.event(position);
    const message = event === undefined ? null : messageOf(event);
    if (event === undefined || message === null) return [];
    const time = cell(`+${event.at - session.startedAt}ms`, TIME_WIDTH, signs, 'right');
    const content = hasLanes
      ? arrowLine(message, width - TIME_WIDTH - 1, signs)
      : line(wordsOf(message, signs));
    return cutLine(line(span(`${time} `, 'dim'), ...content), width, signs);
  });
  const left = positions.length - start - rows.length;
  const where = left === 0 ? '' : `, ${left} more below`;
  const head = `${session.id}: ${session.operation} of ${session.backup}${where}`;
  return {
    lines: [
      cutLine(line(span(head, 'title')), width, signs),
      hasLanes ? laneHeads(width, signs) : line(span('who, to whom, what', 'heading')),
      ...rows,
    ],
    offsetMax,
  };
}

function shownPositions({ history, position: end }: Frame, id: string): readonly number[] {
  return history.positionsOfSession(id).filter((position) => {
    const event = history.event(position);
    return position < end && event !== undefined && messageOf(event) !== null;
  });
}

function wordsOf({ from, to, text }: Message, signs: Signs): string {
  return from === to ? `${from}: ${tidy(text)}` : `${from} ${signs.arrow} ${to}: ${tidy(text)}`;
}

/** The column in which a lane runs. */
function columnOf(lane: Lane, width: number): number {
  const gap = Math.floor((width - 8) / (LANES.length - 1));
  return 3 + LANES.indexOf(lane) * gap;
}

function laneHeads(width: number, signs: Signs): Line {
  const room = width - TIME_WIDTH - 1;
  const cells = Array.from({ length: room }, () => ' ');
  for (const lane of LANES) {
    const at = Math.max(0, columnOf(lane, room) - Math.floor(lane.length / 2));
    for (const [index, character] of [...lane].entries()) cells[at + index] = character;
  }
  const text = `${' '.repeat(TIME_WIDTH + 1)}${cells.join('')}`;
  return [span(cut(text, width, signs), 'heading')];
}

/** `   │       │──route: direct──▸│  `: a label lies on its arrow. */
function arrowLine(message: Message, width: number, signs: Signs): Line {
  const cells = Array.from({ length: width }, () => ' ');
  for (const lane of LANES) cells[columnOf(lane, width)] = signs.lane;
  const [from, to] = [columnOf(message.from, width), columnOf(message.to, width)];
  const words = tidy(message.text);
  if (from === to) {
    // Beside its lane; from the last one to the left, where there is room.
    const isLast = width - from - 2 < words.length;
    const text = isLast ? `${words} *` : `* ${words}`;
    const start = isLast ? from - text.length + 1 : from;
    put(cells, Math.max(0, start), text);
  } else {
    const [left, right] = from < to ? [from, to] : [to, from];
    for (let at = left + 1; at < right; at += 1) cells[at] = signs.rule;
    cells[to < from ? left + 1 : right - 1] = to < from ? signs.toLeft : signs.toRight;
    const label = cut(` ${words} `, Math.max(0, right - left - 4), signs);
    put(cells, left + 2 + Math.floor((right - left - 3 - label.length) / 2), label);
  }
  return [span(cells.slice(0, width).join(''))];
}

function put(cells: string[], start: number, text: string): void {
  for (const [index, character] of [...text].entries()) {
    if (start + index < cells.length) cells[start + index] = character;
  }
}
