const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const ASCII_BLOCKS = ['_', '.', ':', '-', '=', '+', '*', '#'] as const;

/** A series in so many columns; each shows the largest of its values, so that no peak is lost. */
export function squeeze(values: readonly number[], columns: number): readonly number[] {
  if (values.length <= columns) return values;
  return Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns));
    let most = 0;
    for (let index = from; index < to; index += 1) most = Math.max(most, values[index] as number);
    return most;
  });
}

/** `▁▂█▁`: zero is a blank. */
export function sparkline(
  values: readonly number[],
  columns: number,
  isAscii: boolean,
  scale?: number,
): string {
  const shown = squeeze(values, columns);
  const most = scale ?? shown.reduce((left, right) => Math.max(left, right), 0);
  const blocks = isAscii ? ASCII_BLOCKS : BLOCKS;
  return shown
    .map((value) => {
      if (value <= 0 || most <= 0) return ' ';
      const level = Math.min(blocks.length, Math.ceil((value / most) * blocks.length));
      return blocks[level - 1] as string;
    })
    .join('');
}

/** `██████▌    `: a share of a width. */
export function bar(share: number, columns: number, isAscii: boolean): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * columns);
  const least = share > 0 ? Math.max(1, filled) : 0;
  return (isAscii ? '#' : '█').repeat(least) + (isAscii ? '.' : '░').repeat(columns - least);
}
