import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { formatEvent } from '../../kernel/index.ts';
import { type DifferentPart, diffEvents, type FirstDifference } from '../../trace/diff.ts';
import { differencesOf, headerDifferences, type Ignored } from '../../trace/same-event.ts';
import { toEntry } from '../../tui/model/sentences.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { paint } from '../paint.ts';
import { type RawOptions, readText } from '../read-options.ts';
import { formatTable } from '../table.ts';
import { eventLine, openTrace, printLine, readingTraces } from './trace-reading.ts';

/** Compares two traces: exit 0 where they are the same, 1 where not. */
export async function traceDiff(
  context: CommandContext,
  [left = '', right = '']: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const ignored = readIgnored(raw);
  return readingTraces(async () => {
    const [one, other] = [openTrace(context, left), openTrace(context, right)];
    const headers = headerDifferences(one.header, other.header, ignored);
    const difference = diffEvents(one.events(), other.events(), ignored);
    const same = headers.length === 0 && difference.first === null && difference.parts.length === 0;
    if (context.json) {
      const { first } = difference;
      const fields =
        first?.left == null || first.right === null
          ? []
          : differencesOf(first.left, first.right, ignored);
      context.stdout(
        JSON.stringify({
          type: 'diff.summary',
          same,
          counts: difference.counts,
          header: headers.map(({ path }) => path),
          first: first === null ? null : { ...first, fields },
        }),
      );
      for (const part of difference.parts) {
        context.stdout(JSON.stringify({ type: 'diff.part', ...withSeqs(part) }));
      }
    } else if (same) {
      printLine(context, `Same: ${difference.counts[0]} events${without(ignored)}.`);
    } else {
      for (const { path, left: before, right: after } of headers) {
        printLine(context, `header ${path}: ${short(before)} and ${short(after)}`);
      }
      if (difference.first !== null) tellFirst(context, difference.first, ignored);
      else
        printLine(context, `The ${difference.counts[0]} events are the same${without(ignored)}.`);
      tellParts(context, difference.parts);
    }
    return same ? EXIT.ok : EXIT.failed;
  });
}

const FIELDS = ['seq', 'at', 'node', 'type', 'session', 'kind', 'seed', 'build', 'options'];

function readIgnored(raw: RawOptions): Ignored {
  const text = readText(raw, 'ignore');
  if (text === null) return new Set();
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) {
    if (FIELDS.includes(name) || /^(data|options)\.[\w.]+$/.test(name)) continue;
    throw new UsageError(
      `--ignore: "${name}" is no field. Use ${FIELDS.join(', ')}, or one of the data, like data.keyId.`,
    );
  }
  return new Set(names);
}

function without(ignored: Ignored): string {
  return ignored.size === 0 ? '' : `, not looking at ${[...ignored].join(', ')}`;
}

const SHORT = 60;

function short(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length <= SHORT ? text : `${text.slice(0, SHORT)}…`;
}

function tellFirst(context: CommandContext, first: FirstDifference, ignored: Ignored): void {
  const { position, left, right, context: before } = first;
  const heading = `The first difference comes after ${position} events that are the same.`;
  printLine(context, paint(heading, 'bold', context));
  for (const event of before) {
    printLine(context, paint(eventLine(event, toEntry(event).text), 'dim', context));
  }
  const tell = (name: string, event: LogEvent | null): void => {
    printLine(
      context,
      `${name}  ${event === null ? 'nothing: its log is over' : formatEvent(event)}`,
    );
  };
  tell('left ', left);
  tell('right', right);
  if (left === null || right === null) return;
  for (const { path, left: before_, right: after } of differencesOf(left, right, ignored)) {
    printLine(context, `  ${path}: ${short(before_)} left, ${short(after)} right`);
  }
}

function withSeqs({ first, ...part }: DifferentPart) {
  return { ...part, first: [first[0]?.seq ?? null, first[1]?.seq ?? null] };
}

function tellParts(context: CommandContext, parts: readonly DifferentPart[]): void {
  if (parts.length === 0) return;
  const columns = [
    { title: 'Differs' },
    { title: 'left', align: 'right' as const },
    { title: 'right', align: 'right' as const },
    { title: 'first at', align: 'right' as const },
    { title: 'came to, left' },
    { title: 'right' },
  ];
  const rows = parts.map(({ kind, name, counts, ends, first }) => [
    kind === 'rest' ? 'everything else' : `${kind} ${name}`,
    `${counts[0]}`,
    `${counts[1]}`,
    `${first[0]?.seq ?? '-'}/${first[1]?.seq ?? '-'}`,
    ends[0] ?? 'not there',
    ends[1] ?? 'not there',
  ]);
  context.stdout('');
  for (const line of formatTable(columns, rows, { ascii: context.ascii })) printLine(context, line);
}
