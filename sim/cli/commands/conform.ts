import {
  type Conformance,
  conform,
  conformOptionsOf,
  type Deviation,
  deviationWords,
} from '../../conform/index.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { paint } from '../paint.ts';
import { eventLine, openTrace, printLine, readingTraces } from './trace-reading.ts';

/**
 * Whether every step of a recorded run is one that the machines allow. Ends with 1 at a step that
 * they do not, and with 5 when the log says too little to follow a part of it.
 */
export async function conformCommand(
  context: CommandContext,
  [file = '']: readonly string[],
): Promise<CommandResult> {
  return readingTraces(async () => {
    const trace = openTrace(context, file);
    const found = conform(() => trace.events(), conformOptionsOf(trace.header));
    if (context.json) tellJson(context, found);
    else tell(context, found, trace.name);
    return exitCode(found);
  });
}

function exitCode({ deviations, lost }: Conformance): ExitCode {
  if (deviations.length > 0) return EXIT.failed;
  return lost.length > 0 ? EXIT.inconclusive : EXIT.ok;
}

function tellJson(context: CommandContext, found: Conformance): void {
  const { deviations, ...sums } = found;
  for (const deviation of deviations) {
    context.stdout(JSON.stringify({ type: 'conform.deviation', ...deviation }));
  }
  const summary = { ...sums, deviations: deviations.length };
  context.stdout(JSON.stringify({ type: 'conform.summary', ...summary }));
}

function tell(context: CommandContext, found: Conformance, name: string): void {
  const { sessions, scopes, connections, lines, statesMax, deviations, lost } = found;
  const [first, ...others] = deviations;
  const followed =
    `${sessions} sessions, ${scopes} credential scopes and ${connections} connections ` +
    `of ${name}: ${lines} lines are compared, up to ${statesMax} possibilities at once.`;
  if (first === undefined) {
    const verdict = 'Every step is one that the machines allow.';
    printLine(context, paint(verdict, lost.length === 0 ? 'green' : 'yellow', context));
  } else {
    tellFirst(context, first);
    for (const other of others) printLine(context, deviationWords(other));
  }
  for (const part of lost) printLine(context, `Not followed to its end: ${part}.`);
  printLine(context, followed);
}

function tellFirst(context: CommandContext, { machine, subject, event, ...told }: Deviation): void {
  const heading = `${subject}: no step of the ${machine}`;
  printLine(context, paint(heading, 'red', context));
  printLine(context, eventLine(event, `${event.type} ${JSON.stringify(event.data)}`));
  list(context, 'it was in', told.states);
  list(context, 'it allowed', told.expected);
}

function list(context: CommandContext, title: string, items: readonly string[]): void {
  const shown = items.length === 0 ? ['nothing that a log tells'] : items;
  for (const [index, item] of shown.entries()) {
    printLine(context, `  ${(index === 0 ? title : '').padEnd(12)}${item}`);
  }
}
