/** Lines of at most so many columns, broken at spaces; a longer word stays whole. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.trim().split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Longer cells are cut; undefined: as wide as the longest cell. */
  readonly widthMax?: number;
}

/** Cuts a text to so many columns and shows that it was cut. */
export function cut(text: string, width: number, ascii: boolean): string {
  if (text.length <= width) return text;
  const mark = ascii ? '~' : '…';
  return text.slice(0, Math.max(0, width - 1)) + mark;
}

/**
 * Aligned rows, two spaces between columns, no trailing spaces. Cells are plain text; `decorate`
 * may colour a cell after it is padded, so colour never shifts a column.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: {
    readonly ascii: boolean;
    readonly decorate?: (padded: string, row: number, column: number) => string;
  },
): readonly string[] {
  const widths = columns.map(({ title, widthMax }, index) => {
    const cells = rows.map((row) => (row[index] ?? '').length);
    return Math.min(Math.max(title.length, ...cells), widthMax ?? Number.POSITIVE_INFINITY);
  });
  const pad = (text: string, index: number): string => {
    const width = widths[index] as number;
    const short = cut(text, width, options.ascii);
    if (columns[index]?.align === 'right') return short.padStart(width);
    return index === columns.length - 1 ? short : short.padEnd(width);
  };
  const titles = columns.map(({ title }, index) => pad(title, index)).join('  ');
  const rule = (options.ascii ? '-' : '─').repeat(
    widths.reduce((total, width) => total + width, 2 * (widths.length - 1)),
  );
  const body = rows.map((row, rowIndex) =>
    columns
      .map((_, index) => {
        const padded = pad(row[index] ?? '', index);
        return options.decorate?.(padded, rowIndex, index) ?? padded;
      })
      .join('  ')
      .trimEnd(),
  );
  return [titles.trimEnd(), rule, ...body];
}

/** A sign instead of what an ASCII terminal or a screen reader cannot show; colours stay. */
export function toAscii(text: string): string {
  return text.replace(/[^ -~]/gu, (sign) => (sign === '\u001b' ? sign : '?'));
}
