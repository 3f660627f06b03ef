import { formatInstant } from '../../../machines/rules/time.ts';
import type { FleetRun } from '../run/run-fleet.ts';
import { compareRuns } from './compare.ts';
import { HTML_STYLE } from './html-style.ts';
import type { LifeHistogram } from './report.ts';
import { barChart, type ChartOptions, escapeText, timeChart } from './svg.ts';
import { rangeName } from './text.ts';
import {
  formatBytes,
  formatCount,
  formatDay,
  formatHourlyRate,
  formatShare,
  formatSpan,
} from './words.ts';

export interface NamedRun {
  readonly name: string;
  readonly run: FleetRun;
}

/** One or two runs as one page that needs nothing else: no script, no font, no picture from outside. */
export function htmlReport(title: string, runs: readonly NamedRun[]): string {
  const body = [
    header(title, runs),
    tiles(runs),
    runs.length > 1 ? comparison(runs) : '',
    section(
      'Credentials that the storages must issue',
      'First issues and renewals, hour by hour. A sharp peak is a herd: many tenants that came together renew together.',
      timed(runs, 'Issues an hour', formatCount, ({ run }) => run.report.issues.perHour),
    ),
    section(
      'Credentials alive at once',
      'Issued, not yet expired, not revoked. After a renewal the older one lives on to its own end.',
      timed(
        runs,
        'Generations alive',
        formatCount,
        ({ run }) => run.report.generations.alivePerHour,
      ),
    ),
    lifeSection(runs),
    trafficSection(runs),
    sessionSection(runs),
    restSection(runs),
    outcomeSection(runs),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(title)}</title>
<style>${HTML_STYLE}</style>
</head>
<body><main>
${body.filter((part) => part !== '').join('\n')}
</main></body>
</html>
`;
}

function header(title: string, runs: readonly NamedRun[]): string {
  const report = (runs[0] as NamedRun).run.report;
  const span = `${formatInstant(report.startAt).slice(0, 10)} to ${formatInstant(report.endAt).slice(0, 10)}`;
  const keys =
    runs.length < 2
      ? ''
      : `<p class="keys">${runs
          .map(
            ({ name }, index) =>
              `<span class="key"><i class="s${index}"></i>${escapeText(name)}</span>`,
          )
          .join('')}</p>`;
  return `<header><h1>${escapeText(title)}</h1><p>${formatCount(report.tenants)} tenants, ${span}, all times UTC</p>${keys}</header>`;
}

/** The figures that are asked for first. */
function tiles(runs: readonly NamedRun[]): string {
  const wanted: readonly (readonly [string, (run: FleetRun) => readonly [string, string]])[] = [
    [
      'Sessions done',
      ({ report: { sessions } }) => {
        const ended = sessions.done + sessions.failed + sessions.cancelled;
        return [
          formatShare(sessions.done, ended),
          `${formatCount(sessions.failed)} of ${formatCount(ended)} failed`,
        ];
      },
    ],
    [
      'Credentials issued',
      ({ report: { issues } }) => [
        formatCount(issues.total),
        `${formatCount(issues.renewals)} of them renewals`,
      ],
    ],
    [
      'Busiest hour',
      ({ report: { issues, startAt } }) =>
        issues.peak === null
          ? ['none', 'no credential was issued']
          : [`${formatCount(issues.peak.count)} issues`, formatDay(issues.peak.at, startAt)],
    ],
    [
      'Least life at first use',
      ({ report: { life, startAt } }) => {
        const { minimum } = life.first;
        if (minimum === null) return ['-', 'no credential was used'];
        return [
          formatSpan(minimum.leftMs),
          `${minimum.session}, ${formatDay(minimum.at, startAt)}`,
        ];
      },
    ],
    [
      'Through the gateways',
      ({ report: { gateways } }) => {
        const bytes = gateways.reduce((total, one) => total + one.bytes, 0);
        const waited = gateways.reduce((total, one) => total + one.saturatedMs, 0);
        return [
          formatBytes(bytes),
          waited === 0 ? 'never saturated' : `saturated for ${formatSpan(waited)}`,
        ];
      },
    ],
    [
      'Past the gateways',
      ({ report: { direct } }) => [
        formatBytes(direct.reduce((total, one) => total + one.bytes, 0)),
        'straight to the storages',
      ],
    ],
  ];
  const cells = wanted.map(([label, show]) => {
    const values = runs.map(({ run }, index) => {
      const [value, note] = show(run);
      return `<p class="big s${index}">${escapeText(value)}</p><p class="note">${escapeText(note)}</p>`;
    });
    return `<div class="tile"><h2>${escapeText(label)}</h2>${values.join('')}</div>`;
  });
  return `<section class="tiles" aria-label="Main figures">${cells.join('')}</section>`;
}

function section(title: string, text: string, content: string): string {
  const lead = text === '' ? '' : `<p>${escapeText(text)}</p>`;
  return `<section><h2>${escapeText(title)}</h2>${lead}${content}</section>`;
}

function timed(
  runs: readonly NamedRun[],
  title: string,
  show: (value: number) => string,
  valuesOf: (run: NamedRun) => readonly number[],
): string {
  const { startAt } = (runs[0] as NamedRun).run.report;
  const series = runs.map((run) => ({ name: run.name, values: valuesOf(run) }));
  return timeChart({ title, startAt, series, show });
}

function comparison(runs: readonly NamedRun[]): string {
  const [left, right] = runs as readonly [NamedRun, NamedRun];
  const rows = compareRuns(left.run, right.run).map(
    ({ label, left: before, right: after, change }) =>
      `<tr><th scope="row">${escapeText(label)}</th><td>${escapeText(before)}</td><td>${escapeText(after)}</td><td>${escapeText(change)}</td></tr>`,
  );
  const head = `<tr><th scope="col">figure</th><th scope="col">${escapeText(left.name)}</th><th scope="col">${escapeText(right.name)}</th><th scope="col">change</th></tr>`;
  return section(
    'What changes',
    '',
    `<table><thead>${head}</thead><tbody>${rows.join('')}</tbody></table>`,
  );
}

function lifeSection(runs: readonly NamedRun[]): string {
  const chart = (title: string, pick: (run: FleetRun) => LifeHistogram): string => {
    const all = runs.map(({ run }) => pick(run));
    const first = all[0] as LifeHistogram;
    const rows = first.buckets
      .map((_, index) => ({
        label: rangeName(first.buckets, index),
        values: all.map(({ buckets }) => buckets[index]?.count ?? 0),
      }))
      .filter(({ values }) => values.some((value) => value > 0));
    if (rows.length === 0) return '';
    return `<h3>${escapeText(title)}</h3>${barChart(title, rows, formatCount)}`;
  };
  const content =
    chart('At the first request of a session', (run) => run.report.life.first) +
    chart('At the last request', (run) => run.report.life.last);
  if (content === '') return '';
  return section(
    'Life left in the credentials that were used',
    'How many sessions used a credential with so much time left.',
    content,
  );
}

function trafficSection(runs: readonly NamedRun[]): string {
  const { startAt } = (runs[0] as NamedRun).run.report;
  const names = (
    pick: (run: FleetRun) => readonly { readonly name: string }[],
  ): readonly string[] => [
    ...new Set(runs.flatMap(({ run }) => pick(run).map(({ name }) => name))),
  ];
  const parts: string[] = [];
  for (const name of names((run) => run.report.gateways)) {
    const own = runs.map(({ run }) => run.report.gateways.find((one) => one.name === name));
    const capacity = own.find((one) => one !== undefined)?.capacityBytes ?? 0;
    const options: ChartOptions = {
      title: `Bytes an hour through ${name}`,
      startAt,
      series: own.map((one, index) => ({
        name: (runs[index] as NamedRun).name,
        values: one?.bytesPerHour ?? [],
      })),
      show: formatHourlyRate,
      limit: { name: `can carry ${formatHourlyRate(capacity)}`, value: capacity },
    };
    parts.push(`<h3>Through ${escapeText(name)}</h3>${timeChart(options)}`);
  }
  for (const name of names((run) => run.report.direct)) {
    const title = `Bytes an hour direct to ${name}`;
    const chart = timed(runs, title, formatHourlyRate, ({ run }) => {
      return run.report.direct.find((one) => one.name === name)?.bytesPerHour ?? [];
    });
    parts.push(`<h3>Direct to ${escapeText(name)}</h3>${chart}`);
  }
  return section('Traffic', '', parts.join(''));
}

function sessionSection(runs: readonly NamedRun[]): string {
  const keys = new Map<string, number[]>();
  for (const [index, { run }] of runs.entries()) {
    for (const { state, code, count } of run.report.sessions.reasons) {
      const label = code === null ? state : code;
      const values = keys.get(label) ?? runs.map(() => 0);
      values[index] = (values[index] as number) + count;
      keys.set(label, values);
    }
  }
  const rows = [...keys].map(([label, values]) => ({ label, values }));
  const started = timed(
    runs,
    'Sessions started an hour',
    formatCount,
    ({ run }) => run.report.sessions.startedPerHour,
  );
  const hasFailed = runs.some(({ run }) => run.report.sessions.failed > 0);
  const failed = hasFailed
    ? `<h3>Failed, hour by hour</h3>${timed(runs, 'Sessions failed an hour', formatCount, ({ run }) => run.report.sessions.failedPerHour)}`
    : '';
  return section(
    'Sessions',
    '',
    `<h3>How they ended</h3>${barChart('Sessions by outcome', rows, formatCount)}<h3>Started, hour by hour</h3>${started}${failed}`,
  );
}

function restSection(runs: readonly NamedRun[]): string {
  const rows = (run: FleetRun): readonly (readonly [string, string])[] => {
    const { quota, retries, faults, revocations } = run.report;
    return [
      ['quota used', `${formatBytes(quota.usedBytes)} of ${formatBytes(quota.quotaBytes)}`],
      ['tenants above 90 % of their quota', formatCount(quota.nearlyFull)],
      ['grants refused', formatCount(quota.refused)],
      ...retries.storage.map(
        ({ code, count }) => [`tried again: ${code}`, formatCount(count)] as const,
      ),
      ['connections lost', formatCount(retries.connectionsLost)],
      ['movers started again', formatCount(retries.moverRestarts)],
      ['credentials revoked', formatCount(revocations.revoked)],
      ['credentials that could not be revoked', formatCount(revocations.irrevocable)],
      ...faults.map(({ name, count }) => [`fault ${name} struck`, formatCount(count)] as const),
    ];
  };
  const tables = runs.map(({ name, run }) => {
    const body = rows(run)
      .map(
        ([label, value]) =>
          `<tr><th scope="row">${escapeText(label)}</th><td>${escapeText(value)}</td></tr>`,
      )
      .join('');
    const caption = runs.length > 1 ? `<caption>${escapeText(name)}</caption>` : '';
    return `<table>${caption}<tbody>${body}</tbody></table>`;
  });
  return section('Quota, retries, faults', '', `<div class="side">${tables.join('')}</div>`);
}

function outcomeSection(runs: readonly NamedRun[]): string {
  const parts = runs.map(({ name, run }) => {
    const looks = Object.values(run.witnesses).reduce((left, right) => left + right, 0);
    const items = [
      run.violationCount === 0
        ? `No rule was broken; the invariants were put to the test ${formatCount(looks)} times.`
        : `${formatCount(run.violationCount)} violations.`,
      ...run.violations
        .slice(0, 50)
        .map(({ invariant, text, session }) => `${invariant} ${session ?? ''}: ${text}`),
      ...run.pending.map((text) => `Not over: ${text}`),
      ...run.unfired.map((fault) => `The fault ${fault} never struck.`),
      ...(run.isInterrupted ? ['Stopped before its end: these are the figures up to there.'] : []),
      ...(run.traceHash === null
        ? []
        : [`Log: ${formatCount(run.eventCount)} events, SHA-256 ${run.traceHash}`]),
    ];
    const title = runs.length > 1 ? `<h3>${escapeText(name)}</h3>` : '';
    return `${title}<ul>${items.map((item) => `<li>${escapeText(item)}</li>`).join('')}</ul>`;
  });
  return section('Rules', '', parts.join(''));
}
