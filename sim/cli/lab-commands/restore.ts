import { plural } from '../../fleet/report/words.ts';
import { formatSize } from '../../scenario/size.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import type { RestoreOptions } from '../options.ts';
import { chooseBackup } from './choose-backup.ts';
import { exitCodeOf, labJob, withLab } from './lab-session.ts';
import { tellSession } from './session-report.ts';

/** Brings a restore point back into a folder; every block is verified before it is written. */
export function restore(context: CommandContext, options: RestoreOptions): Promise<CommandResult> {
  return withLab(context, 'restore', options, async (use) => {
    const chosen = chooseBackup(use, options, context);
    const job = {
      ...labJob(use, { ...chosen, operation: 'restore', kind: options.kind }),
      restorePoint: chosen.restorePoint,
      sink: { type: 'folder', path: options.folder, force: options.force } as const,
    };
    const result = await use.open.run(chosen.tenant, job);
    const files = result.summary?.files ?? 0;
    const bytes = formatSize(result.summary?.sourceBytes ?? 0);
    tellSession(
      context,
      result,
      `Restored ${plural(files, 'file')}, ${bytes}, into ${options.folder}; every block was verified.`,
    );
    return exitCodeOf(result);
  });
}
