import type { LabCommands } from './command-context.ts';

/**
 * Loads the commands that need a running lab, with the SDKs and machines behind them: late, so that
 * `--help` and wrong usage answer at once.
 */
export async function loadLab(): Promise<LabCommands> {
  return (await import('./lab-commands/index.ts')).labCommands;
}
