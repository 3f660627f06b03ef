import { arch, cpus, platform } from 'node:os';
import { type Benchmark, type Figure, spreadOf } from './measure.ts';

/** Three digits that count, thousands apart: 1,234,567 · 87.3 · 0.42. */
function formatNumber(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** What the figures were taken on; the figures mean little without it. */
export function machineLine(): string {
  const all = cpus();
  const runtime = process.versions.bun === undefined ? 'Node' : 'Bun';
  const version = process.versions.bun ?? process.versions.node;
  const model = all[0]?.model.trim() ?? 'unknown processor';
  return `${runtime} ${version} · ${all.length} cores · ${model} · ${platform()} ${arch()}`;
}

export function renderTable(benchmark: Benchmark, figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { median, min, max, runs } = spreadOf(figure.samples);
    const ratios = figure.ratios ?? [];
    return [
      figure.name,
      formatNumber(median),
      figure.unit,
      runs === 1 ? '' : `${formatNumber(min)}–${formatNumber(max)}`,
      String(runs),
      ratios.map(({ to, ratio }) => `${ratio.toFixed(2)} × ${to}`).join(' · '),
    ];
  });
  const header = ['figure', 'median', 'unit', 'min–max', 'runs', 'ratio'];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const isNumber = (column: number): boolean => column === 1 || column === 3 || column === 4;
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] as number;
        return isNumber(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [
    `${benchmark.title} (${benchmark.name})`,
    ...benchmark.notes.map((note) => `  ${note}`),
    line(header),
    '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2)),
    ...rows.map(line),
    '',
  ].join('\n');
}

/** One line a figure: `{"type":"bench.figure", benchmark, name, unit, median, min, max, runs, …}`. */
export function renderJson(benchmark: Benchmark, figures: readonly Figure[]): string {
  return figures
    .map(({ name, unit, samples, ratios = [] }) =>
      JSON.stringify({
        type: 'bench.figure',
        benchmark: benchmark.name,
        name,
        unit,
        ...spreadOf(samples),
        samples,
        ratios,
      }),
    )
    .join('\n');
}
