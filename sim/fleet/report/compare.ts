import type { FleetRun } from '../run/run-fleet.ts';
import type { FleetReport } from './report.ts';
import { formatBytes, formatCount, formatHourlyRate, formatShare, formatSpan } from './words.ts';

/** One figure of two runs. `change` is in words; empty when both are the same. */
export interface ComparedFigure {
  readonly label: string;
  readonly left: string;
  readonly right: string;
  readonly change: string;
}

interface Figure {
  readonly label: string;
  readonly value: (report: FleetReport, run: FleetRun) => number | null;
  readonly show: (value: number) => string;
}

const sum = (values: readonly number[]): number => values.reduce((left, right) => left + right, 0);

const FIGURES: readonly Figure[] = [
  { label: 'sessions started', value: ({ sessions }) => sessions.started, show: formatCount },
  { label: 'sessions done', value: ({ sessions }) => sessions.done, show: formatCount },
  { label: 'sessions failed', value: ({ sessions }) => sessions.failed, show: formatCount },
  { label: 'bytes stored', value: ({ sessions }) => sessions.bytes, show: formatBytes },
  { label: 'credentials issued', value: ({ issues }) => issues.total, show: formatCount },
  { label: 'renewals', value: ({ issues }) => issues.renewals, show: formatCount },
  {
    label: 'issues, busiest hour',
    value: ({ issues }) => issues.peak?.count ?? 0,
    show: formatCount,
  },
  {
    label: 'generations alive, most',
    value: ({ generations }) => generations.peak,
    show: formatCount,
  },
  {
    label: 'life left at first use, least',
    value: ({ life }) => life.first.minimum?.leftMs ?? null,
    show: formatSpan,
  },
  {
    label: 'life left at last use, least',
    value: ({ life }) => life.last.minimum?.leftMs ?? null,
    show: formatSpan,
  },
  {
    label: 'through the gateways',
    value: ({ gateways }) => sum(gateways.map(({ bytes }) => bytes)),
    show: formatBytes,
  },
  {
    label: 'gateway, busiest hour',
    value: ({ gateways }) => Math.max(0, ...gateways.map(({ peak }) => peak?.bytes ?? 0)),
    show: formatHourlyRate,
  },
  {
    label: 'gateway wanted more for',
    value: ({ gateways }) => sum(gateways.map(({ saturatedMs }) => saturatedMs)),
    show: formatSpan,
  },
  {
    label: 'direct to the storages',
    value: ({ direct }) => sum(direct.map(({ bytes }) => bytes)),
    show: formatBytes,
  },
  {
    label: 'requests tried again',
    value: ({ retries }) => sum(retries.storage.map(({ count }) => count)),
    show: formatCount,
  },
  { label: 'connections lost', value: ({ retries }) => retries.connectionsLost, show: formatCount },
  { label: 'violations', value: (_report, run) => run.violationCount, show: formatCount },
];

/** The figures of two runs side by side, in one order. */
export function compareRuns(left: FleetRun, right: FleetRun): readonly ComparedFigure[] {
  return FIGURES.map(({ label, value, show }) => {
    const before = value(left.report, left);
    const after = value(right.report, right);
    return {
      label,
      left: before === null ? '-' : show(before),
      right: after === null ? '-' : show(after),
      change: changeOf(before, after, show),
    };
  });
}

function changeOf(
  before: number | null,
  after: number | null,
  show: (value: number) => string,
): string {
  if (before === null || after === null || before === after) return '';
  const difference = after - before;
  const sign = difference > 0 ? '+' : '-';
  const share = before > 0 ? ` (${sign}${formatShare(Math.abs(difference), before)})` : '';
  return `${sign}${show(Math.abs(difference))}${share}`;
}
