import type { Frame } from '../frame.ts';
import { shownFaults, shownRules } from '../lists.ts';
import type { FaultRow } from '../model/faults.ts';
import type { RuleRow } from '../model/rules.ts';
import { shortInstant, tidy } from '../words.ts';
import type { Area } from './frame-area.ts';
import { cut, cutLine, type Line, line, span, windowStart } from './lines.ts';
import { hintLines } from './log-view.ts';
import { REST, type TableColumn, tableLines } from './tables.ts';

/** Every invariant: how often the log put it to the test, and how often it was violated. */
export function rulesLines(frame: Frame, area: Area): readonly Line[] {
  const { width, signs, height } = area;
  const { share, position, violations } = frame.rules;
  const rows = shownRules(frame);
  const state = share < 1 ? `looking: ${Math.floor(share * 100)} %` : `of ${position} events`;
  const never = rows.filter(({ exercised }) => exercised === 0).length;
  const verdict =
    violations.length === 0
      ? span(`${signs.done} nothing violated`, 'good')
      : span(`${signs.failed} ${violations.length} violated`, 'bad');
  const head = line(verdict, span(`, ${never} never put to the test, ${state}`, 'dim'));
  const newest = violations.at(-1);
  const proof =
    newest === undefined
      ? []
      : [cutLine(line(span(tidy(`${newest.invariant}: ${newest.text}`), 'bad')), width, signs)];
  const chosen = rows.find(({ id }) => id === frame.ui.cursors.rules) ?? rows[0] ?? null;
  const columns: readonly TableColumn<RuleRow>[] = [
    {
      title: '',
      width: 1,
      text: ({ exercised, violated }) => ruleSign(exercised, violated, area),
      role: ({ violated }) => (violated > 0 ? 'bad' : 'plain'),
    },
    { title: 'rule', width: 5, text: ({ id }) => id },
    { title: 'says', width: REST, text: ({ text }) => text },
    { title: 'tested', width: 8, align: 'right', text: ({ exercised }) => `${exercised}` },
    {
      title: 'violated',
      width: 8,
      align: 'right',
      text: ({ violated }) => (violated === 0 ? '' : `${violated}`),
      role: () => 'bad',
    },
  ];
  const room = Math.max(1, height - 2 - proof.length);
  const table = windowed(rows, chosen, room, columns, area);
  const hint = rows.length === 0 ? hintLines(frame, area) : [];
  return [cutLine(head, width, signs), ...proof, ...table, ...hint];
}

function ruleSign(exercised: number, violated: number, { signs }: Area): string {
  if (violated > 0) return signs.failed;
  return exercised > 0 ? signs.done : signs.waiting;
}

/** Faults that wait for their call, then those that have struck. */
export function faultsLines(frame: Frame, area: Area): readonly Line[] {
  const rows = shownFaults(frame);
  if (rows.length === 0) {
    const text = 'No fault is armed and none has struck; d injects one.';
    return [line(span(cut(text, area.width, area.signs), 'dim')), ...hintLines(frame, area)];
  }
  const chosen = rows.find(({ name }) => name === frame.ui.cursors.faults) ?? rows[0] ?? null;
  const columns: readonly TableColumn<FaultRow>[] = [
    {
      title: '',
      width: 1,
      text: ({ isActive }) => (isActive ? area.signs.waiting : area.signs.done),
      role: ({ isActive }) => (isActive ? 'attention' : 'plain'),
    },
    { title: 'fault', width: REST, text: ({ name }) => tidy(name) },
    { title: 'state', width: 7, text: ({ isActive }) => (isActive ? 'armed' : 'over') },
    {
      title: 'struck',
      width: 8,
      align: 'right',
      text: ({ armedCount, firedCount }) =>
        armedCount === null ? `${firedCount}` : `${firedCount}/${armedCount}`,
    },
    {
      title: 'last',
      width: 14,
      text: ({ lastAt }) => (lastAt === null ? 'not yet' : shortInstant(lastAt)),
    },
  ];
  return windowed(rows, chosen, Math.max(1, area.height - 1), columns, area);
}

/** The heading and the rows around the chosen one. */
export function windowed<Row>(
  rows: readonly Row[],
  chosen: Row | null,
  room: number,
  columns: readonly TableColumn<Row>[],
  { width, signs }: Area,
): readonly Line[] {
  const at = chosen === null ? 0 : rows.indexOf(chosen);
  const start = windowStart(rows.length, room, at);
  const table = tableLines(columns, rows.slice(start, start + room), { width, signs, chosen });
  return [table.heading, ...table.rows];
}
