/** How much a screen can hold: 120 columns and more, 80 to 119, 50 to 79, and less. */
export type Layout = 'wide' | 'medium' | 'slim' | 'narrow';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Below this the screen gives way to the line mode. */
export const COLUMNS_MIN = 50;

export function layoutFor({ columns }: Size): Layout {
  if (columns >= 120) return 'wide';
  if (columns >= 80) return 'medium';
  return columns >= COLUMNS_MIN ? 'slim' : 'narrow';
}

/** What a terminal says of its size; nothing or zero counts as 80 by 24. */
export function sizeOf(stream: {
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}): Size {
  return { columns: stream.columns || 80, rows: stream.rows || 24 };
}
