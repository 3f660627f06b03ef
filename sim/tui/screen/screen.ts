import { chosenCredential, chosenSession } from '../chosen.ts';
import { type Frame, filterPlaceOf, placeOf, type RunResult } from '../frame.ts';
import { shownCredentials, shownSessions } from '../lists.ts';
import { menuEntries } from '../menus.ts';
import { nextWords } from '../model/next.ts';
import type { LogEntry, SessionView } from '../model/types.ts';
import type { Role, Signs } from '../theme.ts';
import { LISTS, type ListName } from '../ui-mode.machine.ts';
import { credentialsInOrder, sessionsInOrder } from '../view-model.ts';
import { countWords, instantWords, tidy } from '../words.ts';
import { compareLines } from './compare-view.ts';
import { credentialLines } from './credentials-view.ts';
import { credentialDetailLines, detailLines } from './details-view.ts';
import type { Area, Body } from './frame-area.ts';
import { layoutFor, type Size } from './layout.ts';
import {
  cut,
  cutLine,
  EMPTY_LINE,
  type Line,
  line,
  ruled,
  span,
  spread,
  widthOf,
} from './lines.ts';
import { hintLines, logLines, newsLines, timelineLines } from './log-view.ts';
import { helpLines, hintLine, menuLines, noticeLine } from './pages.ts';
import { faultsLines, rulesLines } from './rules-view.ts';
import { sequenceLines } from './sequence-view.ts';
import { fleetLines, movedBytes, sessionLines, type Traffic } from './sessions-view.ts';

export interface Screen {
  /** At most `rows - 1` lines, none wider than the terminal. */
  readonly lines: readonly Line[];
  /** How far the page that is shown can scroll. */
  readonly offsetMax: number;
}

/** Lines above and below the body: title, tabs, a blank one; what comes next, hints. */
const FRAME_LINES = 5;

/** One frame as lines: a pure function of what is to be shown and of the size of the terminal. */
export function renderScreen(frame: Frame, size: Size, signs: Signs): Screen {
  const layout = layoutFor(size);
  const width = size.columns;
  // A frame as high as the terminal would make it scroll.
  const rows = Math.max(1, size.rows - 1);
  if (layout === 'narrow' || rows < FRAME_LINES + 2) {
    return {
      lines: plainFrame(frame, { layout: 'narrow', width, height: rows, signs }),
      offsetMax: 0,
    };
  }
  const area: Area = { layout, width, height: rows - FRAME_LINES, signs };
  const { lines, offsetMax = 0 } = body(frame, area);
  // Whatever a view lays out, nothing is wider than the screen.
  const filled = Array.from({ length: area.height }, (_, index) =>
    cutLine(lines[index] ?? EMPTY_LINE, width, signs),
  );
  return {
    lines: [
      titleLine(frame, area),
      tabLine(frame, area),
      EMPTY_LINE,
      ...filled,
      footLine(frame, area),
      frame.shown === 'finished'
        ? cutLine(line(span('Leaving in a moment; any key stays', 'key')), width, signs)
        : hintLine(placeOf(frame), width, signs),
    ],
    offsetMax,
  };
}

/** No room for tables: the clock, the newest sentences, and the line that is typed. */
function plainFrame(frame: Frame, area: Area): readonly Line[] {
  const { width, height, signs } = area;
  const clock = line(span(`${instantWords(frame.now).slice(0, 19)}Z`, 'title'));
  const foot = frame.input === 'none' && frame.notice === null ? [] : [footLine(frame, area)];
  const room = Math.max(0, height - 1 - foot.length);
  const news = room === 0 ? [] : newsLines(frame, { ...area, height: room });
  return [cutLine(clock, width, signs), ...news, ...foot].slice(0, height);
}

