import type { Permission } from './roles.ts';

const PREFIX = 'https://www.googleapis.com/auth/';
const FULL = ['cloud-platform', 'devstorage.full_control'];
const WRITE = [...FULL, 'devstorage.read_write'];
const READ = [...WRITE, 'devstorage.read_only', 'cloud-platform.read-only'];

/** Whether one of the scopes covers a permission. */
export function scopesCover(scopes: readonly string[], permission: Permission): boolean {
  return scopesNeeded(permission).some((name) => scopes.includes(PREFIX + name));
}

function scopesNeeded(permission: Permission): readonly string[] {
  if (permission.startsWith('storage.hmacKeys.') || permission.endsWith('IamPolicy')) return FULL;
  if (/\.(get|list|listParts)$/.test(permission)) return READ;
  const isObject = /^storage\.(objects|multipartUploads)\./.test(permission);
  return isObject ? WRITE : FULL;
}

/** Whether a token may act on service accounts themselves. */
export function scopesCoverAccounts(scopes: readonly string[]): boolean {
  return [`${PREFIX}cloud-platform`, `${PREFIX}iam`].some((scope) => scopes.includes(scope));
}
