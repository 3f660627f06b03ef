import {
  chosenCredential,
  chosenSession,
  type Frame,
  type RunResult,
  shownLog,
} from '../live-store.ts';
import { nextWords, warpStops } from '../model/next.ts';
import type { Role, Signs } from '../theme.ts';
import { credentialsInOrder, sessionsInOrder } from '../view-model.ts';
import { instantWords, tidy } from '../words.ts';
import { credentialLines } from './credentials-view.ts';
import { detailLines } from './details-view.ts';
import { type Layout, layoutFor, type Size } from './layout.ts';
import { cut, cutLine, EMPTY_LINE, type Line, line, ruled, span, spread } from './lines.ts';
import { entryLine, logLines } from './log-view.ts';
import { helpLines, hintLine, noticeLine, warpLines } from './pages.ts';
import { sessionLines } from './sessions-view.ts';

export interface Screen {
  /** At most `rows - 1` lines, none wider than the terminal. */
  readonly lines: readonly Line[];
  /** How far the page that is shown can scroll. */
  readonly offsetMax: number;
}

interface Area {
  readonly layout: Layout;
  readonly width: number;
  readonly height: number;
  readonly signs: Signs;
}

interface Body {
  readonly lines: readonly Line[];
  readonly offsetMax?: number;
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
    return { lines: plainFrame(frame, width, rows, signs), offsetMax: 0 };
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
        ? line(span('Leaving in a moment; any key stays', 'key'))
        : hintLine(placeName(frame), width, signs),
    ],
    offsetMax,
  };
}

function placeName({ shown }: Frame) {
  if (shown === 'choosingWarp') return 'menu' as const;
  return shown === 'details' || shown === 'help' ? ('page' as const) : ('list' as const);
}

/** No room for tables: the clock and the newest sentences. */
function plainFrame(frame: Frame, width: number, rows: number, signs: Signs): readonly Line[] {
  const clock = cutLine(
    line(span(`${instantWords(frame.now).slice(0, 19)}Z`, 'title')),
    width,
    signs,
  );
  const room = Math.max(0, rows - 1);
  const news = room === 0 ? [] : frame.view.news.slice(-room);
  return [clock, ...news.map((entry) => entryLine(entry, { layout: 'narrow', width, signs }))];
}

function body(frame: Frame, area: Area): Body {
  switch (frame.shown) {
    case 'help':
      return page(frame, helpLines(area.width, area.signs), area);
    case 'details': {
      const session = chosenSession(frame);
      if (session === null) return { lines: [] };
      const log = frame.view.everything;
      return page(frame, detailLines(session, { ...area, now: frame.now, log }), area);
    }
    case 'choosingWarp': {
      const menu = warpMenu(frame, area);
      const rest = { ...area, height: Math.max(0, area.height - menu.length - 1) };
      return { lines: [...listBody(frame, rest, false), EMPTY_LINE, ...menu] };
    }
    default:
      return { lines: listBody(frame, area, true) };
  }
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

function warpMenu(frame: Frame, area: Area): readonly Line[] {
  const credential = chosenCredential(frame);
  return warpLines(warpStops(credential, frame.now), {
    scope: credential?.scope ?? null,
    choice: frame.ui.choice,
    width: area.width,
    signs: area.signs,
  });
}

/** The lists keep so many lines for the newest events below them, where there is room. */
const TAIL_LINES_MIN = 5;

function listBody(frame: Frame, area: Area, withTail: boolean): readonly Line[] {
  const { height, signs, width } = area;
  if (height <= 0) return [];
  const sessions = sessionsInOrder(frame.view);
  const shared = { ...area, now: frame.now };
  if (frame.list === 'log') {
    const { log: chosen } = frame.ui.cursors;
    return logLines(shownLog(frame), { ...area, chosen });
  }
  if (frame.list === 'credentials') {
    const credentials = credentialsInOrder(frame.view);
    return credentialLines(credentials, { ...shared, sessions, chosen: chosenCredential(frame) });
  }
  const tailMin = withTail && height >= 12 ? TAIL_LINES_MIN : 0;
  const table = sessionLines(sessions, {
    ...shared,
    height: height - (tailMin === 0 ? 0 : tailMin + 2),
    chosen: chosenSession(frame),
  });
  const room = height - table.length - 2;
  if (tailMin === 0 || room < 1) return table;
  const news = frame.view.news.slice(-room);
  return [
    ...table,
    EMPTY_LINE,
    ruled('News', width, signs),
    ...news.map((entry) => entryLine(entry, area)),
  ];
}

function titleLine(frame: Frame, { width, signs, layout }: Area): Line {
  const { text, role } = statusOf(frame, signs);
  const clock = instantWords(frame.now).slice(0, layout === 'slim' ? 19 : 23);
  return spread(
    line(span('fortnight ', 'accent'), span(tidy(frame.title), 'title')),
    line(span(`${clock}Z `, 'title'), span(text, role)),
    width,
    signs,
  );
}

function statusOf({ result, isPaused }: Frame, signs: Signs): { text: string; role: Role } {
  if (result !== null) {
    if (!result.ok) return { text: `${signs.failed} broke off`, role: 'bad' };
    return result.summary.ok
      ? { text: `${signs.done} finished`, role: 'good' }
      : { text: `${signs.failed} finished, NOT OK`, role: 'bad' };
  }
  return isPaused
    ? { text: `${signs.paused} held`, role: 'attention' }
    : { text: `${signs.running} running`, role: 'accent' };
}

function tabLine(frame: Frame, { width, signs, layout }: Area): Line {
  const { view, list, shown } = frame;
  const tab = (name: string, key: string, label: string) =>
    name === list ? span(`[${key} ${label}]`, 'selected') : span(` ${key} ${label} `, 'dim');
  const running = [...view.sessions.values()].filter(({ outcome }) => outcome === null).length;
  const tabs = line(
    tab('sessions', '1', `Sessions ${view.sessions.size}`),
    ' ',
    tab('credentials', '2', `Credentials ${view.credentials.size}`),
    ' ',
    tab('log', '3', `Log ${frame.ui.showsEverything ? view.eventCount : view.news.length}`),
  );
  const where = { help: '  help', details: '  session', choosingWarp: '  warp' } as const;
  const page = Object.hasOwn(where, shown) ? where[shown as keyof typeof where] : '';
  const world = layout === 'slim' ? '' : ` ${signs.dot} world ${frame.world}`;
  const counts = line(span(`${running} running${world}`, 'dim'));
  return spread(line(...tabs, span(page, 'title')), counts, width, signs);
}

/** What the last order came to, else how the run ended, else what comes next. */
function footLine(frame: Frame, { width, signs }: Area): Line {
  if (frame.notice !== null) return noticeLine(tidy(frame.notice), width, signs);
  if (frame.result !== null) {
    const { text, role } = resultWords(frame.result);
    return line(span(cut(tidy(text), width, signs), role));
  }
  return line(
    span(cut(nextWords(credentialsInOrder(frame.view), frame.now), width, signs), 'plain'),
  );
}

export function resultWords(result: RunResult): { readonly text: string; readonly role: Role } {
  if (!result.ok) return { text: `The run broke off: ${result.problem}`, role: 'bad' };
  const { ok, sessions, violations } = result.summary;
  const done = sessions.filter(({ state }) => state === 'done').length;
  const counts = `${done} done, ${sessions.length - done} failed or cancelled`;
  if (ok) return { text: `OK: no rule was violated; ${counts}.`, role: 'good' };
  return { text: `NOT OK: ${violations.length} violations; ${counts}.`, role: 'bad' };
}
