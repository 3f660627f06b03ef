import { backupPrefix, type ScopeNames } from '../../machines/rules/layout.ts';
import { type BlockId, isBlockId } from './block.ts';
import { isRestorePointId } from './restore-point-id.ts';

/** §6: where the blocks of a backup lie. */
export function blocksPrefix(scope: ScopeNames, backup: string): string {
  return `${backupPrefix(scope, backup)}CloudStg/Data/`;
}

/** The two-digit folders keep listings and flat-file storages from one giant directory. */
export function blockKey(scope: ScopeNames, backup: string, id: BlockId): string {
  return `${blocksPrefix(scope, backup)}${id.slice(0, 2)}/${id}`;
}

/** `null` when the key is not one of a block; foreign objects are left alone. */
export function blockIdOfKey(key: string): BlockId | null {
  const id = key.slice(key.lastIndexOf('/') + 1);
  return isBlockId(id) && key.endsWith(`/Data/${id.slice(0, 2)}/${id}`) ? id : null;
}

/** §6: where the manifests of a backup lie. */
export function manifestsPrefix(scope: ScopeNames, backup: string): string {
  return `${backupPrefix(scope, backup)}MetaData/`;
}

export function manifestKey(scope: ScopeNames, backup: string, restorePoint: string): string {
  return `${manifestsPrefix(scope, backup)}${restorePoint}`;
}

/** `null` when the key is not one of a manifest. */
export function restorePointOfKey(key: string): string | null {
  const id = key.slice(key.lastIndexOf('/') + 1);
  return isRestorePointId(id) && key.endsWith(`/MetaData/${id}`) ? id : null;
}
