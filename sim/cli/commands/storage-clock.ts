import { formatDuration, parseDuration } from '../../../machines/rules/duration.ts';
import { formatInstant } from '../../../machines/rules/time.ts';
import type { ClockCommand } from '../../storage/index.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import type { RawOptions } from '../read-options.ts';
import { openControl } from './storage-control.ts';

const HOW = 'write +15m, -1d, an instant like 2026-12-01T00:00:00Z, now, rate 60x, pause or resume';

/** Shows or moves the clock of a running storage; told are the time before and after. */
export async function clock(
  context: CommandContext,
  words: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const command = readClockWords(words);
  const control = await openControl(context, raw);
  if (command === null) {
    const { now, rate } = (await control.status()).clock;
    if (context.json) context.stdout(JSON.stringify({ type: 'storage.clock', now, rate }));
    else context.stdout(`The storage's clock shows ${formatInstant(now)}${paceOf(rate)}.`);
    return EXIT.ok;
  }
  const moved = (await control.ask('POST', '/v1/clock', command)) as {
    readonly before: number;
    readonly after: number;
    readonly rate: number;
  };
  if (context.json) {
    context.stdout(JSON.stringify({ type: 'storage.clock', ...moved }));
    return EXIT.ok;
  }
  const byMs = moved.after - moved.before;
  const by = byMs === 0 ? '' : ` (${byMs > 0 ? '+' : ''}${formatDuration(byMs)})`;
  context.stdout(`before  ${formatInstant(moved.before)}`);
  context.stdout(`after   ${formatInstant(moved.after)}${by}${paceOf(moved.rate)}`);
  return EXIT.ok;
}

function paceOf(rate: number): string {
  if (rate === 1) return '';
  return rate === 0 ? ', paused' : `, running ${rate}x`;
}

/** The words after `storage clock`; `null` when there are none. Throws UsageError. */
export function readClockWords(words: readonly string[]): ClockCommand | null {
  const [first, second, ...more] = words;
  if (first === undefined) return null;
  if (first === 'rate' && second !== undefined && more.length === 0) return readRate(second);
  if (second !== undefined) throw new UsageError(`clock: "${words.join(' ')}": ${HOW}.`);
  if (first === 'now') return { type: 'now' };
  if (first === 'pause') return { type: 'rate', rate: 0 };
  if (first === 'resume') return { type: 'rate', rate: 1 };
  if (/^\d{4}-\d\d-\d\d(T|$)/.test(first)) return readInstant(first);
  if (first.startsWith('--')) throw new UsageError(`clock: unknown option '${first}'; ${HOW}.`);
  const sign = first[0] === '-' ? -1 : 1;
  if (first[0] !== '+' && first[0] !== '-') throw new UsageError(`clock: "${first}": ${HOW}.`);
  const duration = parseDuration(first.slice(1));
  if (!duration.ok) throw new UsageError(`clock: ${duration.problem}.`);
  return { type: 'move', byMs: sign * duration.ms };
}

function readInstant(text: string): ClockCommand {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(`clock: "${text}" is no instant: ${HOW}.`);
  return { type: 'set', at };
}

function readRate(text: string): ClockCommand {
  const match = /^(\d+(?:\.\d+)?)x?$/.exec(text);
  if (match === null) throw new UsageError(`clock: "${text}" is no rate: write it like 60x.`);
  return { type: 'rate', rate: Number(match[1]) };
}
