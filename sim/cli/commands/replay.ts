import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { formatEvent, formatHeader } from '../../kernel/index.ts';
import type { Recipe } from '../../trace/recipe.ts';
import { type ReplayDifference, replay, rerun } from '../../trace/replay.ts';
import { type Replayer, recipeOf, replayerFor } from '../../trace/replayers.ts';
import { differencesOf, IGNORE_NOTHING } from '../../trace/same-event.ts';
import { decodeToken, isToken, type ReplayToken } from '../../trace/token.ts';
import { toEntry } from '../../tui/model/sentences.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { buildName } from '../lab-commands/surroundings.ts';
import { paint } from '../paint.ts';
import { type RawOptions, readFlag, readText } from '../read-options.ts';
import { eventLine, openTrace, printLine, readingTraces, readSeq } from './trace-reading.ts';

/** Runs a recorded run again, from its trace or from a token. */
export async function replayCommand(
  context: CommandContext,
  [given = '']: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const to = readSeq(raw, 'to');
  const file = readText(raw, 'trace');
  return readingTraces(async () => {
    const copy = file === null ? null : openCopy(context, file);
    try {
      return isToken(given)
        ? await replayToken(context, decodeToken(given), {
            to,
            copy,
            force: readFlag(raw, 'force'),
          })
        : await replayTrace(context, given, { to, copy });
    } finally {
      copy?.close();
    }
  });
}

interface Copy {
  readonly begin: (recipe: Recipe) => void;
  readonly add: (event: LogEvent) => void;
  readonly close: () => void;
}

function openCopy({ workingDirectory }: CommandContext, file: string): Copy {
  let handle: number;
  try {
    handle = openSync(resolve(workingDirectory, file), 'w', 0o600);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError(
      `--trace: ${file} cannot be written (${code}); its folder must exist and be yours.`,
    );
  }
  return {
    begin: (recipe) => writeSync(handle, `${formatHeader(recipe)}\n`),
    add: (event) => writeSync(handle, `${formatEvent(event)}\n`),
    close: () => closeSync(handle),
  };
}

/** Everything is also written down, as it comes. */
function copying(replayer: Replayer, copy: Copy | null): Replayer {
  if (copy === null) return replayer;
  return (recipe, see, signal) => {
    copy.begin({ ...recipe, build: buildName() });
    const both = (event: LogEvent): void => {
      if (!signal.aborted) copy.add(event);
      see(event);
    };
    return replayer(recipe, both, signal);
  };
}

async function replayTrace(
  context: CommandContext,
  given: string,
  { to, copy }: { readonly to: number | null; readonly copy: Copy | null },
): Promise<CommandResult> {
  const trace = openTrace(context, given);
  const recipe = recipeOf(trace.header);
  if (recipe.build !== buildName()) {
    context.stderr(`Recorded by "${recipe.build}", replayed by "${buildName()}".`);
  }
  const result = await replay({
    recipe,
    recorded: trace.events(),
    replayer: copying(await replayerFor(recipe), copy),
    signal: context.signal,
    ...(to === null ? {} : { to }),
  });
  const { difference, sameCount, last, verdict } = result;
  const isStopped = verdict === null && difference === null;
  if (context.json) {
    const fields = difference === null ? [] : fieldsOf(difference);
    context.stdout(
      JSON.stringify({
        type: 'replay.summary',
        same: difference === null,
        sameCount,
        stoppedAt: isStopped ? (last?.seq ?? null) : null,
        difference: difference === null ? null : { ...difference, fields },
        violations: verdict?.violations ?? [],
      }),
    );
  } else if (difference !== null) tellDifference(context, difference, sameCount);
  else if (isStopped) {
    printLine(context, `Same so far: ${sameCount} events; stopped after this one:`);
    if (last !== null) printLine(context, eventLine(last, toEntry(last).text));
  } else printLine(context, `Same: ${sameCount} events, each as it was recorded.`);
  if (!context.json) tellViolations(context, verdict?.violations ?? []);
  if (context.signal.aborted) return EXIT.inconclusive;
  return difference === null ? EXIT.ok : EXIT.failed;
}

