import { type ExplainedRequest, explainRequest } from '../../storage/index.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { type RawOptions, readText } from '../read-options.ts';
import { openControl } from './storage-control.ts';

/** Says of the latest requests why each was allowed or denied. */
export async function auth(
  context: CommandContext,
  _arguments: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const last = readText(raw, 'last') ?? '20';
  if (!/^[1-9]\d{0,2}$|^1000$/.test(last)) {
    throw new UsageError(`--last: "${last}" is not a number from 1 to 1000.`);
  }
  const control = await openControl(context, raw);
  const path = `/v1/requests?last=${last}`;
  const entries = (await control.ask('GET', path)) as readonly ExplainedRequest[];
  if (entries.length === 0 && !context.json) context.stdout('There was no request yet.');
  for (const entry of entries) {
    if (context.json) context.stdout(JSON.stringify({ type: 'storage.request', ...entry }));
    else for (const line of explainRequest(entry)) context.stdout(line);
  }
  return EXIT.ok;
}
