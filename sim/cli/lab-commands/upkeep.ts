import { formatSize } from '../../scenario/size.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import type { DeleteOptions, VerifyOptions } from '../options.ts';
import { chooseBackup } from './choose-backup.ts';
import { exitCodeOf, labJob, withLab } from './lab-session.ts';
import { tellSession } from './session-report.ts';

/** Reads every block of a restore point back and verifies it; writes nothing. */
export function verify(context: CommandContext, options: VerifyOptions): Promise<CommandResult> {
  return withLab(context, 'verify', options, async (use) => {
    const chosen = chooseBackup(use, options, context);
    const job = {
      ...labJob(use, { ...chosen, operation: 'verify', kind: options.kind }),
      restorePoint: chosen.restorePoint,
    };
    const result = await use.open.run(chosen.tenant, job);
    const bytes = formatSize(result.summary?.sourceBytes ?? 0);
    tellSession(context, result, `Verified "${chosen.backup}": ${bytes}, every block is whole.`);
    return exitCodeOf(result);
  });
}

/** Removes one restore point and the blocks that no other one needs. */
export function deletePoint(
  context: CommandContext,
  options: DeleteOptions,
): Promise<CommandResult> {
  return withLab(context, 'delete', options, async (use) => {
    const chosen = chooseBackup(use, options, context);
    const job = {
      ...labJob(use, { ...chosen, operation: 'delete', kind: options.kind }),
      restorePoint: options.restorePoint,
    };
    const result = await use.open.run(chosen.tenant, job);
    const freed = formatSize(result.summary?.freedBytes ?? 0);
    tellSession(context, result, `Deleted restore point ${options.restorePoint}; ${freed} freed.`);
    return exitCodeOf(result);
  });
}
