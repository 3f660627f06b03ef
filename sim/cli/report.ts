import { formatDuration } from '../../machines/rules/duration.ts';
import { errorSentence } from '../../machines/rules/errors.ts';
import type { TargetHost } from '../../machines/rules/route.ts';
import { type EpochMs, formatInstant } from '../../machines/rules/time.ts';
import { formatSize } from '../scenario/size.ts';
import type { RunSummary, SummaryCredential, SummarySession } from '../world/run-summary.ts';
import type { WorldName } from './options.ts';
import { type Paint, paint } from './paint.ts';
import { cut, formatTable, toAscii, wrapText } from './table.ts';

/** The widest line of a report, in columns. */
export const REPORT_WIDTH = 100;

export interface ReportOptions {
  readonly color: boolean;
  readonly ascii: boolean;
  /** Of the terminal; absent: as wide as a report is. */
  readonly columns?: number;
  /** What this run made up, and what really happened; by default what its world says. */
  readonly provenance?: Provenance;
}

export interface Provenance {
  readonly simulated: readonly string[];
  readonly real: readonly string[];
}

/** Said at the end of every report, so that nobody takes a simulation for a proof of a cloud. */
export const PROVENANCE: Readonly<Record<WorldName, Provenance>> = {
  lab: {
    simulated: ['the storage systems (over HTTP on this machine)', 'the passing of time'],
    real: ['the SDKs of the vendors', 'sockets and mover processes', 'the bytes moved'],
  },
  memory: {
    simulated: ['storage, network and processes (in memory)', 'the passing of time'],
    real: ['the state machines', 'the backup format and its checksums'],
  },
};

const HOSTS: Readonly<Record<TargetHost, string>> = {
  sourceProxy: 'source proxy',
  agentMachine: 'agent machine',
  gatewayServer: 'gateway server',
  mountServer: 'mount server',
};

/** The readable report of a run: sessions, credentials, violations, what was real. Plain lines. */
export function renderReport(summary: RunSummary, options: ReportOptions): readonly string[] {
  const lines = reportLines(summary, options);
  return options.ascii ? lines.map(toAscii) : lines;
}

function reportLines(summary: RunSummary, options: ReportOptions): readonly string[] {
  return [
    ...heading(summary, options),
    '',
    ...sessionTable(summary.sessions, options),
    '',
    ...credentialTable(summary, options),
    ...violations(summary, options),
    '',
    ...provenance(summary, options),
    '',
    verdict(summary, options),
  ];
}

function title(text: string, options: ReportOptions): string {
  return paint(text, 'bold', options);
}

function heading(summary: RunSummary, options: ReportOptions): readonly string[] {
  const facts: string[] = [];
  if (summary.world !== undefined) facts.push(`world ${summary.world}`);
  if (summary.seed !== undefined) facts.push(`seed ${summary.seed}`);
  if (summary.startAt !== undefined && summary.endAt !== undefined) {
    facts.push(`${shortInstant(summary.startAt)} to ${shortInstant(summary.endAt)}`);
    facts.push(`${formatDuration(wholeMinutes(summary.endAt - summary.startAt))} of its time`);
  }
  const name = cut(summary.title ?? 'Run', REPORT_WIDTH, options.ascii);
  return [title(name, options), ...(facts.length === 0 ? [] : [facts.join(', ')])];
}

function shortInstant(at: EpochMs): string {
  return `${formatInstant(at).slice(0, 16).replace('T', ' ')}Z`;
}

function wholeMinutes(ms: number): number {
  return ms < 60_000 ? ms : Math.floor(ms / 60_000) * 60_000;
}

function client({ tenant, subtenant }: SummarySession): string {
  return subtenant === null || subtenant === undefined ? tenant : `${tenant}@${subtenant}`;
}

function resultText({ state, verified }: SummarySession): string {
  if (state !== 'done') return state;
  if (verified === null) return 'done';
  return verified ? 'done, verified' : 'done, NOT verified';
}

function resultPaint({ state, verified }: SummarySession): Paint {
  if (state === 'failed' || verified === false) return 'red';
  return state === 'cancelled' ? 'yellow' : 'green';
}

const SESSION_ID_WIDTH = 8;
const SESSION_COLUMNS = [
  { title: 'session', widthMax: SESSION_ID_WIDTH },
  { title: 'who', widthMax: 13 },
  { title: 'repository', widthMax: 14 },
  { title: 'what', widthMax: 7 },
  { title: 'path', widthMax: 7 },
  { title: 'target mover', widthMax: 14 },
  { title: 'gen', align: 'right' as const, widthMax: 3 },
  { title: 'result', widthMax: 18 },
];

/** Bytes are a second line below each session: one line would not fit into 100 columns. */
function sessionTable(
  sessions: readonly SummarySession[],
  options: ReportOptions,
): readonly string[] {
  if (sessions.length === 0) return [title('Sessions', options), 'No session ran.'];
  const rows = sessions.map((session) => [
    session.id,
    client(session),
    session.repository,
    session.operation,
    session.route === null ? 'refused' : session.route.dataPath,
    session.route === null ? '-' : HOSTS[session.route.targetHost],
    session.generation === null ? '-' : String(session.generation),
    resultText(session),
  ]);
  const decorate = (padded: string, row: number, column: number): string => {
    const session = sessions[row];
    if (session === undefined || column !== SESSION_COLUMNS.length - 1) return padded;
    return paint(padded, resultPaint(session), options);
  };
  const [titles = '', rule = '', ...lines] = formatTable(SESSION_COLUMNS, rows, {
    ascii: options.ascii,
    decorate,
  });
  const body = lines.flatMap((line, index) => [line, ...detailLines(sessions[index], options)]);
  return [title(`Sessions (${sessions.length})`, options), titles, rule, ...body];
}

