import { createTraceHasher } from '../../kernel/index.ts';
import { recipeOf } from '../../trace/replayers.ts';
import { encodeToken } from '../../trace/token.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { EXIT } from '../exit-codes.ts';
import { openTrace, readingTraces } from './trace-reading.ts';

/** A trace as one word: what it ran, and the hash of what came out. */
export async function traceToken(
  context: CommandContext,
  [file = '']: readonly string[],
): Promise<CommandResult> {
  return readingTraces(async () => {
    const trace = openTrace(context, file);
    const recipe = recipeOf(trace.header);
    const hasher = createTraceHasher(recipe);
    let events = 0;
    for (const event of trace.events()) {
      hasher.add(event);
      events += 1;
    }
    const hash = hasher.digest();
    const token = encodeToken({ recipe, outcome: { events, hash } });
    context.stdout(
      context.json ? JSON.stringify({ type: 'trace.token', token, events, hash }) : token,
    );
    return EXIT.ok;
  });
}