function body(frame: Frame, area: Area): Body {
  switch (frame.shown) {
    case 'help': {
      const filter = frame.ui.filters.help ?? '';
      return page(frame, helpLines(area.width, area.signs, { filter }), area);
    }
    case 'details':
      return page(frame, details(frame, area), area);
    case 'comparing':
      return page(frame, compareLines(frame, area), area);
    case 'sequence':
      return sequenceLines(frame, area);
    case 'menu':
      return { lines: menuBody(frame, area) };
    default:
      return listBody(frame, area, true);
  }
}

/** So many of the newest events of one session are on its page. */
const OWN_LOG_MAX = 200;

function ownLog({ history, position: end }: Frame, id: string): readonly LogEntry[] {
  const entries: LogEntry[] = [];
  const positions = history.positionsOfSession(id);
  for (let index = positions.length - 1; index >= 0 && entries.length < OWN_LOG_MAX; index -= 1) {
    const position = positions[index] as number;
    const entry = position < end ? history.entryAt(position) : undefined;
    if (entry !== undefined) entries.unshift(entry);
  }
  return entries;
}

function details(frame: Frame, area: Area): readonly Line[] {
  const shared = { ...area, now: frame.now };
  if (frame.list === 'credentials') {
    const credential = chosenCredential(frame);
    if (credential === null) return [];
    const user = chosenSession(frame);
    const isUser = user !== null && user.scope === credential.scope;
    const log = isUser ? ownLog(frame, user.id) : [];
    return credentialDetailLines(credential, sessionsInOrder(frame.view), { ...shared, log });
  }
  const session = chosenSession(frame);
  if (session === null) return [];
  return detailLines(session, { ...shared, log: ownLog(frame, session.id) });
}

function page({ ui }: Frame, lines: readonly Line[], { height, signs, width }: Area): Body {
  const offsetMax = Math.max(0, lines.length - height);
  const offset = Math.min(ui.offset, offsetMax);
  const shown = lines.slice(offset, offset + height);
  const below = lines.length - offset - shown.length;
  if (below === 0) return { lines: shown, offsetMax };
  const more = line(span(cut(`  ${below + 1} more lines below (j, k)`, width, signs), 'dim'));
  return { lines: [...shown.slice(0, -1), more], offsetMax };
}

function menuBody(frame: Frame, area: Area): readonly Line[] {
  const entries = menuEntries(frame);
  const credential = chosenCredential(frame);
  const of = credential === null ? 'no credential yet' : `of ${credential.scope}`;
  const titles = {
    warp: `Move time (${of})`,
    do: 'Do',
    fork: `Fork after event ${frame.position}: what happens instead`,
  } as const;
  const height = Math.min(entries.length + 2, Math.max(6, Math.floor(area.height * 0.7)));
  const menu = menuLines(entries, {
    title: titles[frame.ui.menu],
    choice: frame.ui.choice,
    width: area.width,
    height,
    signs: area.signs,
  });
  const rest = { ...area, height: Math.max(0, area.height - menu.length - 1) };
  return [...listBody(frame, rest, false).lines, EMPTY_LINE, ...menu];
}

/** The lists keep so many lines for the newest events below them, where there is room. */
const TAIL_LINES_MIN = 5;

function listBody(frame: Frame, area: Area, withTail: boolean): Body {
  if (area.height <= 0) return { lines: [] };
  switch (frame.list) {
    case 'sessions':
      return { lines: sessionsBody(frame, area, withTail) };
    case 'credentials':
      return { lines: credentialsBody(frame, area) };
    case 'timeline':
      return { lines: timelineLines(frame, area) };
    case 'sequence':
      return sequenceLines(frame, area);
    case 'rules':
      return { lines: rulesLines(frame, area) };
    case 'faults':
      return { lines: faultsLines(frame, area) };
    case 'log':
      return { lines: logLines(frame, area) };
    default:
      return frame.list satisfies never;
  }
}

function credentialsBody(frame: Frame, area: Area): readonly Line[] {
  const shown = shownCredentials(frame);
  if (shown.length === 0 && frame.view.credentials.size > 0) {
    return [line(span('No credential fits the filter.', 'dim')), ...hintLines(frame, area)];
  }
  return credentialLines(shown, {
    ...area,
    now: frame.now,
    sessions: sessionsInOrder(frame.view),
    chosen: chosenCredential(frame),
  });
}

