import { resolve } from 'node:path';
import { type CheckReport, createCheckRun } from '../../check/index.ts';
import { TraceFormatError } from '../../kernel/index.ts';
import { CATALOGUE, type Rule } from '../../rules/catalogue.ts';
import { type Measured, measure } from '../../rules/measure.ts';
import { nearestWord } from '../../scenario/nearest.ts';
import { openTraceFile } from '../../trace/trace-file.ts';
import { TraceProblem } from '../../trace/trace-problem.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { paint } from '../paint.ts';
import { type RawOptions, readText } from '../read-options.ts';
import { formatTable, toAscii, wrapText } from '../table.ts';

const TEXT_WIDTH_MAX = 72;

/**
 * Every rule of the protocol with what checks it; with a trace also how often that log has put it
 * to the test. A log that breaks a rule ends with 1.
 */
export async function rules(
  context: CommandContext,
  ids: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const chosen = chosenRules(ids);
  const file = readText(raw, 'trace');
  const report = file === null ? null : checkTrace(context, file);
  if (context.json) tellJson(context, chosen, report);
  else if (ids.length > 0) for (const rule of chosen) tellRule(context, rule, report);
  else tellTable(context, chosen, report);
  return report !== null && report.violationCount > 0 ? EXIT.failed : EXIT.ok;
}

function chosenRules(ids: readonly string[]): readonly Rule[] {
  if (ids.length === 0) return CATALOGUE;
  return ids.map((id) => {
    const rule = CATALOGUE.find((one) => one.id === id.toUpperCase());
    if (rule !== undefined) return rule;
    const nearest = nearestWord(
      id.toUpperCase(),
      CATALOGUE.map((one) => one.id),
    );
    const suggestion = nearest === null ? '' : ` Did you mean "${nearest}"?`;
    throw new UsageError(`There is no rule "${id}".${suggestion} "fortnight rules" lists all.`);
  });
}

/** Event by event: the log of a fleet is larger than memory. */
function checkTrace({ workingDirectory }: CommandContext, file: string): CheckReport {
  try {
    const run = createCheckRun();
    for (const event of openTraceFile(resolve(workingDirectory, file), file).events()) {
      run.see(event);
    }
    return run.end();
  } catch (error) {
    if (error instanceof TraceProblem) throw new CommandError(EXIT.config, [error.message]);
    if (!(error instanceof TraceFormatError)) throw error;
    throw new CommandError(EXIT.config, [`${error.message}.`]);
  }
}

interface Sums {
  readonly exercised: number;
  readonly never: number;
  readonly notInLog: number;
}

function sumsOf(chosen: readonly Rule[], report: CheckReport): Sums {
  const sums = { exercised: 0, never: 0, notInLog: 0 };
  for (const rule of chosen) sums[measure(rule, report).kind] += 1;
  return sums;
}

function tellJson(
  context: CommandContext,
  chosen: readonly Rule[],
  report: CheckReport | null,
): void {
  for (const rule of chosen) {
    const measured = report === null ? null : measure(rule, report);
    context.stdout(JSON.stringify({ type: 'rule', ...rule, measured }));
  }
  const sums = report === null ? null : sumsOf(chosen, report);
  const violations = report?.violations ?? [];
  const gaps = chosen.filter(({ gap }) => gap !== null).length;
  context.stdout(
    JSON.stringify({ type: 'rules.summary', rules: chosen.length, gaps, ...sums, violations }),
  );
}

function shortly(measured: Measured): string {
  switch (measured.kind) {
    case 'exercised':
      return measured.violations > 0 ? 'BROKEN' : `${measured.times}x`;
    case 'never':
      return 'never';
    case 'notInLog':
      return '-';
    default:
      return measured satisfies never;
  }
}

function tellTable(
  context: CommandContext,
  chosen: readonly Rule[],
  report: CheckReport | null,
): void {
  const { ascii } = context;
  const rows = chosen.map((rule) => [
    rule.id,
    rule.kind,
    ...(report === null ? [] : [shortly(measure(rule, report))]),
    String(rule.checkers.length),
    rule.gap === null ? String(rule.tests.length) : 'gap',
    String(rule.mutants.length),
    ascii ? toAscii(rule.text) : rule.text,
  ]);
  const columns = [
    { title: 'rule' },
    { title: 'kind' },
    ...(report === null ? [] : [{ title: 'in this log', align: 'right' as const }]),
    { title: 'checkers', align: 'right' as const },
    { title: 'tests', align: 'right' as const },
    { title: 'mutants', align: 'right' as const },
    { title: 'what it says', widthMax: TEXT_WIDTH_MAX },
  ];
  const style = (padded: string): string => {
    const word = padded.trim();
    if (word === 'BROKEN') return paint(padded, 'red', context);
    return word === 'never' || word === 'gap' ? paint(padded, 'yellow', context) : padded;
  };
  for (const line of formatTable(columns, rows, { ascii, decorate: style })) context.stdout(line);
  context.stdout('');
  for (const line of closing(chosen, report)) context.stdout(line);
}

function closing(chosen: readonly Rule[], report: CheckReport | null): readonly string[] {
  const gaps = chosen.filter(({ gap }) => gap !== null).length;
  const tested = `${chosen.length} rules; ${gaps} have no test of their own yet.`;
  if (report === null) {
    return [tested, '"fortnight rules C10" tells all about one; --trace FILE measures a log.'];
  }
  const { exercised, never, notInLog } = sumsOf(chosen, report);
  const lines = [
    tested,
    `This log: ${exercised} put to the test, ${never} never, ${notInLog} that no log can tell.`,
    ...report.violations.map(
      ({ invariant, rule, session, text }) =>
        `${invariant} (${rule})${session === null ? '' : ` in ${session}`}: ${text}`,
    ),
  ];
  const unlisted = report.violationCount - report.violations.length;
  return unlisted === 0 ? lines : [...lines, `… and ${unlisted} violations more.`];
}

function tellRule(context: CommandContext, rule: Rule, report: CheckReport | null): void {
  const say = (text: string): void => context.stdout(context.ascii ? toAscii(text) : text);
  const list = (title: string, items: readonly string[]): void => {
    if (items.length > 0) say(`  ${title.padEnd(10)}${items.join(`\n${' '.repeat(12)}`)}`);
  };
  say(`${paint(rule.id, 'bold', context)} (${rule.kind})`);
  for (const line of wrapText(rule.text, TEXT_WIDTH_MAX)) say(`  ${line}`);
  list('related', rule.related.length === 0 ? [] : [rule.related.join(' ')]);
  list('checkers', rule.checkers);
  list('code', rule.code);
  list('tests', rule.tests);
  list('mutants', rule.mutants);
  if (rule.gap !== null) list('no test', [rule.gap]);
  const measured = report === null ? null : measure(rule, report);
  if (measured !== null) list('this log', [inWords(measured)]);
  else if (rule.judgedBy.length === 0) list('in a log', [rule.notInLog ?? 'no fact tells of it']);
  say('');
}

function inWords(measured: Measured): string {
  switch (measured.kind) {
    case 'exercised':
      return `put to the test ${measured.times} times, broken ${measured.violations} times`;
    case 'never':
      return 'never put to the test, which proves nothing';
    case 'notInLog':
      return `cannot tell: ${measured.why}`;
    default:
      return measured satisfies never;
  }
}
