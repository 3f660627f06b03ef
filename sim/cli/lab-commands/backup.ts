import { plural } from '../../fleet/report/words.ts';
import { formatSize } from '../../scenario/size.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import type { BackupOptions } from '../options.ts';
import { exitCodeOf, labJob, withLab } from './lab-session.ts';
import { tellSession } from './session-report.ts';

/** One backup of a folder into the lab; unchanged blocks are not sent again. */
export function backup(context: CommandContext, options: BackupOptions): Promise<CommandResult> {
  return withLab(context, 'backup', { ...options, makesLab: true }, async (use) => {
    const job = {
      ...labJob(use, { ...options, operation: 'backup' }),
      blockBytes: options.blockBytes,
      source: { type: 'folder', path: options.folder } as const,
    };
    const result = await use.open.run(options.tenant, job);
    const { summary } = result;
    const what =
      summary === null
        ? ''
        : `${plural(summary.files, 'file')}, ${formatSize(summary.sourceBytes)}: ${summary.blocksStored} of ${summary.blocksTotal} blocks were new, ${formatSize(summary.storageBytes)} stored`;
    const point = summary?.restorePoint ?? '';
    tellSession(
      context,
      result,
      `Backed up ${options.folder} as "${options.backup}", restore point ${point}\n  ${what}`,
    );
    return exitCodeOf(result);
  });
}
