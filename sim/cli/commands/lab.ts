import { BLOCK_BYTES_MAX, BLOCK_BYTES_MIN } from '../../scenario/block-size.ts';
import { formatSize } from '../../scenario/size.ts';
import type { CommandContext, CommandResult, LabCommands } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { loadLab } from '../load-lab.ts';
import {
  type RawOptions,
  readBackupName,
  readDuration,
  readFlag,
  readJobKind,
  readName,
  readOptionalName,
  readSize,
  readSourceFolder,
  readTargetFolder,
  readText,
} from '../read-options.ts';

/**
 * The commands on a lab's backups. Each reads its options completely before the lab is loaded, so
 * that a wrong command line changes nothing.
 */
type LoadLab = () => Promise<LabCommands>;

const DEFAULT_BLOCK_SIZE = '1MiB';

function backupChoice(raw: RawOptions) {
  return {
    tenant: readOptionalName(raw, 'tenant'),
    subtenant: readOptionalName(raw, 'subtenant'),
    repository: readOptionalName(raw, 'repository'),
  };
}

function required(raw: RawOptions, key: string, remedy: string): string {
  const value = readText(raw, key);
  if (value === null) throw new UsageError(`--${key} is missing: ${remedy}.`);
  return value;
}

export async function backup(
  context: CommandContext,
  [folderText = '']: readonly string[],
  raw: RawOptions,
  load: LoadLab = loadLab,
): Promise<CommandResult> {
  const tenant = required(raw, 'tenant', 'the default lab has the tenant acme');
  const repository = required(
    raw,
    'repository',
    'the default lab has vault-direct and vault-gateway',
  );
  const folder = readSourceFolder(folderText, context.workingDirectory);
  const blockBytes = readSize('--block-size', readText(raw, 'blockSize') ?? DEFAULT_BLOCK_SIZE);
  if (blockBytes < BLOCK_BYTES_MIN || blockBytes > BLOCK_BYTES_MAX) {
    const bounds = `${formatSize(BLOCK_BYTES_MIN)} to ${formatSize(BLOCK_BYTES_MAX)}`;
    throw new UsageError(`--block-size: a block has ${bounds}.`);
  }
  const options = {
    folder,
    tenant: readName('tenant', tenant),
    subtenant: readOptionalName(raw, 'subtenant'),
    repository: readName('repository', repository),
    backup: readBackupName(readText(raw, 'backup'), folder),
    kind: readJobKind(raw),
    blockBytes,
  };
  return (await load()).backup(context, options);
}

export async function restore(
  context: CommandContext,
  [backupName = '', folderText = '']: readonly string[],
  raw: RawOptions,
  load: LoadLab = loadLab,
): Promise<CommandResult> {
  const force = readFlag(raw, 'force');
  const options = {
    ...backupChoice(raw),
    backup: readName('backup', backupName),
    folder: readTargetFolder(folderText, context.workingDirectory, force),
    restorePoint: readText(raw, 'point'),
    kind: readJobKind(raw),
    force,
  };
  return (await load()).restore(context, options);
}

export async function list(
  context: CommandContext,
  _arguments: readonly string[],
  raw: RawOptions,
  load: LoadLab = loadLab,
): Promise<CommandResult> {
  const options = { ...backupChoice(raw), backup: readOptionalName(raw, 'backup') };
  return (await load()).list(context, options);
}

export async function verify(
  context: CommandContext,
  [backupName = '']: readonly string[],
  raw: RawOptions,
  load: LoadLab = loadLab,
): Promise<CommandResult> {
  // A target file, and no backup: another command, which needs no lab.
  if (/\.ya?ml$/i.test(backupName)) {
    return (await import('./verify-target.ts')).verifyTarget(context, backupName, raw);
  }
  if (readText(raw, 'junit') !== null) {
    throw new UsageError('--junit is for a storage: name its target file (.yaml).');
  }
  const options = {
    ...backupChoice(raw),
    backup: readName('backup', backupName),
    restorePoint: readText(raw, 'point'),
    kind: readJobKind(raw),
  };
  return (await load()).verify(context, options);
}

/** `delete` is a reserved word; the lab's command keeps it as its key. */
export async function deletePoint(
  context: CommandContext,
  [backupName = '']: readonly string[],
  raw: RawOptions,
  load: LoadLab = loadLab,
): Promise<CommandResult> {
  const options = {
    ...backupChoice(raw),
    backup: readName('backup', backupName),
    restorePoint: required(raw, 'point', 'name the restore point, as "fortnight list" shows it'),
    kind: readJobKind(raw),
  };
  return (await load()).delete(context, options);
}

export async function credentials(
  context: CommandContext,
  _arguments: readonly string[],
  raw: RawOptions,
  load: LoadLab = loadLab,
): Promise<CommandResult> {
  const options = {
    tenant: readOptionalName(raw, 'tenant'),
    repository: readOptionalName(raw, 'repository'),
  };
  return (await load()).credentials(context, options);
}

export async function audit(
  context: CommandContext,
  _arguments: readonly string[],
  raw: RawOptions,
  load: LoadLab = loadLab,
): Promise<CommandResult> {
  const options = {
    tenant: readOptionalName(raw, 'tenant'),
    repository: readOptionalName(raw, 'repository'),
  };
  return (await load()).audit(context, options);
}

export async function warp(
  context: CommandContext,
  [durationText = '']: readonly string[],
  _raw: RawOptions,
  load: LoadLab = loadLab,
): Promise<CommandResult> {
  if (/^-\d/.test(durationText)) {
    throw new UsageError(
      `warp: "${durationText}": the lab's clock only goes ahead. The one of "fortnight storage" also goes back: fortnight storage clock ${durationText}.`,
    );
  }
  const options = { byMs: readDuration('warp', durationText) };
  return (await load()).warp(context, options);
}
