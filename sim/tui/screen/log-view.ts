import type { Frame } from '../frame.ts';
import { entriesFrom, type PlacedEntry, take, unknownFieldWords } from '../lists.ts';
import { dueAfter, idleWords, stepWords } from '../model/timeline.ts';
import type { LogEntry, Tone } from '../model/types.ts';
import type { Role, Signs } from '../theme.ts';
import { credentialsInOrder } from '../view-model.ts';
import { countWords, roughDuration, shortInstant, tidy } from '../words.ts';
import type { Area } from './frame-area.ts';
import type { Layout } from './layout.ts';
import { cell, cut, cutLine, highlighted, type Line, line, ruled, span, wrap } from './lines.ts';

export const TONE_ROLES: Readonly<Record<Tone, Role>> = {
  plain: 'plain',
  good: 'good',
  attention: 'attention',
  bad: 'bad',
};

interface EntryOptions {
  readonly layout: Layout;
  readonly width: number;
  readonly signs: Signs;
  /** Of the column of session ids. */
  readonly idWidth?: number;
}

/** Ids of a fleet hold the name of the tenant: so wide at most. */
const ID_WIDTH_MAX = 16;

/** The lines of several events: their columns stand below each other. */
export function entryLines(entries: readonly LogEntry[], options: EntryOptions): readonly Line[] {
  const isSlim = options.layout === 'slim' || options.layout === 'narrow';
  const longest = Math.max(0, ...entries.map(({ session }) => session?.length ?? 0));
  const idWidth = Math.max(isSlim ? 6 : 9, Math.min(longest, isSlim ? 11 : ID_WIDTH_MAX));
  return entries.map((entry) => entryLine(entry, { ...options, idWidth }));
}

/** One event: time, session, a sign for its tone, the sentence, the rules behind it. */
function entryLine(entry: LogEntry, options: EntryOptions): Line {
  const { layout, width, signs } = options;
  const isSlim = layout === 'slim' || layout === 'narrow';
  const time = isSlim ? shortInstant(entry.at).slice(6) : shortInstant(entry.at);
  const session = cell(entry.session ?? '', options.idWidth ?? (isSlim ? 6 : 9), signs);
  const rules = entry.rules.length === 0 ? '' : ` [${entry.rules.join(' ')}]`;
  const room = width - time.length - session.length - rules.length - 4;
  // The rules stay readable where the sentence is too long; a colour never stands alone.
  return cutLine(
    line(
      span(`${time} ${session} `, 'dim'),
      span(`${toneSign(entry.tone, signs)} `, TONE_ROLES[entry.tone]),
      span(cut(entry.text, Math.max(10, room), signs), TONE_ROLES[entry.tone]),
      span(rules, 'key'),
    ),
    width,
    signs,
  );
}

function toneSign(tone: Tone, signs: Signs): string {
  const of = { plain: ' ', good: signs.done, attention: '!', bad: signs.failed } as const;
  return of[tone];
}

/** The newest news in so many lines. */
export function newsLines(frame: Frame, area: Area): readonly Line[] {
  return linesOf(newest(frame, area.height), area);
}

function linesOf(rows: readonly PlacedEntry[], options: EntryOptions): readonly Line[] {
  return entryLines(
    rows.map(({ entry }) => entry),
    options,
  );
}

function newest(frame: Frame, count: number): readonly PlacedEntry[] {
  const unfiltered: Frame = { ...frame, ui: { ...frame.ui, filters: {} } };
  return [...take(entriesFrom(unfiltered, frame.position, -1, 'timeline'), count)].reverse();
}

/** The rows around the chosen one, or the newest: only as many events are made as are shown. */
function around(
  frame: Frame,
  height: number,
  list: 'log' | 'timeline',
): { readonly rows: readonly PlacedEntry[]; readonly chosen: number | null } {
  const cursor = frame.ui.cursors[list];
  if (cursor === null) {
    const rows = [...take(entriesFrom(frame, frame.position, -1, list), height)].reverse();
    return { rows, chosen: rows.at(-1)?.position ?? null };
  }
  const at = Number(cursor);
  const after = take(entriesFrom(frame, at, 1, list), height);
  const below = after.slice(0, Math.ceil(height / 2));
  const above = [...take(entriesFrom(frame, at, -1, list), height - below.length)].reverse();
  const rows = [...above, ...after].slice(0, height);
  return { rows, chosen: at };
}

function chosenLine(text: Line, isChosen: boolean, { width, signs }: Area): Line {
  if (!isChosen) return cutLine(line('  ', ...text), width, signs);
  return highlighted(cutLine(line(`${signs.chosen} `, ...text), width, signs), width);
}

