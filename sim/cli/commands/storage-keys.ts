import { formatDuration } from '../../../machines/rules/duration.ts';
import { formatInstant } from '../../../machines/rules/time.ts';
import { FAMILY_KINDS, shellWord } from '../../storage/index.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { EXIT } from '../exit-codes.ts';
import { type RawOptions, readChoice, readDuration, readText } from '../read-options.ts';
import { openControl } from './storage-control.ts';

const DEFAULT_DURATION = '1h';

/** What the storage answers: a credential, and where and until when it opens what. */
interface Issued {
  readonly bucket: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly commands: readonly string[];
  readonly expiresAt: number;
  readonly endpoint: string;
  readonly now: number;
}

/** Issues a temporary credential of a running storage and prints it as lines for a shell. */
export async function keys(
  context: CommandContext,
  _arguments: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const durationMs = readDuration('--duration', readText(raw, 'duration') ?? DEFAULT_DURATION);
  const family = readChoice('--kind', readText(raw, 'kind') ?? 's3', FAMILY_KINDS);
  const prefix = wholeSegments(readText(raw, 'prefix') ?? '');
  const control = await openControl(context, raw);
  const bucket = readText(raw, 'bucket') ?? undefined;
  const issued = (await control.ask('POST', '/v1/keys', {
    family,
    bucket,
    prefix,
    durationMs,
  })) as Issued;
  if (context.json) {
    context.stdout(JSON.stringify({ type: 'storage.keys', prefix, ...issued }));
    return EXIT.ok;
  }
  const left = formatDuration(Math.round((issued.expiresAt - issued.now) / 1000) * 1000);
  context.stdout(`# full access to ${issued.bucket}/${prefix}* at ${issued.endpoint}`);
  context.stdout(`# until ${formatInstant(issued.expiresAt)} on the storage's clock (${left})`);
  for (const [name, value] of Object.entries(issued.environment)) {
    context.stdout(`export ${name}=${shellWord(value)}`);
  }
  context.stdout('# then, for example:');
  for (const command of issued.commands) context.stdout(`#   ${command}`);
  return EXIT.ok;
}

/** A prefix ends with a slash, because the prefix T1 would cover the sibling T10 as well. */
function wholeSegments(prefix: string): string {
  return prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
}
