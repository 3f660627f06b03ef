import { formatInstant, HOUR_MS } from '../../../machines/rules/time.ts';
import type { FleetRun } from '../run/run-fleet.ts';
import { bar, sparkline } from './charts.ts';
import type { FleetReport, LifeHistogram } from './report.ts';
import { largest } from './stats.ts';
import {
  formatBytes,
  formatCount,
  formatDay,
  formatHourlyRate,
  formatShare,
  formatSpan,
  plural,
} from './words.ts';

export interface TextLook {
  readonly ascii: boolean;
  readonly columns: number;
}

const LABEL = 30;

/** A run for people who read it in a terminal. */
export function describeRun(run: FleetRun, title: string, look: TextLook): readonly string[] {
  const { report } = run;
  return [
    title,
    `${plural(report.tenants, 'tenant')}, ${plural(run.days, 'day')} from ${formatInstant(report.startAt)}; ${run.isInterrupted ? 'stopped' : 'all had ended'} at ${formatInstant(report.endAt)}`,
    '',
    ...sessions(report, look),
    '',
    ...credentials(report, look),
    '',
    ...traffic(report, look),
    '',
    ...rest(report),
    ...outcome(run),
  ];
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(LABEL)}${text}`.trimEnd();
}

function chart(label: string, values: readonly number[], look: TextLook, after = ''): string {
  const columns = Math.max(12, look.columns - LABEL - 4 - after.length);
  return row(label, `${sparkline(values, columns, look.ascii)}  ${after}`);
}

function sessions({ sessions: all, startAt }: FleetReport, look: TextLook): readonly string[] {
  const ended = all.done + all.failed + all.cancelled;
  const lines = [
    'Sessions',
    row('started', formatCount(all.started)),
    row('done', `${formatCount(all.done)}  ${formatShare(all.done, ended)}`),
    row('stored', formatBytes(all.bytes)),
  ];
  for (const { state, code, count } of all.reasons) {
    if (state === 'done') continue;
    lines.push(
      row(`${state} ${code ?? ''}`, `${formatCount(count)}  ${formatShare(count, ended)}`),
    );
  }
  if (all.skipped > 0) {
    lines.push(row('left out', `${formatCount(all.skipped)}  the one before was still running`));
  }
  lines.push(chart('started an hour', all.startedPerHour, look));
  if (all.failed > 0) {
    const worst = all.failedPerHour.indexOf(largest(all.failedPerHour));
    const when = formatDay(startAt + worst * HOUR_MS, startAt);
    lines.push(chart('failed an hour', all.failedPerHour, look, `most on ${when}`));
  }
  return lines;
}

function credentials(report: FleetReport, look: TextLook): readonly string[] {
  const { issues, life, generations, startAt, revocations } = report;
  const lines = [
    'Credentials',
    row('issued', `${formatCount(issues.total)}, of them ${plural(issues.renewals, 'renewal')}`),
  ];
  if (issues.failedAttempts > 0) {
    lines.push(row('attempts that failed', formatCount(issues.failedAttempts)));
  }
  if (issues.peak !== null) {
    const { count, at } = issues.peak;
    lines.push(row('busiest hour', `${plural(count, 'issue')} on ${formatDay(at, startAt)}`));
    lines.push(chart('issues an hour', issues.perHour, look));
    lines.push(row('alive at once', `at most ${plural(generations.peak, 'generation')}`));
    lines.push(chart('alive', generations.alivePerHour, look));
  }
  lines.push(...lifeLines('left at first use', life.first, report, look));
  lines.push(...lifeLines('left at last use', life.last, report, look));
  if (revocations.revoked > 0) lines.push(row('revoked', formatCount(revocations.revoked)));
  if (revocations.irrevocable > 0) {
    const until =
      revocations.usableUntil === null
        ? ''
        : `, usable until ${formatInstant(revocations.usableUntil)}`;
    lines.push(row('could not be revoked', `${formatCount(revocations.irrevocable)}${until}`));
  }
  return lines;
}

function lifeLines(
  label: string,
  histogram: LifeHistogram,
  { startAt }: FleetReport,
  look: TextLook,
): readonly string[] {
  const { minimum, count, buckets } = histogram;
  if (minimum === null) return [];
  const least = `${formatSpan(minimum.leftMs)} (${minimum.session}, ${formatDay(minimum.at, startAt)})`;
  const lines = [row(label, `at least ${least}`)];
  const most = largest(buckets.map((bucket) => bucket.count));
  for (const [index, bucket] of buckets.entries()) {
    if (bucket.count === 0) continue;
    const text = `${bar(bucket.count / most, 20, look.ascii)}  ${formatCount(bucket.count)}  ${formatShare(bucket.count, count)}`;
    lines.push(row(`  ${rangeName(buckets, index)}`, text));
  }
  return lines;
}

/** `7d to 10d`, `below 1h`, `21d and more`. */
export function rangeName(buckets: LifeHistogram['buckets'], index: number): string {
  const below = buckets[index]?.belowMs ?? null;
  const from = buckets[index - 1]?.belowMs ?? null;
  if (below === 0) return 'expired';
  if (below === null) return `${formatSpan(from ?? 0)} and more`;
  return from === 0 || from === null
    ? `below ${formatSpan(below)}`
    : `${formatSpan(from)} to ${formatSpan(below)}`;
}

function traffic({ gateways, direct, startAt }: FleetReport, look: TextLook): readonly string[] {
  const lines = ['Traffic'];
  for (const gateway of gateways) {
    const { name, bytes, bytesPerHour, capacityBytes, saturatedMs, peak } = gateway;
    lines.push(row(`through ${name}`, formatBytes(bytes)));
    if (peak === null) continue;
    const share = formatShare(peak.bytes, capacityBytes);
    const when = formatDay(peak.at, startAt);
    lines.push(row('  busiest hour', `${formatHourlyRate(peak.bytes)}, ${share} of it, ${when}`));
    lines.push(
      row('  more wanted than had', saturatedMs === 0 ? 'never' : formatSpan(saturatedMs)),
    );
    lines.push(chart('  an hour', bytesPerHour, look));
  }
  for (const { name, bytes, bytesPerHour } of direct) {
    lines.push(row(`direct to ${name}`, formatBytes(bytes)));
    lines.push(row('  busiest hour', formatHourlyRate(largest(bytesPerHour))));
    lines.push(chart('  an hour', bytesPerHour, look));
  }
  if (lines.length === 1) lines.push(row('nothing', 'no byte was moved'));
  return lines;
}

function rest({ quota, retries, faults }: FleetReport): readonly string[] {
  const { usedBytes, quotaBytes, nearlyFull, refused, fullest } = quota;
  const lines = [
    'Quota, retries, faults',
    row('used', `${formatBytes(usedBytes)} of ${formatBytes(quotaBytes)}`),
  ];
  if (fullest !== null) {
    const share = formatShare(fullest.usedBytes, fullest.quotaBytes);
    const text = `${fullest.tenant} with ${share}; ${formatCount(nearlyFull)} above 90 %`;
    lines.push(row('fullest', text));
  }
  if (refused > 0) lines.push(row('refused for want of it', formatCount(refused)));
  for (const { code, count } of retries.storage)
    lines.push(row(`again: ${code}`, formatCount(count)));
  lines.push(row('connections lost', formatCount(retries.connectionsLost)));
  lines.push(row('movers started again', formatCount(retries.moverRestarts)));
  for (const { name, count } of faults)
    lines.push(
      row(`fault ${name}`, `struck ${count === 1 ? 'once' : `${formatCount(count)} times`}`),
    );
  return lines;
}

const LISTED_MAX = 10;

function outcome(run: FleetRun): readonly string[] {
  const lines: string[] = [''];
  const tested = Object.values(run.witnesses).filter((count) => count > 0).length;
  const total = Object.keys(run.witnesses).length;
  const looks = Object.values(run.witnesses).reduce((left, right) => left + right, 0);
  if (total > 0) {
    lines.push(
      `Rules     ${run.violationCount === 0 ? 'none broken' : plural(run.violationCount, 'violation')}; ${tested} of ${total} invariants were put to the test, ${formatCount(looks)} times in all`,
    );
  }
  for (const { invariant, rule, text, session } of run.violations.slice(0, LISTED_MAX)) {
    lines.push(`  ${invariant} (${rule})${session === null ? '' : ` ${session}`}: ${text}`);
  }
  if (run.violationCount > LISTED_MAX) {
    lines.push(`  and ${formatCount(run.violationCount - LISTED_MAX)} more`);
  }
  if (run.pending.length > 0) {
    lines.push(
      `Not over  ${plural(run.pending.length, 'session')} did not end in the healthy phase (L1)`,
    );
    for (const text of run.pending.slice(0, LISTED_MAX)) lines.push(`  ${text}`);
  }
  if (run.unfired.length > 0) {
    lines.push(`Faults    never struck, so nothing was shown by them: ${run.unfired.join(', ')}`);
  }
  if (run.isInterrupted) {
    lines.push('Stopped   before its end: the figures are those of the days up to here');
  }
  if (run.traceHash !== null) {
    lines.push(`Log       ${plural(run.eventCount, 'event')}, SHA-256 ${run.traceHash}`);
  }
  return lines;
}
