import { matches, parseFilter, unknownField } from './filter.ts';
import type { Frame } from './frame.ts';
import { firstAtOrAfter } from './history/history.ts';
import { currentGeneration } from './model/credentials.ts';
import { type FaultRow, faultRows } from './model/faults.ts';
import { standingWords } from './model/next.ts';
import { type RuleRow, ruleRows } from './model/rules.ts';
import type { CredentialView, LogEntry, SessionView } from './model/types.ts';
import { movedBytes, sessionState, shortRoute } from './screen/sessions-view.ts';
import type { ListName } from './ui-mode.machine.ts';
import { credentialsInOrder, sessionsInOrder } from './view-model.ts';

/** What the filter of each list can ask for by name. */
const FIELDS = {
  sessions: [
    ...['session', 'tenant', 'subtenant', 'repository', 'operation'],
    ...['state', 'route', 'gen', 'left', 'bytes'],
  ],
  credentials: ['scope', 'state', 'gen', 'left'],
  timeline: ['session', 'type', 'node', 'rule'],
  sequence: [],
  rules: ['rule', 'exercised', 'violated'],
  faults: ['fault', 'fired'],
  log: ['session', 'type', 'node', 'rule'],
} as const satisfies Record<ListName, readonly string[]>;

/** Why a filter may find nothing: its field is none of this list; null: it has no such field. */
export function unknownFieldWords({ list, ui }: Frame): string | null {
  const known: readonly string[] = FIELDS[list];
  if (known.length === 0) return null;
  const field = unknownField(parseFilter(ui.filters[list] ?? ''), known);
  return field === null ? null : `"${field}" is no field here: ${known.join(', ')}`;
}

/** The rows of each list after its filter: what is shown and what the cursor walks through. */
export function shownSessions(frame: Frame): readonly SessionView[] {
  return oncePerFrame(sessionRows, frame, narrowedSessions);
}

export function shownCredentials(frame: Frame): readonly CredentialView[] {
  return oncePerFrame(credentialRows, frame, narrowedCredentials);
}

const sessionRows = new WeakMap<Frame, readonly SessionView[]>();
const credentialRows = new WeakMap<Frame, readonly CredentialView[]>();

/** A frame asks several times for the same rows: the chosen one, the table, the cursor. */
function oncePerFrame<Row>(
  known: WeakMap<Frame, readonly Row[]>,
  frame: Frame,
  make: (frame: Frame) => readonly Row[],
): readonly Row[] {
  const rows = known.get(frame) ?? make(frame);
  known.set(frame, rows);
  return rows;
}

function narrowedSessions(frame: Frame): readonly SessionView[] {
  const all = sessionsInOrder(frame.view);
  const filter = parseFilter(frame.ui.filters.sessions ?? '');
  if (filter.length === 0) return all;
  return all.filter((session) => {
    const { id, tenant, subtenant, repository, operation, held, scope, outcome } = session;
    const state = sessionState(session);
    const route = shortRoute(session);
    const expiresAt = outcome === null ? (held?.expiresAt ?? null) : null;
    const fields = {
      session: id,
      tenant,
      subtenant,
      repository,
      operation,
      state,
      route,
      gen: held?.generation ?? null,
      left: expiresAt === null ? null : expiresAt - frame.now,
      bytes: movedBytes(session),
    };
    return matches(filter, fields, `${id} ${scope} ${operation} ${state} ${route}`);
  });
}

function narrowedCredentials(frame: Frame): readonly CredentialView[] {
  const all = credentialsInOrder(frame.view);
  const filter = parseFilter(frame.ui.filters.credentials ?? '');
  if (filter.length === 0) return all;
  return all.filter((credential) => {
    const current = currentGeneration(credential);
    const state = standingWords(credential, frame.now);
    const fields = {
      scope: credential.scope,
      state,
      gen: current?.generation ?? null,
      left: current === null ? null : current.expiresAt - frame.now,
    };
    return matches(filter, fields, `${credential.scope} ${state}`);
  });
}

export function shownRules(frame: Frame): readonly RuleRow[] {
  const filter = parseFilter(frame.ui.filters.rules ?? '');
  return ruleRows(frame.rules).filter(({ id, text, exercised, violated }) =>
    matches(filter, { rule: id, exercised, violated }, `${id} ${text}`),
  );
}

