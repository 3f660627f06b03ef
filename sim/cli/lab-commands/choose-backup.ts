import type { CommandContext } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import type { LabUse } from './lab-session.ts';

/** What the user said about which backup is meant. */
export interface AskedBackup {
  readonly tenant: string | null;
  readonly subtenant: string | null;
  readonly repository: string | null;
  /** Name of the backup, or the id of one of its restore points. */
  readonly backup: string;
  readonly restorePoint: string | null;
}

export interface ChosenBackup {
  readonly tenant: string;
  readonly subtenant: string | null;
  readonly repository: string;
  readonly backup: string;
  readonly restorePoint: string | null;
}

/**
 * Finds the one backup that is meant, from what the tenants remember of their sessions. A name that
 * stands for several backups is never guessed at.
 */
export function chooseBackup(
  use: LabUse,
  asked: AskedBackup,
  context: CommandContext,
): ChosenBackup {
  const matches = new Map<string, ChosenBackup>();
  for (const memory of use.folder.memories()) {
    if (memory.operation !== 'backup' || memory.state !== 'done') continue;
    const isPoint = memory.restorePoint === asked.backup;
    if (memory.backup !== asked.backup && !isPoint) continue;
    if (asked.tenant !== null && memory.tenant !== asked.tenant) continue;
    if (asked.subtenant !== null && memory.subtenant !== asked.subtenant) continue;
    if (asked.repository !== null && memory.repository !== asked.repository) continue;
    const { tenant, subtenant, repository, backup } = memory;
    const restorePoint = isPoint ? asked.backup : asked.restorePoint;
    matches.set(JSON.stringify([tenant, subtenant, repository, backup]), {
      tenant,
      subtenant,
      repository,
      backup,
      restorePoint,
    });
  }
  const [only, ...others] = matches.values();
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined) {
    const { tenant, repository, subtenant, backup, restorePoint } = asked;
    // Made from somewhere else: the storage knows better than this lab's memory.
    if (tenant !== null && repository !== null) {
      return { tenant, subtenant, repository, backup, restorePoint };
    }
    throw new UsageError(
      `There is no backup or restore point "${asked.backup}" in ${context.stateDirectory}: "fortnight list" shows what there is.`,
    );
  }
  const choices = [...matches.values()].map(
    ({ tenant, subtenant, repository }) =>
      `--tenant ${tenant}${subtenant === null ? '' : ` --subtenant ${subtenant}`} --repository ${repository}`,
  );
  throw new UsageError(
    `"${asked.backup}" is the name of several backups; add one of: ${choices.join(' | ')}.`,
  );
}