function detailLines(
  session: SummarySession | undefined,
  options: ReportOptions,
): readonly string[] {
  if (session === undefined) return [];
  const indent = ' '.repeat(SESSION_ID_WIDTH + 2);
  const { source, gateway, storage } = session.bytes;
  const verb = session.operation === 'restore' ? 'written' : 'read';
  const where = session.route === null ? '' : ` on the ${HOSTS[session.route.sourceHost]}`;
  const bytes =
    `${indent}${formatSize(source)} ${verb}${where}, ` +
    `${formatSize(gateway)} through the gateway, ${formatSize(storage)} at storage`;
  const lines = [paint(bytes, 'dim', options)];
  if (session.code !== null && session.code !== undefined) {
    const text = `${session.code}: ${errorSentence(session.code)}`;
    for (const line of wrapText(text, REPORT_WIDTH - indent.length)) {
      lines.push(indent + paint(line, 'yellow', options));
    }
  }
  return lines;
}

const SCOPE_COLUMN = { title: 'scope', widthMax: 26 };
const NARROW_SCOPE_COLUMN = { title: 'scope', widthMax: 25 };
const ISSUED_COLUMN = { title: 'issued' };
const CREDENTIAL_COLUMNS = [
  SCOPE_COLUMN,
  { title: 'gen', align: 'right' as const, widthMax: 4 },
  ISSUED_COLUMN,
  { title: 'expires' },
  { title: 'left at the end', widthMax: 15 },
  { title: 'state', widthMax: 11 },
];

function credentialTable(summary: RunSummary, options: ReportOptions): readonly string[] {
  const { credentials, endAt } = summary;
  const heading = title(`Credentials (${credentials.length})`, options);
  if (credentials.length === 0) return [heading, 'None was issued.'];
  const rows = credentials.map((credential) => [
    credential.scope,
    String(credential.generation),
    shortInstant(credential.issuedAt),
    shortInstant(credential.expiresAt),
    leftText(credential, endAt),
    isOver(credential, endAt) ? 'expired' : (credential.state ?? ''),
  ]);
  if ((options.columns ?? REPORT_WIDTH) >= REPORT_WIDTH) {
    return [heading, ...formatTable(CREDENTIAL_COLUMNS, rows, options)];
  }
  // 80 columns hold everything but when it was issued, which follows from when it expires.
  const issued = CREDENTIAL_COLUMNS.indexOf(ISSUED_COLUMN);
  const columns = CREDENTIAL_COLUMNS.toSpliced(issued, 1).with(0, NARROW_SCOPE_COLUMN);
  const narrow = rows.map((row) => row.toSpliced(issued, 1));
  return [heading, ...formatTable(columns, narrow, options)];
}

function isOver({ expiresAt }: SummaryCredential, endAt: EpochMs | undefined): boolean {
  return endAt !== undefined && endAt >= expiresAt;
}

function leftText({ expiresAt }: SummaryCredential, endAt: EpochMs | undefined): string {
  if (endAt === undefined) return '';
  const leftMs = expiresAt - endAt;
  return leftMs <= 0 ? '-' : formatDuration(wholeMinutes(leftMs));
}

function violations(summary: RunSummary, options: ReportOptions): readonly string[] {
  if (summary.violations.length === 0) return [];
  const lines = summary.violations.flatMap(({ invariant, rule, session, text }) => {
    const where = session === null ? '' : `, session ${session}`;
    const label = rule === null ? invariant : `${invariant} (${rule})`;
    const [first = '', ...more] = wrapText(`${label}${where}: ${text}`, REPORT_WIDTH - 2);
    return [`  ${first}`, ...more.map((line) => `    ${line}`)];
  });
  return ['', paint(`Violations (${summary.violations.length})`, 'red', options), ...lines];
}

function provenance(summary: RunSummary, options: ReportOptions): readonly string[] {
  const facts = options.provenance ?? PROVENANCE[summary.world ?? 'lab'];
  const row = (label: string, items: readonly string[]): readonly string[] => {
    const [first = '', ...more] = wrapText(items.join('; '), REPORT_WIDTH - 12);
    return [`${label.padEnd(10)}  ${first}`, ...more.map((line) => `            ${line}`)];
  };
  return [...row('simulated', facts.simulated), ...row('real', facts.real)];
}

function verdict(summary: RunSummary, options: ReportOptions): string {
  const done = summary.sessions.filter(({ state }) => state === 'done').length;
  const other = summary.sessions.length - done;
  const counts = `${done} done, ${other} failed or cancelled`;
  if (!summary.ok) {
    const count = summary.violations.length;
    const what =
      count === 0
        ? 'it was left before its end; nothing was violated until then'
        : `${count} violation${count === 1 ? '' : 's'}`;
    return paint(`NOT OK: ${what}; ${counts}.`, 'red', options);
  }
  const expected = other === 0 ? '' : ', as the scenario expects';
  return paint(`OK: no rule was violated; ${counts}${expected}.`, 'green', options);
}
