import { resolve } from 'node:path';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { TraceFormatError } from '../../kernel/index.ts';
import { nearestWord } from '../../scenario/nearest.ts';
import { type Choice, chosenEvents, namesOf } from '../../trace/choice.ts';
import { openTraceFile, type TraceFile } from '../../trace/trace-file.ts';
import { TraceProblem } from '../../trace/trace-problem.ts';
import { instantWords } from '../../tui/words.ts';
import type { CommandContext } from '../command-context.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { type RawOptions, readText } from '../read-options.ts';
import { toAscii } from '../table.ts';

/** What is wrong with a trace or token ends the command with exit 3. */
export async function readingTraces<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TraceProblem) {
      throw new CommandError(EXIT.config, error.message.split('\n'));
    }
    if (error instanceof TraceFormatError)
      throw new CommandError(EXIT.config, [`${error.message}.`]);
    throw error;
  }
}

export function openTrace(context: CommandContext, file: string): TraceFile {
  return openTraceFile(resolve(context.workingDirectory, file), file);
}

/** The number of an event; null where the option is not given. */
export function readSeq(raw: RawOptions, key: string): number | null {
  const text = readText(raw, key);
  if (text === null) return null;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new UsageError(`--${key} ${text}: write the number of an event (its seq), like 120.`);
}

export function readTraceChoice(raw: RawOptions): Choice {
  const [from, to] = [readSeq(raw, 'from'), readSeq(raw, 'to')];
  if (from !== null && to !== null && from > to) {
    throw new UsageError(`--from ${from} comes after --to ${to}: nothing is between them.`);
  }
  return { session: readText(raw, 'session'), scope: readText(raw, 'scope'), from, to };
}

/** The chosen events; a choice that leaves nothing says what there is. */
export function requireEvents(trace: TraceFile, choice: Choice): readonly LogEvent[] {
  const events = [...chosenEvents(trace.events(), choice)];
  if (events.length === 0) throw nothingChosen(trace, choice);
  return events;
}

export function nothingChosen(trace: TraceFile, { session, scope }: Choice): UsageError {
  const names = namesOf(trace.events());
  const { name } = trace;
  if (names.seqs === null) return new UsageError(`${name} holds no event: its run had not begun.`);
  if (session !== null && !names.sessions.includes(session)) {
    return unknownName(name, 'session', session, names.sessions);
  }
  if (scope !== null && !names.scopes.includes(scope)) {
    return unknownName(name, 'scope', scope, names.scopes);
  }
  const [first, last] = names.seqs;
  return new UsageError(`Nothing of ${name} is chosen: its events are ${first} to ${last}.`);
}

const NAMES_SHOWN = 12;

function unknownName(
  file: string,
  what: string,
  name: string,
  names: readonly string[],
): UsageError {
  const nearest = nearestWord(name, names);
  const suggestion = nearest === null ? '' : ` Did you mean "${nearest}"?`;
  const more = names.length > NAMES_SHOWN ? ` … (${names.length})` : '';
  const list = names.length === 0 ? 'none' : `${names.slice(0, NAMES_SHOWN).join(', ')}${more}`;
  return new UsageError(`${file} has no ${what} "${name}".${suggestion} It has: ${list}.`);
}

/** A result line; with `--ascii` without other signs. */
export function printLine(context: CommandContext, text: string): void {
  context.stdout(context.ascii ? toAscii(text) : text);
}

/** `  172  2026-01-05 08:00:00.135  sp: acme/vault-direct: generation 1 issued …`. */
export function eventLine(event: LogEvent, sentence: string): string {
  const who = event.session === null ? event.node : `${event.node} (${event.session})`;
  return `${`${event.seq}`.padStart(7)}  ${instantWords(event.at)}  ${who}: ${sentence}`;
}
