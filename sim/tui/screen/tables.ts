import type { Role, Signs } from '../theme.ts';
import { cell, highlighted, type Line, type Span, span } from './lines.ts';

export interface TableColumn<Row> {
  readonly title: string;
  readonly width: number;
  readonly align?: 'left' | 'right';
  readonly text: (row: Row) => string;
  readonly role?: (row: Row) => Role;
}

/** Takes what is left of the line; at most one column of a table. */
export const REST = 0;

/**
 * A heading and one line a row, one space between columns, never wider than the screen. The chosen
 * row has a sign and is shown inverted.
 */
export function tableLines<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  options: { readonly width: number; readonly signs: Signs; readonly chosen: Row | null },
): { readonly heading: Line; readonly rows: readonly Line[] } {
  const { width, signs, chosen } = options;
  const fixed = columns.reduce((total, column) => total + column.width + 1, 1);
  const rest = Math.max(1, width - fixed);
  const widthOf = (column: TableColumn<Row>): number =>
    column.width === REST ? rest : column.width;
  const heading = columns
    .map((column) => cell(column.title, widthOf(column), signs, column.align))
    .join(' ');
  return {
    heading: [span(`  ${heading}`.slice(0, width), 'heading')],
    rows: rows.map((row) => {
      const cells = columns.flatMap((column, index): readonly Span[] => {
        const text = cell(column.text(row), widthOf(column), signs, column.align);
        const gap = index === columns.length - 1 ? '' : ' ';
        return [span(text, column.role?.(row) ?? 'plain'), span(gap)];
      });
      if (row !== chosen) return [span('  '), ...cells];
      return highlighted([span(`${signs.chosen} `), ...cells], width);
    }),
  };
}
