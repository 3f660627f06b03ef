import type { Guard } from '../../trace/guards.ts';
import type { TraceFile } from '../../trace/trace-file.ts';
import {
  type Explained,
  eventAt,
  explain,
  findingsOf,
  type Subject,
  sessionSubject,
} from '../../trace/why.ts';
import { instantWords } from '../../tui/words.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { paint } from '../paint.ts';
import { type RawOptions, readText } from '../read-options.ts';
import { formatTable, wrapText } from '../table.ts';
import { nothingChosen, openTrace, printLine, readingTraces, readSeq } from './trace-reading.ts';

/** So many are told in full; the others are named. */
const TOLD_IN_FULL = 2;
const TEXT_WIDTH = 92;

/** What went wrong in a trace and why; or why one session or event came to what it came to. */
export async function why(
  context: CommandContext,
  [file = '']: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const session = readText(raw, 'session');
  const seq = readSeq(raw, 'at');
  if (session !== null && seq !== null) {
    throw new UsageError('--session and --at exclude each other: ask about one thing.');
  }
  return readingTraces(async () => {
    const trace = openTrace(context, file);
    const { subjects, heading } = chosenSubjects(trace, session, seq);
    if (!context.json) printLine(context, paint(heading, 'bold', context));
    for (const subject of subjects.slice(0, TOLD_IN_FULL)) {
      tell(
        context,
        explain(() => trace.events(), subject),
      );
    }
    for (const subject of subjects.slice(TOLD_IN_FULL)) tellShort(context, subject);
    return EXIT.ok;
  });
}

interface Chosen {
  readonly heading: string;
  readonly subjects: readonly Subject[];
}

function chosenSubjects(trace: TraceFile, session: string | null, seq: number | null): Chosen {
  const asked = { session, scope: null, from: seq, to: seq };
  const findings = findingsOf(trace.events());
  if (seq !== null) {
    const broken = findings.violations.filter((one) => one.seq === seq);
    const subject = eventAt(trace.events(), seq);
    if (subject === null) throw nothingChosen(trace, asked);
    return {
      heading: `Event ${seq} of ${trace.name}`,
      subjects: broken.length > 0 ? broken : [subject],
    };
  }
  if (session !== null) {
    const broken = findings.violations.filter((one) => one.session === session);
    const subject = sessionSubject(trace.events(), session);
    if (subject === null) throw nothingChosen(trace, asked);
    return { heading: `Session ${session} of ${trace.name}`, subjects: [...broken, subject] };
  }
  const { violations, failures, decisions, decisionCount } = findings;
  const wrong = [...violations, ...failures];
  if (wrong.length > 0) {
    const heading = `${violations.length} violated, ${failures.length} failed or cancelled in ${trace.name}`;
    return { heading, subjects: wrong };
  }
  const newest = decisions.length === 0 ? '' : '; the newest:';
  return {
    heading: `Nothing went wrong in ${trace.name}: ${decisionCount} renewal decisions${newest}`,
    subjects: decisions,
  };
}

function tellShort(context: CommandContext, subject: Subject): void {
  if (context.json) context.stdout(JSON.stringify({ type: 'why.more', ...subject }));
  else
    printLine(
      context,
      `${subject.rules[0] ?? subject.kind}  event ${subject.seq}: ${subject.sentence}`,
    );
}

function tell(context: CommandContext, explained: Explained): void {
  if (context.json) {
    context.stdout(JSON.stringify({ type: 'why.summary', ...explained }));
    return;
  }
  const { subject, rules, guards, changes, evidence } = explained;
  const heading = (text: string): void => {
    context.stdout('');
    printLine(context, paint(text, 'bold', context));
  };
  const style = subject.kind === 'violation' ? 'red' : 'bold';
  context.stdout('');
  const [name] = subject.kind === 'violation' ? subject.rules : [];
  const what = name === undefined ? subject.sentence : `${name} violated: ${subject.sentence}`;
  for (const line of wrapText(what, TEXT_WIDTH)) printLine(context, paint(line, style, context));
  const where = [
    `event ${subject.seq}`,
    instantWords(subject.at),
    ...[subject.session, subject.scope].filter((one) => one !== null),
  ];
  printLine(context, `  ${where.join(', ')}`);
  if (rules.length > 0) {
    heading('The rules');
    for (const { id, text } of rules) {
      const [first = '', ...more] = wrapText(text, TEXT_WIDTH - 7);
      printLine(context, `  ${id.padEnd(4)} ${first}`);
      for (const line of more) printLine(context, `       ${line}`);
    }
  }
  if (guards.length > 0) heading('What was decided on the way');
  for (const guard of guards) tellGuard(context, guard);
  if (changes.length > 0) {
    heading('What changed last');
    const columns = [
      { title: 'event', align: 'right' as const },
      { title: 'when' },
      { title: 'what' },
      { title: 'before', widthMax: 32 },
      { title: 'after', widthMax: 44 },
    ];
    const rows = changes.map((change) => [
      `${change.seq}`,
      instantWords(change.at),
      change.what,
      change.before ?? '-',
      change.after ?? '-',
    ]);
    for (const line of formatTable(columns, rows, context)) printLine(context, `  ${line}`);
  }
  if (evidence.length === 0) return;
  heading(subject.evidence.length > 0 ? 'What proves it' : 'What happened last');
  for (const { seq, at, text } of evidence) {
    printLine(context, `  ${`${seq}`.padStart(6)}  ${instantWords(at)}  ${text}`);
  }
}

function tellGuard(context: CommandContext, guard: Guard): void {
  const { seq, question, operands, comparison, holds, outcome, rules, contradiction } = guard;
  const answer = comparison === null ? '' : holds ? ' yes' : ' no';
  printLine(context, `  event ${seq}: ${question}${answer}`);
  const width = Math.max(...operands.map(({ name }) => name.length));
  for (const { name, value } of operands) {
    printLine(context, `      ${name.padEnd(width)}  ${value}`);
  }
  const verdict = comparison === null ? '' : `${comparison} is ${holds ? 'true' : 'false'}: `;
  const cited = rules.length === 0 ? '' : ` (${rules.join(', ')})`;
  printLine(context, `      ${verdict}${outcome}${cited}`);
  if (contradiction !== null) {
    printLine(context, paint(`      WRONG: ${contradiction}`, 'red', context));
  }
}