function sessionsBody(frame: Frame, area: Area, withTail: boolean): readonly Line[] {
  const { height, signs, width } = area;
  const tailMin = withTail && height >= 12 ? TAIL_LINES_MIN : 0;
  const head = fleetLines(frame, area);
  const sessions = shownSessions(frame);
  const listed = sessionLines(sessions, {
    ...area,
    now: frame.now,
    height: height - head.length - (tailMin === 0 ? 0 : tailMin + 2),
    chosen: chosenSession(frame),
    traffic: (session) => trafficOf(frame, session),
  });
  const table = sessions.length === 0 ? [...listed, ...hintLines(frame, area)] : listed;
  const room = height - head.length - table.length - 2;
  if (tailMin === 0 || room < 1) return [...head, ...table];
  const news = newsLines(frame, { ...area, height: room });
  return [...head, ...table, EMPTY_LINE, ruled('News', width, signs), ...news];
}

/** What a running mover has counted by this position, and how fast between its last two counts. */
function trafficOf({ history, position }: Frame, session: SessionView): Traffic {
  const bytes = movedBytes(session);
  if (session.outcome !== null) return { bytes, bytesPerSecond: null };
  const [last, before] = history.progressAt(session.id, 'target', position);
  if (last === undefined) return { bytes, bytesPerSecond: null };
  const isRestore = session.operation === 'restore';
  const read = ({ counts }: typeof last): number =>
    isRestore ? counts.linkBytes : counts.storageBytes;
  const elapsedMs = before === undefined ? 0 : last.at - before.at;
  const moved = before === undefined ? 0 : read(last) - read(before);
  return {
    bytes: Math.max(bytes ?? 0, read(last)),
    bytesPerSecond: elapsedMs > 0 && moved >= 0 ? (moved * 1_000) / elapsedMs : null,
  };
}

function titleLine(frame: Frame, { width, signs, layout }: Area): Line {
  const { text, role } = statusOf(frame, signs);
  const clock = instantWords(frame.now).slice(0, layout === 'slim' ? 19 : 23);
  const where = frame.isInPast ? ` event ${frame.position} of ${frame.total}` : '';
  return spread(
    line(span('fortnight ', 'accent'), span(tidy(frame.title), 'title')),
    line(
      span(layout === 'slim' ? '' : where, 'attention'),
      span(` ${clock}Z `, 'title'),
      span(text, role),
    ),
    width,
    signs,
  );
}

function statusOf(frame: Frame, signs: Signs): { text: string; role: Role } {
  const { result, mode, isHeld, rate, position, total, seekLabel, isInPast } = frame;
  if (mode === 'seeking')
    return { text: `${signs.arrow} ${tidy(seekLabel ?? '')}`, role: 'attention' };
  if (mode === 'playing') return { text: `${signs.running} ${countWords(rate)}x`, role: 'accent' };
  if (isInPast) return { text: `${signs.paused} past`, role: 'attention' };
  if (result !== null && position >= total) {
    if (!result.ok) return { text: `${signs.failed} broke off`, role: 'bad' };
    return result.summary.ok
      ? { text: `${signs.done} finished`, role: 'good' }
      : { text: `${signs.failed} finished, NOT OK`, role: 'bad' };
  }
  if (mode === 'paused') return { text: `${signs.paused} paused`, role: 'attention' };
  return isHeld
    ? { text: `${signs.paused} held`, role: 'attention' }
    : { text: `${signs.running} live`, role: 'accent' };
}

const TAB_NAMES: Readonly<Record<ListName, readonly [string, string]>> = {
  sessions: ['Sessions', 'Ses'],
  credentials: ['Credentials', 'Cred'],
  timeline: ['Timeline', 'Time'],
  sequence: ['Sequence', 'Seq'],
  rules: ['Rules', 'Rule'],
  faults: ['Faults', 'Flt'],
  log: ['Log', 'Log'],
};

