import type { EpochMs } from '../../machines/rules/time.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../machines/rules/time.ts';
import { formatSize } from '../scenario/size.ts';

const HOSTS: Readonly<Record<string, string>> = {
  sourceProxy: 'source proxy',
  agentMachine: 'agent machine',
  gatewayServer: 'gateway server',
  mountServer: 'mount server',
};

export function hostWords(host: string): string {
  return HOSTS[host] ?? host;
}

const CREDENTIALS: Readonly<Record<string, string>> = {
  none: 'no credential at the tenant',
  limited: 'limited credential',
  sas: 'SAS',
  shared: "the repository's own credential",
};

export function credentialWords(credential: string): string {
  return CREDENTIALS[credential] ?? credential;
}

/** What the states of the backup session machine are called; the last part of a name decides. */
const STATES: Readonly<Record<string, string>> = {
  connecting: 'connecting to SP',
  opening: 'asking for route',
  startingSource: 'starting source',
  startingTarget: 'starting target',
  startingBoth: 'starting movers',
  contacting: 'contacting SP',
  awaitingCredential: 'needs credential',
  running: 'running',
  draining: 'draining requests',
  detached: 'cut off from SP',
  awaitingQuota: 'waiting for quota',
  pausedByUser: 'paused by user',
  restarting: 'restarting movers',
  reattaching: 'reconnecting',
  abandoning: 'ending',
  aborting: 'aborting transfer',
  cleaningUp: 'cleaning up',
  stoppingMovers: 'stopping movers',
  closing: 'closing',
  over: 'over',
};

export function stateWords(state: string): string {
  const name = state.split('.').at(-1) ?? state;
  return STATES[name] ?? name.replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);
}

/** One column each, whatever the log holds: control and wide characters become `?`. */
export function tidy(text: string): string {
  return text.replace(/[^ -~\u00a1-\u00ac\u00ae-\u024f\u0391-\u03c9\u0400-\u045f…–—·]/gu, '?');
}

/** The farthest instant that a date can show; a log may hold any number. */
const INSTANT_MAX = 8_640_000_000_000_000;

function isInstant(at: EpochMs): boolean {
  return Number.isFinite(at) && Math.abs(at) <= INSTANT_MAX;
}

/** `2026-01-05 08:00:00.000`, UTC; `no time` for what is none. */
export function instantWords(at: EpochMs): string {
  if (!isInstant(at)) return 'no time';
  return new Date(at).toISOString().replace('T', ' ').replace('Z', '');
}

/** `01-05 08:00:00`: for lists, where the year is the clock's. */
export function shortInstant(at: EpochMs): string {
  const text = instantWords(at);
  return isInstant(at) ? text.slice(5, 19) : text;
}

/** `13d 01h`, `23h 59m`, `45s`: the two largest units, rounded down; for columns. */
export function roughDuration(ms: number): string {
  if (!Number.isFinite(ms)) return 'unknown';
  const sign = ms < 0 ? '-' : '';
  const rest = Math.abs(ms);
  const pair = (large: number, largeUnit: string, small: number, smallUnit: string): string => {
    const count = Math.floor((rest % large) / small);
    return `${sign}${Math.floor(rest / large)}${largeUnit} ${`${count}`.padStart(2, '0')}${smallUnit}`;
  };
  if (rest >= DAY_MS) return pair(DAY_MS, 'd', HOUR_MS, 'h');
  if (rest >= HOUR_MS) return pair(HOUR_MS, 'h', MINUTE_MS, 'm');
  if (rest >= MINUTE_MS) return pair(MINUTE_MS, 'm', SECOND_MS, 's');
  if (rest >= SECOND_MS) return `${sign}${Math.floor(rest / SECOND_MS)}s`;
  return `${sign}${Math.floor(rest)}ms`;
}

/** `24 h 00 m 00.000 s`, `13 d 01 h 00 m 00.000 s`: to the millisecond, hours up to two days. */
export function exactDuration(ms: number): string {
  if (!Number.isFinite(ms)) return 'unknown';
  const rest = Math.abs(Math.trunc(ms));
  const isLong = rest >= 2 * DAY_MS;
  const days = isLong ? Math.floor(rest / DAY_MS) : 0;
  const two = (count: number): string => `${count}`.padStart(2, '0');
  const hours = Math.floor((rest - days * DAY_MS) / HOUR_MS);
  const minutes = Math.floor((rest % HOUR_MS) / MINUTE_MS);
  const seconds = ((rest % MINUTE_MS) / SECOND_MS).toFixed(3).padStart(6, '0');
  const start = isLong ? `${days} d ${two(hours)} h` : `${two(hours)} h`;
  return `${ms < 0 ? '-' : ''}${start} ${two(minutes)} m ${seconds} s`;
}

/** `24 hours`, `15 days`, `90 minutes`: a threshold as its rule says it. */
export function thresholdWords(ms: number): string {
  const units: readonly (readonly [number, string])[] = [
    [DAY_MS, 'day'],
    [HOUR_MS, 'hour'],
    [MINUTE_MS, 'minute'],
  ];
  for (const [unitMs, name] of units) {
    const count = ms / unitMs;
    if (Number.isInteger(count) && (unitMs !== DAY_MS || count > 1)) {
      return `${count} ${name}${count === 1 ? '' : 's'}`;
    }
  }
  return exactDuration(ms);
}

/** `12,345`. */
export function countWords(count: number): string {
  const digits = `${Math.trunc(Math.abs(count))}`.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return `${count < 0 ? '-' : ''}${digits}`;
}

/** `86,400,000 ms`: the number that was really compared. */
export function millisecondWords(ms: number): string {
  return `${countWords(ms)} ms`;
}

export function sizeWords(bytes: number): string {
  return Number.isFinite(bytes) && bytes >= 0 ? formatSize(bytes) : 'unknown';
}
