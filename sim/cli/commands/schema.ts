import { scenarioJsonSchema } from '../../scenario/schema.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { EXIT } from '../exit-codes.ts';

/** Prints the JSON Schema of the scenario file; with `--json` on one line. */
export async function schema(context: CommandContext): Promise<CommandResult> {
  const document = scenarioJsonSchema();
  const text = context.json ? JSON.stringify(document) : JSON.stringify(document, null, 2);
  for (const line of text.split('\n')) context.stdout(line);
  return EXIT.ok;
}