export function shownFaults(frame: Frame): readonly FaultRow[] {
  const filter = parseFilter(frame.ui.filters.faults ?? '');
  return faultRows(frame.view, frame.run.steps(), frame.position).filter((row) =>
    matches(filter, { fault: row.name, fired: row.firedCount }, row.name),
  );
}

/** So many events are looked at for one line of a narrowed log. */
const SCAN_COUNT_MAX = 20_000;

/** One event of the log with its position. */
export interface PlacedEntry {
  readonly position: number;
  readonly entry: LogEntry;
}

/**
 * The shown events of a log before a position (`by` -1) or from it on (+1), nearest first, made
 * only as far as they are asked for: a log may hold a million.
 */
export function* entriesFrom(
  frame: Frame,
  from: number,
  by: 1 | -1,
  list: 'log' | 'timeline' = 'log',
): Generator<PlacedEntry> {
  const { history, position: end, ui } = frame;
  const filter = parseFilter(ui.filters[list] ?? '');
  const isAll = ui.showsEverything && list === 'log';
  const news = history.newsPositions();
  let index = isAll ? from : firstAtOrAfter(news, from);
  for (let looked = 0; looked < SCAN_COUNT_MAX; looked += 1) {
    if (by < 0) index -= 1;
    const position = isAll ? index : news[index];
    if (position === undefined || position < 0 || position >= end) return;
    const event = history.event(position);
    if (event === undefined) return;
    const entry = history.entryAt(position);
    if (entry === undefined) return;
    const fields = {
      session: entry.session,
      type: entry.type,
      node: event.node,
      rule: entry.rules.join(' '),
    };
    const all = `${entry.session ?? ''} ${entry.text} ${entry.rules.join(' ')} ${entry.type}`;
    if (filter.length === 0 || matches(filter, fields, all)) yield { position, entry };
    if (by > 0) index += 1;
  }
}

/** The cursor of a list after a move by so many rows; null: it follows the end, or the first. */
export function movedCursor(frame: Frame, list: ListName, by: number): string | null {
  if (list === 'log' || list === 'timeline') return movedPosition(frame, list, by);
  const ids = rowIds(frame, list);
  const last = ids.length - 1;
  if (last < 0) return null;
  const cursor = frame.ui.cursors[list];
  const found = cursor === null ? -1 : ids.indexOf(cursor);
  // The end of a list that grows there follows what is added; the walk begins where the eye is.
  const isGrowing = list === 'sessions' && frame.ui.filters.sessions === undefined;
  const home = list === 'sessions' ? last : 0;
  const index = Math.max(0, Math.min((found < 0 ? home : found) + by, last));
  return isGrowing && index === last ? null : (ids[index] ?? null);
}

function movedPosition(frame: Frame, list: 'log' | 'timeline', by: number): string | null {
  const cursor = frame.ui.cursors[list];
  if (by === Number.MAX_SAFE_INTEGER) return null;
  const start = cursor === null ? frame.position : Number(cursor);
  if (by === Number.MIN_SAFE_INTEGER) {
    const first = entriesFrom(frame, 0, 1, list).next().value;
    return first === undefined ? null : `${first.position}`;
  }
  // Without a choice the newest is the chosen one.
  const [newest] = take(entriesFrom(frame, frame.position, -1, list), 1);
  const from = cursor === null ? (newest?.position ?? start) : start;
  const steps =
    by < 0
      ? take(entriesFrom(frame, from, -1, list), -by)
      : take(entriesFrom(frame, from + 1, 1, list), by);
  const reached = steps.at(-1)?.position ?? from;
  return newest === undefined || reached >= newest.position ? null : `${reached}`;
}

export function take<Item>(items: Generator<Item>, count: number): readonly Item[] {
  const taken: Item[] = [];
  if (count <= 0) return taken;
  for (const item of items) {
    taken.push(item);
    if (taken.length >= count) break;
  }
  return taken;
}

/** The ids of the rows of a list, in the order in which they are shown. */
function rowIds(frame: Frame, list: ListName): readonly string[] {
  switch (list) {
    case 'sessions':
      return shownSessions(frame).map(({ id }) => id);
    case 'credentials':
      return shownCredentials(frame).map(({ scope }) => scope);
    case 'rules':
      return shownRules(frame).map(({ id }) => id);
    case 'faults':
      return shownFaults(frame).map(({ name }) => name);
    case 'sequence':
    case 'timeline':
    case 'log':
      return [];
    default:
      return list satisfies never;
  }
}