/** What a long run does not keep: said where its log is looked at. */
function forgottenLines({ history }: Frame, { width, signs }: Area): readonly Line[] {
  const { firstKept } = history;
  if (firstKept === 0) return [];
  const since = shortInstant(history.timeAt(firstKept + 1) ?? 0);
  const text = `  older than ${since} is not kept: ${countWords(firstKept)} events, only in the counts`;
  return [cutLine(line(span(text, 'dim')), width, signs)];
}

/** The newest entries in so many lines, or those around the chosen one. */
export function logLines(frame: Frame, area: Area): readonly Line[] {
  const head = forgottenLines(frame, area);
  const { rows, chosen } = around(frame, area.height - head.length, 'log');
  if (rows.length === 0) {
    return [...head, line(span(nothing(frame, 'log'), 'dim')), ...hintLines(frame, area)];
  }
  const texts = linesOf(rows, { ...area, width: area.width - 2 });
  return [
    ...head,
    ...rows.map(({ position }, index) =>
      chosenLine(texts[index] as Line, position === chosen, area),
    ),
  ];
}

/** Below an empty list: a field in its filter that the list does not have. */
export function hintLines(frame: Frame, { width }: Area): readonly Line[] {
  const words = unknownFieldWords(frame);
  if (words === null) return [];
  return wrap(words, width).map((part) => line(span(part, 'attention')));
}

function nothing({ ui }: Frame, list: 'log' | 'timeline'): string {
  return (ui.filters[list] ?? '') === ''
    ? 'Nothing has happened yet.'
    : 'Nothing near here fits the filter; esc shows everything.';
}

/** What happened above the line of now, what is due below it; stretches of nothing are folded. */
export function timelineLines(frame: Frame, area: Area): readonly Line[] {
  const { height, width, signs } = area;
  const dueCount = Math.max(1, Math.floor(height / 3));
  const due = dueLines(frame, area, dueCount);
  const head = forgottenLines(frame, area);
  const room = Math.max(1, height - head.length - due.length - 1);
  const { rows, chosen } = around(frame, room, 'timeline');
  const texts = linesOf(rows, { ...area, width: width - 2 });
  const past = rows.flatMap(({ position, entry }, index): readonly Line[] => {
    const before = rows[index - 1];
    const idle = before === undefined ? null : idleWords(before.entry.at, entry.at);
    const own = chosenLine(
      texts[index] as Line,
      position === chosen && frame.ui.cursors.timeline !== null,
      area,
    );
    return idle === null ? [own] : [idleLine(idle, area), own];
  });
  const last = rows.at(-1)?.entry.at;
  const idle = last === undefined ? null : idleWords(last, frame.now);
  const shown = [
    ...(past.length === 0
      ? [line(span(nothing(frame, 'timeline'), 'dim')), ...hintLines(frame, area)]
      : past),
    ...(idle === null ? [] : [idleLine(idle, area)]),
  ];
  // Folded gaps take lines too: the oldest give way, or the youngest where an old one is chosen.
  const kept = frame.ui.cursors.timeline === null ? shown.slice(-room) : shown.slice(0, room);
  return [...head, ...kept, ruled(`now ${shortInstant(frame.now)}`, width, signs), ...due];
}

function idleLine(words: string, { width, signs }: Area): Line {
  return cutLine(
    line(span(`  ${signs.rule.repeat(3)} ${words} ${signs.rule.repeat(3)}`, 'dim')),
    width,
    signs,
  );
}

function dueLines(frame: Frame, { width, signs }: Area, countMax: number): readonly Line[] {
  const next = frame.run.stepsLeft() > 0 ? nextStep(frame) : null;
  const due = dueAfter(frame.now, credentialsInOrder(frame.view), frame.run.scenario, countMax);
  const lines = due.map(({ at, text }) =>
    line(
      span(`  ${shortInstant(at)} `, 'dim'),
      span(`in ${roughDuration(at - frame.now)} `.padEnd(14), 'key'),
      tidy(text),
    ),
  );
  const first = next === null ? [] : [line(span('  next step  ', 'dim'), tidy(next))];
  const all = [...first, ...lines].slice(0, countMax);
  if (all.length === 0) return [line(span('  nothing is due', 'dim'))];
  return all.map((one) => cutLine(one, width, signs));
}

/** Only where everything known is shown: before that the next step is in the log. */
function nextStep({ run, position, total }: Frame): string | null {
  if (run.scenario === null || position < total) return null;
  const step = run.scenario.steps[run.scenario.steps.length - run.stepsLeft()];
  return step === undefined ? null : stepWords(step);
}
