import type { ObjectStore } from '../../machines/ports/object-store.ts';
import type { BlockId } from '../backup-format/block.ts';
import { blockKey, manifestsPrefix, restorePointOfKey } from '../backup-format/keys.ts';
import { decodeManifest } from '../backup-format/manifest.ts';
import type { StoredBySession } from './backup-target.ts';
import { blocksOf } from './stored-backup.ts';
import type { TransferSpec } from './types.ts';

/**
 * Q3: removes the blocks that a failed session stored and no restore point refers to. Puts whose
 * reply never came are removed too, but count as freed only when they were confirmed. Stops at the
 * first error (a manifest that cannot be read may refer to anything) and before a request that
 * C16 forbids; what is left then is found by
 * the next session as stored blocks. Resolves with the freed bytes, never rejects.
 */
export async function removeStoredBySession(
  store: ObjectStore,
  spec: TransferSpec,
  session: StoredBySession,
  mayStartRequest: () => boolean,
): Promise<number> {
  const left = new Map(session.attempted);
  let freedBytes = 0;
  try {
    const prefix = manifestsPrefix(spec.scope, spec.backup);
    for await (const { key } of left.size === 0 ? [] : store.list(prefix)) {
      if (!mayStartRequest()) return freedBytes;
      const id = restorePointOfKey(key);
      if (id === null) continue;
      for (const block of blocksOf(decodeManifest(await store.get(key), id))) {
        left.delete(block);
      }
    }
    while (left.size > 0 && mayStartRequest()) {
      const batch: BlockId[] = [...left.keys()].slice(0, store.properties.deleteBatchMax);
      await store.remove(batch.map((id) => blockKey(spec.scope, spec.backup, id)));
      for (const id of batch) {
        if (session.confirmed.has(id)) freedBytes += left.get(id)!;
        left.delete(id);
        session.attempted.delete(id);
        session.confirmed.delete(id);
      }
    }
  } catch {
    return freedBytes;
  }
  return freedBytes;
}
