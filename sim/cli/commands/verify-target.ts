import { randomBytes } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { formatProblem } from '../../scenario/index.ts';
import {
  countSentence,
  endSentence,
  junitDocument,
  loadTarget,
  type PointReport,
  readSecrets,
  SecretMissing,
  VERDICT_WORDS,
  type VerifyEnd,
  type VerifyReport,
  type VerifyTarget,
  verifyLive,
} from '../../verify/index.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Paint, paint } from '../paint.ts';
import { type RawOptions, readText } from '../read-options.ts';
import { toAscii, wrapText } from '../table.ts';

const EXIT_OF: Readonly<Record<VerifyEnd, ExitCode>> = {
  passed: EXIT.ok,
  failed: EXIT.failed,
  unreachable: EXIT.environment,
  inconclusive: EXIT.inconclusive,
  // A signal decides; without one it could not be stopped.
  stopped: EXIT.inconclusive,
};

const BACKUP_OPTIONS = ['tenant', 'subtenant', 'repository', 'point', 'kind'] as const;

/** Asks a live storage, point by point, whether it can carry direct mode. */
export async function verifyTarget(
  context: CommandContext,
  file: string,
  raw: RawOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<CommandResult> {
  const given = BACKUP_OPTIONS.find((key) => raw[key] !== undefined);
  if (given !== undefined) {
    throw new UsageError(`--${given} is for a backup: ${file} describes a storage, leave it out.`);
  }
  const junitFile = readJunitFile(context, raw);
  const target = requireTarget(context, file);
  const secrets = orMissing(() => readSecrets(target, environment));
  if (!context.json) tellTarget(context, target);
  const report = await verifyLive({
    target,
    secrets,
    signal: context.signal,
    runId: randomBytes(6).toString('hex'),
    onPoint: (point) => tellPoint(context, point),
  });
  if (junitFile !== null) writeFileSync(junitFile, junitDocument(report, file));
  tellEnd(context, target, report);
  return EXIT_OF[report.end];
}

/** Found out before anything is sent: a report that cannot be written would cost the run. */
function readJunitFile(context: CommandContext, raw: RawOptions): string | null {
  const text = readText(raw, 'junit');
  if (text === null) return null;
  const path = resolve(context.workingDirectory, text);
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (folder?.isDirectory() === true) return path;
  throw new UsageError(`--junit: the folder of ${text} is not there: make it first.`);
}

function requireTarget(context: CommandContext, file: string): VerifyTarget {
  const result = loadTarget(file, context.workingDirectory);
  if (result.ok) return result.target;
  if (context.json) {
    for (const problem of result.problems) {
      context.stdout(JSON.stringify({ type: 'verify.problem', ...problem }));
    }
  }
  const count = result.problems.length;
  throw new CommandError(EXIT.config, [
    ...result.problems.flatMap(formatProblem),
    `${count === 1 ? '1 problem' : `${count} problems`} in ${file}; nothing was sent.`,
  ]);
}

function orMissing<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SecretMissing)) throw error;
    throw new CommandError(EXIT.environment, [`fortnight: ${error.message}.`]);
  }
}

function tellTarget(context: CommandContext, target: VerifyTarget): void {
  const at = target.endpoint === null ? '' : ` at ${target.endpoint}`;
  context.stdout(`${target.kind}${at}, ${target.bucket}, issuer ${target.issuer}`);
  context.stdout('');
}

const PAINT_OF: Readonly<Record<PointReport['verdict'], Paint>> = {
  pass: 'green',
  fail: 'red',
  'not-applicable': 'dim',
  inconclusive: 'yellow',
};

const ID_WIDTH = 22;
const TEXT_WIDTH = 76;

function tellPoint(context: CommandContext, point: PointReport): void {
  if (context.json) {
    context.stdout(JSON.stringify({ type: 'verify.point', ...point }));
    return;
  }
  const word = paint(VERDICT_WORDS[point.verdict].padEnd(4), PAINT_OF[point.verdict], context);
  const rules = point.rules.join(' ');
  tell(context, `${word}  ${point.id.padEnd(ID_WIDTH)}  ${point.title}  [${rules}]`);
  const isGood = point.verdict === 'pass';
  const rows = [
    ['sent', isGood ? '' : point.sent],
    [point.verdict === 'not-applicable' ? 'why' : 'answered', point.answered],
    ['remedy', point.remedy],
  ] as const;
  for (const [label, text] of rows) {
    if (text === '') continue;
    const [first = '', ...more] = wrapText(text, TEXT_WIDTH);
    tell(context, `      ${label.padEnd(10)}${first}`);
    for (const line of more) tell(context, `${' '.repeat(16)}${line}`);
  }
}

/** Texts of a storage may hold any sign. */
function tell(context: CommandContext, line: string): void {
  context.stdout(context.ascii ? toAscii(line) : line);
}

function tellEnd(context: CommandContext, target: VerifyTarget, report: VerifyReport): void {
  const { counts, end, leftovers, repository } = report;
  if (context.json) {
    const { endpoint, file, issuer, kind } = target;
    const summary = { file, kind, endpoint, issuer, repository, end, ...counts, leftovers };
    context.stdout(JSON.stringify({ type: 'verify.summary', ok: end === 'passed', ...summary }));
    return;
  }
  context.stdout('');
  for (const sentence of leftovers) tell(context, `left behind: ${sentence}`);
  context.stdout(`${countSentence(report)}.`);
  const style = end === 'passed' ? 'green' : end === 'failed' ? 'red' : 'yellow';
  context.stdout(paint(endSentence(report), style, context));
}
