import type { EpochMs } from '../../../machines/rules/time.ts';
import type { Frame } from '../frame.ts';
import { toEntry } from '../model/sentences.ts';
import type { SessionView } from '../model/types.ts';
import type { Role, Signs } from '../theme.ts';
import { countWords, hostWords, roughDuration, sizeWords, stateWords } from '../words.ts';
import type { Layout } from './layout.ts';
import { cutLine, type Line, line, span, windowStart } from './lines.ts';
import { REST, type TableColumn, tableLines } from './tables.ts';

/** `direct, source proxy`: the route in a column. */
export function shortRoute(session: SessionView): string {
  const { route, refusal } = session;
  if (route === null) return refusal === null ? '' : 'refused';
  return `${route.dataPath}, ${hostWords(route.targetHost)}`;
}

/** The bytes that have arrived: at the storage, or at the tenant for a restore. */
export function movedBytes({ operation, hops }: SessionView): number | null {
  return operation === 'restore' ? hops.atSource : (hops.atStorage ?? hops.atSource);
}

const WAITING = ['awaitingQuota', 'pausedByUser', 'detached', 'reattaching', 'restarting'];

export function sessionSign(session: SessionView, signs: Signs): string {
  switch (session.outcome?.state) {
    case undefined:
      return isWaiting(session) ? signs.waiting : signs.running;
    case 'done':
      return session.outcome?.verified === false ? signs.failed : signs.done;
    case 'cancelled':
      return signs.cancelled;
    default:
      return signs.failed;
  }
}

export function sessionRole(session: SessionView): Role {
  switch (session.outcome?.state) {
    case undefined:
      return isWaiting(session) ? 'attention' : 'accent';
    case 'done':
      return session.outcome?.verified === false ? 'bad' : 'good';
    case 'cancelled':
      return 'attention';
    default:
      return 'bad';
  }
}

function isWaiting({ state }: SessionView): boolean {
  return WAITING.includes(state.split('.').at(-1) ?? '');
}

export function sessionState({ state, outcome }: SessionView): string {
  if (outcome === null) return stateWords(state);
  if (outcome.state === 'failed') return `failed: ${outcome.code ?? 'unknown'}`;
  if (outcome.state !== 'done' || outcome.verified === null) return outcome.state;
  return outcome.verified ? 'done, verified' : 'done, NOT verified';
}

/** Only while it runs: afterwards no mover holds anything any more (C6). */
function leftWords({ held, outcome }: SessionView, now: EpochMs): string {
  if (held === null || held.expiresAt === null || outcome !== null) return '';
  return held.expiresAt <= now ? 'expired' : roughDuration(held.expiresAt - now);
}

/** Bytes that have arrived, and how fast; null: nobody has counted. */
export interface Traffic {
  readonly bytes: number | null;
  readonly bytesPerSecond: number | null;
}

/** The wide table has room for the rate from here on. */
const RATE_COLUMNS_MIN = 140;

/** From here on it says what happened last. */
const LAST_COLUMNS_MIN = 150;

/** From here on the narrower tables have room for the life left. */
const LIFE_COLUMNS_MIN = 90;

