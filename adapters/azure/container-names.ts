import { createHash } from 'node:crypto';
import type { StorageLocation } from '../../machines/ports/storage-credential.ts';
import { type CredentialScope, scopeId } from '../../machines/rules/scope.ts';

/** By what a SAS keeps its holder in its folder. */
export type SasScopeKind = 'directory' | 'container';

/** 128 bits: two scopes share a name as seldom as two keys share a signature. */
const HASH_CHARS = 32;
/** Of all containers that are made here, by which they are found again. */
export const CONTAINER_PREFIX = 'fn-';
/** Azure's limit is 63: the prefix, a name to recognise it by, `-`, the hash. */
const LABEL_CHARS_MAX = 63 - CONTAINER_PREFIX.length - '-'.length - HASH_CHARS;

/**
 * The container of a tenant or subtenant on a flat account, where no service SAS can be bound to a
 * folder: `fn-acme-vault-<hash>`. Azure takes 3 to 63 small letters, digits and single hyphens, which
 * tell `T1` and `t1`, or `a.b` and `a-b`, not apart; the hash of the scope does, so the label is for
 * people only.
 */
export function tenantContainerName(scope: CredentialScope): string {
  return containerName(scopeId(scope), scopeId(scope));
}

/**
 * The container of a repository's `Config/` on a flat account. A container SAS opens all of it for
 * reading, so nothing else may lie there.
 */
export function configContainerName(repository: string): string {
  // No scope's id begins with a slash, so no tenant's container has this name.
  return containerName(`${repository} config`, `/${repository}`);
}

function containerName(text: string, id: string): string {
  const label = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LABEL_CHARS_MAX)
    .replace(/^-+|-+$/g, '');
  const hash = createHash('sha256').update(id).digest('hex').slice(0, HASH_CHARS);
  return `${CONTAINER_PREFIX}${label}-${hash}`;
}

/**
 * Where the keys of one scope lie: with directories in the repository's own container; else its
 * folder in the scope's container and `Config/` in the repository's container for that.
 */
export function scopeLocation(
  repository: StorageLocation,
  scope: CredentialScope,
  scopeKind: SasScopeKind,
): StorageLocation {
  if (scopeKind === 'directory') return repository;
  const configBucket = configContainerName(scope.repository);
  return { ...repository, bucket: tenantContainerName(scope), configBucket };
}
