import { type EpochMs, HOUR_MS } from '../../../machines/rules/time.ts';
import { squeeze } from './charts.ts';
import { formatDay } from './words.ts';

export interface Series {
  readonly name: string;
  /** One value an hour. */
  readonly values: readonly number[];
}

export interface ChartOptions {
  /** Read out by screen readers. */
  readonly title: string;
  readonly startAt: EpochMs;
  readonly series: readonly Series[];
  readonly show: (value: number) => string;
  /** A line across, such as what a gateway can carry. */
  readonly limit?: { readonly name: string; readonly value: number };
  /** Shared between two charts that are compared. */
  readonly top?: number;
}

const WIDTH = 960;
const HEIGHT = 240;
const LEFT = 84;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 30;
const COLUMNS_MAX = 720;

export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** Series over the days of a run, as an inline SVG that needs nothing from outside. */
export function timeChart(options: ChartOptions): string {
  const { series, startAt, show, limit } = options;
  const hours = Math.max(1, ...series.map(({ values }) => values.length));
  const most = Math.max(
    options.top ?? 0,
    limit?.value ?? 0,
    ...series.flatMap(({ values }) => squeeze(values, COLUMNS_MAX)),
  );
  const top = most > 0 ? most * 1.05 : 1;
  const x = (hour: number): number => LEFT + (hour / hours) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const parts = [
    ...grid(top, show, y),
    ...dayAxis(hours, x),
    ...series.map(({ values }, index) => area(values, hours, index, x, y)),
  ];
  if (limit !== undefined) {
    const at = y(limit.value).toFixed(1);
    parts.push(
      `<line class="limit" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/>`,
      `<text class="limit-name" x="${WIDTH - RIGHT}" y="${(Number(at) - 5).toFixed(1)}" text-anchor="end">${escapeText(limit.name)}</text>`,
    );
  }
  parts.push(...hoverBands(options, hours, startAt, x));
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeText(options.title)}">${parts.join('')}</svg>`;
}

function grid(
  top: number,
  show: (value: number) => string,
  y: (value: number) => number,
): string[] {
  return [0, 0.25, 0.5, 0.75, 1].flatMap((share) => {
    const value = top * share;
    const at = y(value).toFixed(1);
    return [
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/>`,
      `<text class="tick" x="${LEFT - 8}" y="${(Number(at) + 4).toFixed(1)}" text-anchor="end">${escapeText(show(value))}</text>`,
    ];
  });
}

function dayAxis(hours: number, x: (hour: number) => number): string[] {
  const days = hours / 24;
  const step = [1, 2, 5, 7, 14, 30, 60, 90, 180, 365].find((one) => days / one <= 15) ?? 730;
  const ticks: string[] = [];
  for (let day = 0; day <= days; day += step) {
    const at = x(day * 24).toFixed(1);
    ticks.push(
      `<line class="grid" x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>`,
      `<text class="tick" x="${at}" y="${HEIGHT - 10}" text-anchor="middle">day ${day}</text>`,
    );
  }
  return ticks;
}

function area(
  values: readonly number[],
  hours: number,
  index: number,
  x: (hour: number) => number,
  y: (value: number) => number,
): string {
  const shown = squeeze(values, COLUMNS_MAX);
  const width = hours / Math.max(1, shown.length);
  const base = y(0).toFixed(1);
  const tops = shown
    .map((value, at) => {
      const height = y(value).toFixed(1);
      return `L${x(at * width).toFixed(1)} ${height}L${x((at + 1) * width).toFixed(1)} ${height}`;
    })
    .join('');
  return `<path class="series s${index}" d="M${x(0).toFixed(1)} ${base}${tops}L${x(hours).toFixed(1)} ${base}Z"/>`;
}

/** A tooltip for every day, without a script. */
function hoverBands(
  { series, show }: ChartOptions,
  hours: number,
  startAt: EpochMs,
  x: (hour: number) => number,
): string[] {
  const days = Math.ceil(hours / 24);
  const step = Math.max(1, Math.ceil(days / 120));
  const bands: string[] = [];
  for (let day = 0; day < days; day += step) {
    const from = x(day * 24);
    const to = x(Math.min(hours, (day + step) * 24));
    const lines = series.map(({ name, values }) => {
      const own = values.slice(day * 24, (day + step) * 24);
      let most = 0;
      for (const value of own) most = Math.max(most, value);
      const hour = Math.max(0, own.indexOf(most)) + day * 24;
      const when = formatDay(startAt + hour * HOUR_MS, startAt);
      return `${name}: at most ${show(most)} on ${when}`;
    });
    const text = escapeText([`day ${day}`, ...lines].join('\n'));
    bands.push(
      `<rect class="band" x="${from.toFixed(1)}" y="${TOP}" width="${(to - from).toFixed(1)}" height="${HEIGHT - TOP - BOTTOM}"><title>${text}</title></rect>`,
    );
  }
  return bands;
}

export interface BarRow {
  readonly label: string;
  /** One value a run. */
  readonly values: readonly number[];
}

const BAR_LEFT = 130;
const BAR_HEIGHT = 16;

/** Lying bars; with two runs, two bars a row. */
export function barChart(
  title: string,
  rows: readonly BarRow[],
  show: (value: number) => string,
): string {
  const runs = Math.max(1, ...rows.map(({ values }) => values.length));
  const most = Math.max(1, ...rows.flatMap(({ values }) => values));
  const rowHeight = runs * BAR_HEIGHT + 8;
  const height = rows.length * rowHeight + 8;
  const room = WIDTH - BAR_LEFT - 110;
  const parts = rows.flatMap(({ label, values }, index) => {
    const y = 4 + index * rowHeight;
    const middle = y + (runs * BAR_HEIGHT) / 2 + 4;
    const name = `<text class="tick" x="${BAR_LEFT - 10}" y="${middle}" text-anchor="end">${escapeText(label)}</text>`;
    const bars = values.map((value, run) => {
      const width = value === 0 ? 0 : Math.max(2, (value / most) * room);
      const top = y + run * BAR_HEIGHT;
      return `<rect class="bar s${run}" x="${BAR_LEFT}" y="${top}" width="${width.toFixed(1)}" height="${BAR_HEIGHT - 3}" rx="2"/><text class="value" x="${(BAR_LEFT + width + 8).toFixed(1)}" y="${top + 11}">${escapeText(show(value))}</text>`;
    });
    return [name, ...bars];
  });
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeText(title)}">${parts.join('')}</svg>`;
}