function fieldsOf({ recorded, replayed }: ReplayDifference) {
  if (recorded === null || replayed === null) return [];
  return differencesOf(recorded, replayed, IGNORE_NOTHING);
}

function tellDifference(
  context: CommandContext,
  difference: ReplayDifference,
  sameCount: number,
): void {
  const { recorded, replayed, context: before } = difference;
  printLine(
    context,
    paint(`Different after ${sameCount} events that are the same.`, 'bold', context),
  );
  for (const event of before) {
    printLine(context, paint(eventLine(event, toEntry(event).text), 'dim', context));
  }
  const tell = (name: string, event: LogEvent | null): void => {
    printLine(
      context,
      `${name}  ${event === null ? 'nothing: its log is over' : formatEvent(event)}`,
    );
  };
  tell('recorded', recorded);
  tell('replayed', replayed);
  for (const { path, left, right } of fieldsOf(difference)) {
    printLine(
      context,
      `  ${path}: ${JSON.stringify(left)} recorded, ${JSON.stringify(right)} replayed`,
    );
  }
}

function tellViolations(
  context: CommandContext,
  violations: readonly {
    readonly invariant: string;
    readonly session: string | null;
    readonly text: string;
  }[],
): void {
  for (const { invariant, session, text } of violations) {
    context.stderr(`${invariant}${session === null ? '' : ` in ${session}`}: ${text}`);
  }
}

async function replayToken(
  context: CommandContext,
  { recipe, outcome }: ReplayToken,
  {
    to,
    copy,
    force,
  }: { readonly to: number | null; readonly copy: Copy | null; readonly force: boolean },
): Promise<CommandResult> {
  if (recipe.build !== buildName() && !force) {
    throw new CommandError(EXIT.config, [
      `The token was made by "${recipe.build}", and this is "${buildName()}": the same run may ` +
        'come out otherwise. Use that build, or add --force to try.',
    ]);
  }
  copy?.begin({ ...recipe, build: buildName() });
  const stop = new AbortController();
  const cancel = (): void => stop.abort();
  context.signal.addEventListener('abort', cancel, { once: true });
  let last: LogEvent | null = null;
  const see = (event: LogEvent): void => {
    if (stop.signal.aborted) return;
    last = event;
    copy?.add(event);
    if (to !== null && event.seq >= to) stop.abort();
  };
  try {
    const { events, hash, verdict } = await rerun(recipe, see, stop.signal);
    if (stop.signal.aborted) return tellStopped(context, last);
    const same = outcome === null ? null : outcome.hash === hash;
    const { violations } = verdict;
    if (context.json) {
      context.stdout(JSON.stringify({ type: 'replay.summary', same, events, hash, violations }));
    } else {
      printLine(context, sameWords(same, events, outcome));
      tellViolations(context, violations);
    }
    if (same !== null) return same ? EXIT.ok : EXIT.failed;
    return violations.length === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    context.signal.removeEventListener('abort', cancel);
  }
}

function tellStopped(context: CommandContext, last: LogEvent | null): CommandResult {
  if (context.json) {
    const stoppedAt = last?.seq ?? null;
    context.stdout(JSON.stringify({ type: 'replay.summary', same: null, stoppedAt }));
  } else {
    printLine(context, 'Stopped after this event:');
    if (last !== null) printLine(context, eventLine(last, toEntry(last).text));
  }
  return context.signal.aborted ? EXIT.inconclusive : EXIT.ok;
}

function sameWords(same: boolean | null, events: number, outcome: ReplayToken['outcome']): string {
  if (same === null)
    return `Run again: ${events} events; the token does not say what came out before.`;
  if (same) return `Same: ${events} events, the same log as when the token was made.`;
  return `Different: ${events} events, and ${outcome?.events ?? 0} when the token was made.`;
}
