import type { Role, Signs } from '../theme.ts';

/** A piece of text with one meaning. All characters are one column wide (`tidy`). */
export interface Span {
  readonly text: string;
  readonly role: Role;
}

/** One line of the screen; the screen is a list of lines, so every width can be checked. */
export type Line = readonly Span[];

export function span(text: string, role: Role = 'plain'): Span {
  return { text, role };
}

export function line(...parts: readonly (Span | string)[]): Line {
  return parts.map((part) => (typeof part === 'string' ? span(part) : part));
}

export const EMPTY_LINE: Line = [];

export function widthOf(parts: Line): number {
  return parts.reduce((total, { text }) => total + text.length, 0);
}

export function textOf(parts: Line): string {
  return parts.map(({ text }) => text).join('');
}

/** Cuts a text to so many columns and shows that it was cut. */
export function cut(text: string, width: number, signs: Signs): string {
  if (text.length <= width) return text;
  return width <= 0 ? '' : text.slice(0, width - 1) + signs.cut;
}

/** A cell of exactly so many columns. */
export function cell(text: string, width: number, signs: Signs, align: 'left' | 'right' = 'left') {
  const short = cut(text, width, signs);
  return align === 'left' ? short.padEnd(width) : short.padStart(width);
}

/** The line in at most so many columns. */
export function cutLine(parts: Line, width: number, signs: Signs): Line {
  if (widthOf(parts) <= width) return parts;
  const kept: Span[] = [];
  let left = width;
  for (const part of parts) {
    const isLast = part.text.length >= left;
    kept.push({
      ...part,
      text: isLast ? `${part.text.slice(0, Math.max(0, left - 1))}${signs.cut}` : part.text,
    });
    left -= part.text.length;
    if (isLast) break;
  }
  return width <= 0 ? [] : kept;
}

/** Something at the left and something at the right edge; the left gives way. */
export function spread(left: Line, right: Line, width: number, signs: Signs): Line {
  const kept = cutLine(left, width - widthOf(right) - 1, signs);
  const gap = Math.max(1, width - widthOf(kept) - widthOf(right));
  return cutLine([...kept, span(' '.repeat(gap)), ...right], width, signs);
}

/** The whole row in one look, padded to the width, as a chosen row is shown. */
export function highlighted(parts: Line, width: number): Line {
  return [span(textOf(parts).padEnd(width), 'selected')];
}

/** Broken at spaces into lines of at most so many columns; longer words are broken too. */
export function wrap(text: string, width: number): readonly string[] {
  const room = Math.max(1, width);
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(/\s+/)) {
    let rest = word;
    if (current !== '' && current.length + 1 + rest.length > room) {
      lines.push(current);
      current = '';
    }
    while (rest.length > room) {
      lines.push(rest.slice(0, room));
      rest = rest.slice(room);
    }
    current = current === '' ? rest : `${current} ${rest}`;
  }
  return current === '' ? lines : [...lines, current];
}

/** A heading with a rule behind it. */
export function ruled(title: string, width: number, signs: Signs): Line {
  const head = title === '' ? '' : `${title} `;
  return [
    span(cut(head, width, signs), 'heading'),
    span(signs.rule.repeat(Math.max(0, width - head.length)), 'dim'),
  ];
}

/** The rows of a window of so many around the chosen one. */
export function windowStart(count: number, height: number, chosen: number): number {
  if (count <= height) return 0;
  return Math.max(0, Math.min(chosen - Math.floor(height / 2), count - height));
}
