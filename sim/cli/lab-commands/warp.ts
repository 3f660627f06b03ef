import { formatDuration } from '../../../machines/rules/duration.ts';
import { formatInstant } from '../../../machines/rules/time.ts';
import { DEFAULT_LAB } from '../../lab/default-lab.ts';
import { labNow, realNow } from '../../lab/lab-records.ts';
import { StateFolder } from '../../lab/state-folder.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { EXIT } from '../exit-codes.ts';
import type { WarpOptions } from '../options.ts';

/** Moves the clock of a lab that nobody is working in; the next command starts at the new time. */
export async function warp(context: CommandContext, options: WarpOptions): Promise<CommandResult> {
  const folder = StateFolder.open(context.stateDirectory, DEFAULT_LAB);
  try {
    const fromMs = labNow(folder);
    const toMs = fromMs + options.byMs;
    folder.saveClockState({ virtualAt: toMs, realAt: realNow(), rate: 1 });
    if (context.json) {
      context.stdout(JSON.stringify({ type: 'warp.summary', ok: true, fromMs, toMs }));
    } else {
      const by = formatDuration(options.byMs);
      context.stdout(`The lab's clock went ${by} ahead: it shows ${formatInstant(toMs)}.`);
    }
  } finally {
    folder.close();
  }
  return EXIT.ok;
}