function columnsFor(
  { layout, width, idWidth }: { readonly layout: Layout; readonly width: number; idWidth: number },
  now: EpochMs,
  signs: Signs,
  traffic: (session: SessionView) => Traffic,
): readonly TableColumn<SessionView>[] {
  type Column = TableColumn<SessionView>;
  const sign: Column = {
    title: '',
    width: 1,
    text: (session) => sessionSign(session, signs),
    role: sessionRole,
  };
  const id: Column = { title: 'session', width: idWidth, text: (session) => session.id };
  const scope: Column = { title: 'who/repository', width: REST, text: (session) => session.scope };
  const what: Column = { title: 'what', width: 7, text: (session) => session.operation };
  const path: Column = {
    title: 'path',
    width: 7,
    text: (session) => session.route?.dataPath ?? '',
  };
  const route: Column = { title: 'route', width: 23, text: shortRoute };
  const state: Column = {
    title: 'state',
    width: layout === 'wide' ? 24 : 17,
    text: sessionState,
    role: sessionRole,
  };
  const bytes: Column = {
    title: 'bytes',
    width: 9,
    align: 'right',
    text: (session) => {
      const { bytes: moved } = traffic(session);
      return moved === null ? '' : sizeWords(moved);
    },
  };
  const rate: Column = {
    title: 'rate',
    width: 11,
    align: 'right',
    text: (session) => {
      const { bytesPerSecond } = traffic(session);
      return bytesPerSecond === null ? '' : `${sizeWords(Math.round(bytesPerSecond))}/s`;
    },
  };
  const last: Column = {
    title: 'last event',
    width: REST,
    text: ({ lastNews }) => (lastNews === null ? '' : toEntry(lastNews).text),
  };
  const movers: Column = {
    title: 'movers',
    width: 6,
    text: ({ movers: all }) =>
      all.map(({ role, isRunning }) => `${role.slice(0, 1)}${isRunning ? '+' : '-'}`).join(' '),
  };
  const generation: Column = {
    title: 'gen',
    width: 3,
    align: 'right',
    text: ({ held }) => (held === null ? '' : `${held.generation}`),
  };
  const left: Column = {
    title: 'life left',
    width: 9,
    align: 'right',
    text: (session) => leftWords(session, now),
  };
  switch (layout) {
    case 'wide': {
      // What happened last needs room to be read; without it the names have it.
      const hasLast = width >= LAST_COLUMNS_MIN;
      return [
        ...[sign, id, hasLast ? { ...scope, width: 20 } : scope, what, { ...route, width: 23 }],
        ...[movers, { ...state, width: 18 }, bytes],
        ...(width >= RATE_COLUMNS_MIN ? [rate] : []),
        ...[generation, left],
        ...(hasLast ? [last] : []),
      ];
    }
    case 'medium':
      return [
        ...[sign, id, scope, what, path, state, bytes, generation],
        ...(width >= LIFE_COLUMNS_MIN ? [left] : []),
      ];
    case 'slim':
    case 'narrow':
      return [sign, id, scope, state, bytes];
    default:
      return layout satisfies never;
  }
}

/** Of a fleet: all its sessions in numbers, and how far it has come; none elsewhere. */
export function fleetLines(
  { view, run }: Frame,
  { width, signs }: { readonly width: number; readonly signs: Signs },
): readonly Line[] {
  if (run.clocked === undefined) return [];
  const { sessions, folded, endedCount } = view;
  const counts = { ...folded };
  for (const { outcome } of sessions.values()) {
    if (outcome === null) continue;
    const { state } = outcome;
    counts[state === 'done' || state === 'cancelled' ? state : 'failed'] += 1;
  }
  const hasFolded = folded.done + folded.failed + folded.cancelled > 0;
  const parts: readonly (readonly [number, string, Role])[] = [
    [sessions.size - endedCount, `${signs.running} %d running`, 'accent'],
    [counts.done, `${signs.done} %d done`, 'good'],
    [counts.failed, `${signs.failed} %d failed`, 'bad'],
    [counts.cancelled, `${signs.cancelled} %d cancelled`, 'attention'],
  ];
  const spans = parts
    .filter(([count], index) => index === 0 || count > 0)
    .map(([count, words, role]) => span(`${words.replace('%d', countWords(count))}  `, role));
  const kept = hasFolded ? `listed: the last ${countWords(endedCount)} that ended  ` : '';
  return [cutLine(line(...spans, span(`${kept}${run.clocked.progress()}`, 'dim')), width, signs)];
}

/** The table in exactly as many lines as fit, around the chosen session. */
export function sessionLines(
  sessions: readonly SessionView[],
  options: {
    readonly chosen: SessionView | null;
    readonly now: EpochMs;
    readonly layout: Layout;
    readonly width: number;
    readonly height: number;
    readonly signs: Signs;
    readonly traffic?: (session: SessionView) => Traffic;
  },
): readonly Line[] {
  const { chosen, now, layout, width, height, signs } = options;
  const counted = (session: SessionView): Traffic => ({
    bytes: movedBytes(session),
    bytesPerSecond: null,
  });
  const traffic = options.traffic ?? counted;
  const room = Math.max(1, height - 1);
  const at = chosen === null ? 0 : sessions.indexOf(chosen);
  const start = windowStart(sessions.length, room, at);
  const visible = sessions.slice(start, start + room);
  const longest = Math.max(0, ...visible.map(({ id }) => id.length));
  const [idMin, idMax] = layout === 'slim' || layout === 'narrow' ? [8, 12] : [9, 16];
  const idWidth = Math.max(idMin, Math.min(longest, idMax));
  const table = tableLines(columnsFor({ layout, width, idWidth }, now, signs, traffic), visible, {
    width,
    signs,
    chosen,
  });
  if (sessions.length === 0)
    return [[{ text: 'No session has begun, or none fits the filter.', role: 'dim' }]];
  return [table.heading, ...table.rows];
}
