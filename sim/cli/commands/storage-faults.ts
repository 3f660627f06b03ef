import { formatDuration, parseDuration } from '../../../machines/rules/duration.ts';
import type { FaultCount, FaultRule } from '../../storage/index.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { type RawOptions, readChoice, readText } from '../read-options.ts';
import { openControl } from './storage-control.ts';

/** The words of the command line, and what they mean in the fault table. */
const KINDS = {
  error: { kind: 'error' },
  throttle: { kind: 'error', code: 'SlowDown', status: 503, retryAfterSeconds: 1 },
  delay: { kind: 'delay' },
  cut: { kind: 'reset', when: 'before' },
  'lose-reply': { kind: 'reset', when: 'after' },
  'corrupt-body': { kind: 'corruptBody' },
  'key-propagation': { kind: 'delayKeyPropagation' },
  'clock-skew': { kind: 'skewClock' },
} as const;
const WORDS = Object.keys(KINDS) as readonly (keyof typeof KINDS)[];
const TIMED: readonly string[] = ['delay', 'key-propagation', 'clock-skew'];

/** Adds, lists or clears the faults of a running storage. */
export async function faults(
  context: CommandContext,
  [action = 'list', kind, ...more]: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const chosen = readChoice('faults', action, ['add', 'list', 'clear']);
  const isSurplus = chosen === 'add' ? more.length > 0 : kind !== undefined;
  if (isSurplus) throw new UsageError(`faults ${chosen}: there are too many words.`);
  const rule = chosen === 'add' ? readRule(kind, raw) : undefined;
  const control = await openControl(context, raw);
  const method = { add: 'POST', list: 'GET', clear: 'DELETE' } as const;
  const answer = await control.ask(method[chosen], '/v1/faults', rule);
  tell(context, answer as readonly FaultCount[]);
  return EXIT.ok;
}

function tell(context: CommandContext, counts: readonly FaultCount[]): void {
  if (context.json) {
    for (const count of counts) context.stdout(JSON.stringify({ type: 'storage.fault', ...count }));
    return;
  }
  if (counts.length === 0) context.stdout('No faults are set.');
  for (const { rule, matched, fired } of counts) {
    context.stdout(`${describe(rule)}; met ${matched} calls, spoiled ${fired}`);
  }
}

function describe(rule: FaultRule): string {
  const { nth, repeat = 1, operation = 'any operation', keyPrefix } = rule;
  const last = repeat >= Number.MAX_SAFE_INTEGER - nth ? 'on' : `to ${nth + repeat - 1}`;
  const calls = repeat === 1 ? `call ${nth}` : `calls ${nth} ${last}`;
  const where = keyPrefix === undefined ? '' : ` below ${keyPrefix}`;
  return `${whatOf(rule)} at ${calls} of ${operation}${where}`;
}

function whatOf(rule: FaultRule): string {
  switch (rule.kind) {
    case 'error':
      return `error ${rule.status} ${rule.code}`;
    case 'reset':
      return rule.when === 'after' ? 'lose-reply' : 'cut';
    case 'corruptBody':
      return 'corrupt-body';
    case 'delayKeyPropagation':
      return `key-propagation by ${formatDuration(rule.ms)}`;
    case 'delay':
      return `delay by ${formatDuration(rule.ms)}`;
    case 'skewClock':
      return `clock-skew by ${formatDuration(rule.ms)}`;
    default:
      throw new Error(`unknown fault: ${JSON.stringify(rule satisfies never)}`);
  }
}

/** The rule as the control API takes it; what the words cannot mean is refused here already. */
function readRule(word: string | undefined, raw: RawOptions): Readonly<Record<string, unknown>> {
  if (word === undefined) {
    throw new UsageError(`faults add: the kind is missing. Use one of: ${WORDS.join(', ')}.`);
  }
  const kind = readChoice('faults add', word, WORDS);
  const by = readText(raw, 'by');
  if (TIMED.includes(kind) && by === null) throw new UsageError(`--by is missing, like --by 30s.`);
  if (!TIMED.includes(kind) && by !== null) throw new UsageError(`--by means nothing for ${kind}.`);
  const given: Record<string, unknown> = {
    operation: readText(raw, 'operation') ?? undefined,
    keyPrefix: readText(raw, 'prefix') ?? undefined,
    nth: readCount(raw, 'nth'),
    repeat: raw.repeat === 'always' ? Number.MAX_SAFE_INTEGER : readCount(raw, 'repeat'),
    code: readText(raw, 'code') ?? undefined,
    status: readCount(raw, 'status'),
    message: readText(raw, 'message') ?? undefined,
    retryAfterSeconds: readCount(raw, 'retryAfter'),
    ms: by === null ? undefined : readSignedMs(by, kind === 'clock-skew'),
  };
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...KINDS[kind], ...Object.fromEntries(known) };
}

function readCount(raw: RawOptions, key: string): number | undefined {
  const text = readText(raw, key);
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const option = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(`--${option}: "${text}" is not a whole number.`);
}

function readSignedMs(text: string, maySign: boolean): number {
  const isNegative = maySign && text.startsWith('-');
  const duration = parseDuration(maySign ? text.replace(/^[+-]/, '') : text);
  if (!duration.ok) throw new UsageError(`--by: ${duration.problem}.`);
  return isNegative ? -duration.ms : duration.ms;
}
