import { createHash } from 'node:crypto';
import { type CredentialScope, scopeId } from '../../machines/rules/scope.ts';
import type { EpochMs } from '../../machines/rules/time.ts';

const USER_NAME_CHARS_MAX = 64;
const FEDERATED_NAME_CHARS_MAX = 32;

/**
 * A scope in 16 characters. IAM tells names apart without regard to case, and cuts nothing: so the
 * readable part of a name is for people, and this part makes it unique.
 */
function scopeMark(scope: CredentialScope): string {
  return createHash('sha256').update(scopeId(scope)).digest('hex').slice(0, 16);
}

/** `<readable>-<mark>-g<generation>`, of the characters that IAM and STS take. */
function markedName(
  prefix: string,
  scope: CredentialScope,
  generation: number,
  charsMax: number,
): string {
  const end = `-${scopeMark(scope)}-g${generation}`;
  const readable = `${prefix}${scopeId(scope).replace('/', '.')}`.replace(/[^\w+=,.@-]/g, '-');
  return readable.slice(0, charsMax - end.length) + end;
}

/** `fortnight-acme@branch.vault-9f86d081884c7d65-g3`. */
export function iamUserName(scope: CredentialScope, generation: number): string {
  return markedName('fortnight-', scope, generation, USER_NAME_CHARS_MAX);
}

/** `acme@branc-9f86d081884c7d65-g3`: how a federated session shows up in the storage's logs. */
export function federatedName(scope: CredentialScope, generation: number): string {
  return markedName('', scope, generation, FEDERATED_NAME_CHARS_MAX);
}

/** Below this path is all that Fortnight makes for one bucket, and nothing else. */
export function bucketPath(bucket: string): string {
  return `/fortnight/${bucket}/`;
}

export function scopePath(bucket: string, scope: CredentialScope): string {
  return `${bucketPath(bucket)}${scopeMark(scope)}/`;
}

/** The path says when the user's key ends: a listing alone tells what may be removed. */
export function userPath(bucket: string, scope: CredentialScope, endsAt: EpochMs): string {
  return `${scopePath(bucket, scope)}until-${endsAt / 1000}/`;
}

/** The way back; null for a path that says no end. */
export function pathEnd(path: string): EpochMs | null {
  const seconds = /\/until-(\d{1,12})\/$/.exec(path)?.[1];
  return seconds === undefined ? null : Number(seconds) * 1000;
}
