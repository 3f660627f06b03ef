import { scenarioJsonSchema } from '../../scenario/schema.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { EXIT } from '../exit-codes.ts';
import { type RawOptions, readFlag } from '../read-options.ts';

/** Prints the JSON Schema of the scenario file, or of the fleet file; with `--json` on one line. */
export async function schema(
  context: CommandContext,
  _positional: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const document = readFlag(raw, 'fleet')
    ? (await import('../../fleet/file/schema.ts')).fleetJsonSchema()
    : scenarioJsonSchema();
  const text = context.json ? JSON.stringify(document) : JSON.stringify(document, null, 2);
  for (const line of text.split('\n')) context.stdout(line);
  return EXIT.ok;
}
