import { formatDuration } from '../../machines/rules/duration.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { LANES, type Lane, type Message } from '../tui/model/sequence.ts';
import type { Row } from './rows.ts';

/** One line of the drawing; `style` says what it is, whoever prints it gives the colours. */
export interface DrawnLine {
  readonly text: string;
  readonly style: 'plain' | 'heading' | 'dim';
}

export interface DrawOptions {
  /** Columns of the terminal. */
  readonly width: number;
  readonly ascii: boolean;
}

const SIGNS = { lane: '│', rule: '─', right: '▸', left: '◂', here: '•', cut: '…', idle: '┊' };
const ASCII_SIGNS = { lane: '|', rule: '-', right: '>', left: '<', here: '*', cut: '~', idle: ':' };
type Signs = typeof SIGNS;

/** Below it there is no room for arrows: messages are written out. */
const LANES_WIDTH_MIN = 60;
const TIME_WIDTH_MAX = 19;
/** Room left and right of the outer lanes. */
const MARGIN = 3;

/** Swim lanes: one row a message, from left to right as a byte of a backup travels. */
export function drawLanes(rows: readonly Row[], options: DrawOptions): readonly DrawnLine[] {
  const signs = options.ascii ? ASCII_SIGNS : SIGNS;
  const gutter = gutterOf(rows);
  const width = options.width - gutter.width;
  const hasLanes = width >= LANES_WIDTH_MIN;
  const lines: DrawnLine[] = [];
  if (hasLanes) lines.push({ text: (gutter.blank + laneHeads(width)).trimEnd(), style: 'heading' });
  for (const row of rows) {
    const { text, style } = drawRow(row, gutter, hasLanes ? width : null, signs);
    lines.push({ text: cut(text, options.width, signs).trimEnd(), style });
  }
  return lines;
}

function drawRow(row: Row, gutter: Gutter, width: number | null, signs: Signs): DrawnLine {
  switch (row.kind) {
    case 'session':
      return { text: `${row.session}: ${row.text}`, style: 'heading' };
    case 'idle': {
      const words = `${formatDuration(row.toAt - row.fromAt)} later`;
      const lanes = width === null ? words : across(words, width, signs.idle);
      return { text: gutter.blank + lanes, style: 'dim' };
    }
    case 'note': {
      const lanes = width === null ? row.text : across(row.text, width, signs.lane);
      return { text: gutter.of(row.seq, row.at) + lanes, style: 'plain' };
    }
    case 'message': {
      const lanes = width === null ? words(row.message) : arrow(row.message, width, signs);
      return { text: gutter.of(row.seq, row.at) + lanes, style: 'plain' };
    }
    default:
      return row satisfies never;
  }
}

function words({ from, to, text }: Message): string {
  return from === to ? `${from}: ${text}` : `${from} -> ${to}: ${text}`;
}

interface Gutter {
  readonly width: number;
  readonly blank: string;
  of(seq: number, at: EpochMs): string;
}

/** `  12    13d 1h  `: the number of the event and when, counted from the first one. */
function gutterOf(rows: readonly Row[]): Gutter {
  const placed = rows.filter((row) => row.kind === 'message' || row.kind === 'note');
  const startAt = placed[0]?.at ?? 0;
  const time = (at: EpochMs): string => {
    const text = formatDuration(Math.abs(at - startAt));
    return `${at < startAt ? '-' : '+'}${text}`.slice(0, TIME_WIDTH_MAX);
  };
  const seqWidth = Math.max(1, ...placed.map(({ seq }) => `${seq}`.length));
  const timeWidth = Math.max(1, ...placed.map(({ at }) => time(at).length));
  const width = seqWidth + timeWidth + 4;
  return {
    width,
    blank: ' '.repeat(width),
    of: (seq, at) => `${`${seq}`.padStart(seqWidth)}  ${time(at).padStart(timeWidth)}  `,
  };
}

/** The column in which a lane runs. */
function columnOf(lane: Lane, width: number): number {
  const gap = Math.floor((width - 2 * MARGIN - 1) / (LANES.length - 1));
  return MARGIN + LANES.indexOf(lane) * gap;
}

function laneHeads(width: number): string {
  const cells = Array.from({ length: width }, () => ' ');
  for (const lane of LANES) {
    put(cells, Math.max(0, columnOf(lane, width) - Math.floor(lane.length / 2)), lane);
  }
  return cells.join('');
}

function emptyLanes(width: number, sign: string): string[] {
  const cells = Array.from({ length: width }, () => ' ');
  for (const lane of LANES) cells[columnOf(lane, width)] = sign;
  return cells;
}

/** A text over all lanes. */
function across(text: string, width: number, sign: string): string {
  const cells = emptyLanes(width, sign);
  put(cells, columnOf('tenant', width) + 2, ` ${text} `);
  return cells.join('');
}

function arrow(message: Message, width: number, signs: Signs): string {
  const cells = emptyLanes(width, signs.lane);
  const [from, to] = [columnOf(message.from, width), columnOf(message.to, width)];
  const { text } = message;
  if (from === to) {
    // Beside its lane; from the last ones to the left, where there is room.
    const isRightFree = width - from - 2 >= text.length;
    if (isRightFree) put(cells, from, `${signs.here} ${text} `);
    else put(cells, Math.max(0, from - text.length - 2), ` ${text} ${signs.here}`.slice(-width));
    return cells.join('');
  }
  const [left, right] = from < to ? [from, to] : [to, from];
  for (let at = left + 1; at < right; at += 1) cells[at] = signs.rule;
  cells[to < from ? left + 1 : right - 1] = to < from ? signs.left : signs.right;
  const room = right - left - 5;
  if (text.length <= room) {
    put(cells, left + 2 + Math.floor((room + 1 - text.length) / 2), ` ${text} `);
  } else if (width - right - 2 >= text.length) put(cells, right + 1, ` ${text} `);
  else if (left - 2 >= text.length) put(cells, left - text.length - 2, ` ${text} `);
  else put(cells, left + 2, ` ${cut(text, room, signs)} `);
  return cells.join('');
}

function put(cells: string[], start: number, text: string): void {
  for (const [index, sign] of [...text].entries()) {
    if (start + index >= 0 && start + index < cells.length) cells[start + index] = sign;
  }
}

function cut(text: string, width: number, signs: Signs): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}${signs.cut}`;
}
