import { readdirSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseDuration } from '../../machines/rules/duration.ts';
import { nameProblem } from '../../machines/rules/layout.ts';
import { JOB_KINDS, type JobKind } from '../../machines/rules/settings.ts';
import { nearestWord } from '../scenario/nearest.ts';
import { parseSize } from '../scenario/size.ts';
import { UsageError } from './command-error.ts';

/** The options of a command as commander read them: text, or true for a flag. */
export type RawOptions = Readonly<Record<string, string | boolean | undefined>>;

export function readText(raw: RawOptions, key: string): string | null {
  const value = raw[key];
  return typeof value === 'string' ? value : null;
}

export function readFlag(raw: RawOptions, key: string): boolean {
  return raw[key] === true;
}

/** One of a closed set of words; says which there are, and the nearest one. */
export function readChoice<Word extends string>(
  name: string,
  text: string,
  words: readonly Word[],
): Word {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  const nearest = nearestWord(text, words);
  const suggestion = nearest === null ? '' : ` Did you mean "${nearest}"?`;
  throw new UsageError(
    `${name}: "${text}" is not known.${suggestion} Use one of: ${words.join(', ')}.`,
  );
}

export function readJobKind(raw: RawOptions): JobKind {
  return readChoice('--kind', readText(raw, 'kind') ?? 'server', JOB_KINDS);
}

/** §6: a name that ends up in keys and policies. */
export function readName(kind: string, name: string, hint = ''): string {
  const problem = nameProblem(kind, name);
  if (problem !== null) throw new UsageError(`${problem}${hint}.`);
  return name;
}

export function readOptionalName(raw: RawOptions, key: string): string | null {
  const name = readText(raw, key);
  return name === null ? null : readName(key, name);
}

/** Longer than zero, in ms. */
export function readDuration(name: string, text: string): number {
  const result = parseDuration(text);
  if (!result.ok) throw new UsageError(`${name}: ${result.problem}.`);
  if (result.ms === 0) throw new UsageError(`${name}: the duration must be longer than zero.`);
  return result.ms;
}

export function readSize(name: string, text: string): number {
  const result = parseSize(text);
  if (!result.ok) throw new UsageError(`${name}: ${result.problem}.`);
  return result.bytes;
}

/** A folder that must be there; absolute. */
export function readSourceFolder(text: string, workingDirectory: string): string {
  const folder = resolve(workingDirectory, text);
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new UsageError(`The folder ${text} is not there: check the path (${folder}).`);
  }
  if (!found.isDirectory()) throw new UsageError(`${text} is not a folder: name a folder.`);
  return folder;
}

/** Where a restore goes: missing, or an empty folder; `force` allows any folder. Absolute. */
export function readTargetFolder(text: string, workingDirectory: string, force: boolean): string {
  const folder = resolve(workingDirectory, text);
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return folder;
  if (!found.isDirectory()) throw new UsageError(`${text} is not a folder: name a folder.`);
  if (!force && readdirSync(folder).length > 0) {
    throw new UsageError(
      `The folder ${text} is not empty (target.notEmpty): choose an empty or new folder, ` +
        'or add --force to restore into it.',
    );
  }
  return folder;
}

/** The name of a backup: given, or the last part of its folder's path. */
export function readBackupName(given: string | null, folder: string): string {
  if (given !== null) return readName('backup', given);
  return readName('backup', basename(folder), '; name the backup with --backup NAME');
}