function tabLine(frame: Frame, { width, signs, layout }: Area): Line {
  const { view, list, shown, history, position } = frame;
  const counts: Partial<Record<ListName, number>> = {
    sessions: view.sessions.size,
    credentials: view.credentials.size,
    log: position,
  };
  const tabs = LISTS.flatMap((name, index) => {
    const [long, short] = TAB_NAMES[name];
    const count = counts[name];
    const isShort = layout !== 'wide';
    const label = `${isShort ? short : long}${count === undefined || isShort ? '' : ` ${count}`}`;
    const text = `${index + 1} ${label}`;
    return [name === list ? span(`[${text}]`, 'selected') : span(` ${text} `, 'dim')];
  });
  const pages = { help: ' help', details: ' details', menu: ' menu', comparing: ' two futures' };
  const at = Object.hasOwn(pages, shown) ? pages[shown as keyof typeof pages] : '';
  const filter = frame.ui.filters[filterPlaceOf(frame)];
  const narrowed = filter === undefined ? '' : ` /${tidy(filter)}`;
  const running = view.sessions.size - view.endedCount;
  const left = line(...tabs, span(at, 'title'), span(narrowed, 'attention'));
  const isMarked = at !== '' || narrowed !== '';
  const total = layout === 'wide' ? '' : `${countWords(history.length)} events`;
  const active = layout === 'wide' || running > 0 ? `${countWords(running)} running` : '';
  // Where not all fits, what the user has done is worth more than counts, and tabs more than both.
  const facts = [[total, active, frame.run.world], [active, frame.run.world], [frame.run.world]]
    .map((some) => some.filter((fact) => fact !== ''))
    .map((some) => some.join(` ${signs.dot} `));
  const fitting = facts.find((text) => widthOf(left) + text.length < width - 1) ?? '';
  const right = layout === 'slim' || (isMarked && fitting !== facts[0]) ? '' : fitting;
  return spread(left, right === '' ? [] : line(span(right, 'dim')), width, signs);
}

/** What is typed or asked, else what the last order came to, how the run ended, what comes next. */
function footLine(frame: Frame, { width, signs }: Area): Line {
  const { ui, input, notice, result } = frame;
  if (input === 'typing') {
    const sign = ui.prompt.kind === 'filter' ? '/' : ':';
    // The end of a long line stays in sight.
    const room = Math.max(1, width - 2);
    const text = tidy(ui.prompt.text);
    return cutLine(line(span(sign, 'key'), text.slice(-room), span(' ', 'selected')), width, signs);
  }
  if (input === 'question') return noticeLine(`${tidy(ui.question)} y/n`, width, signs);
  if (notice !== null) return noticeLine(tidy(notice), width, signs);
  if (result !== null && frame.position >= frame.total) {
    const { text, role } = resultWords(result);
    return line(span(cut(tidy(text), width, signs), role));
  }
  const next = nextWords(credentialsInOrder(frame.view), frame.now);
  return line(span(cut(next, width, signs), 'plain'));
}

export function resultWords(result: RunResult): { readonly text: string; readonly role: Role } {
  if (!result.ok) return { text: `The run broke off: ${result.problem}`, role: 'bad' };
  const { ok, sessions, violations } = result.summary;
  const done = sessions.filter(({ state }) => state === 'done').length;
  const counts =
    sessions.length === 0 ? '' : ` ${done} done, ${sessions.length - done} failed or cancelled.`;
  if (ok) return { text: `OK: no rule was violated.${counts}`, role: 'good' };
  if (violations.length === 0) return { text: `Left before its end.${counts}`, role: 'attention' };
  const count = violations.length === 1 ? '1 violation' : `${violations.length} violations`;
  return { text: `NOT OK: ${count}.${counts}`, role: 'bad' };
}
