import { FortnightError } from '../../machines/rules/errors.ts';
import type { BlockId } from '../backup-format/block.ts';
import { blockKey, manifestKey } from '../backup-format/keys.ts';
import type { TransferMessage } from './messages.ts';
import { blocksOf, StoredBackup } from './stored-backup.ts';
import type { TargetContext, TargetOperation } from './target-operation.ts';

/**
 * Removes one restore point: first its manifest, so that no manifest is ever without its blocks,
 * then the blocks that no other manifest of the backup refers to. Blocks that this restore point
 * does not refer to stay: they may belong to a session that runs now.
 */
export class DeleteTarget implements TargetOperation {
  readonly #context: TargetContext;
  readonly #stored: StoredBackup;

  constructor(context: TargetContext) {
    this.#context = context;
    this.#stored = new StoredBackup(context.core, context.gate, context.core.spec.backup);
  }

  async run(): Promise<void> {
    const { core, gate } = this.#context;
    const restorePoint = core.spec.restorePoint;
    const points = await this.#stored.restorePoints();
    const point = points.find(({ id }) => id === restorePoint);
    if (point === undefined) {
      const which = restorePoint === null ? 'delete needs an id' : JSON.stringify(restorePoint);
      throw new FortnightError('restorePoint.missing', `Backup "${core.spec.backup}": ${which}.`);
    }
    const own = await this.#ownBlocks(point.id);
    for (const { id } of points) {
      if (id === point.id) continue;
      for (const block of blocksOf(await this.#stored.manifest(id))) own.delete(block);
    }
    const sizes = own.size === 0 ? new Map<BlockId, number>() : await this.#stored.blockSizes();
    const key = manifestKey(core.spec.scope, core.spec.backup, point.id);
    await gate.run(0, (store) => store.remove([key]));
    const freedBytes = point.object.sizeBytes + (await this.#removeBlocks([...own], sizes));
    const totals = {
      restorePoint: point.id,
      files: 0,
      sourceBytes: 0,
      storageBytes: core.storageBytes,
      blocksTotal: own.size,
      blocksStored: 0,
      blocksReused: 0,
      freedBytes,
      verified: null,
    };
    await core.send({ type: 'transfer.done', totals });
    core.complete(totals);
  }

  accept(message: TransferMessage): void {
    throw new FortnightError('protocol.violation', `"${message.type}" is not allowed here.`);
  }

  /** A manifest that cannot be read can be removed, but then its blocks are not known and stay. */
  async #ownBlocks(id: string): Promise<Set<BlockId>> {
    try {
      return blocksOf(await this.#stored.manifest(id));
    } catch (thrown) {
      const isCorrupt = thrown instanceof FortnightError && thrown.code === 'manifest.corrupt';
      if (!isCorrupt) throw thrown;
      return new Set();
    }
  }

  async #removeBlocks(ids: BlockId[], sizes: Map<BlockId, number>): Promise<number> {
    const { core, gate } = this.#context;
    let freedBytes = 0;
    while (ids.length > 0) {
      const batch = await gate.run(0, async (store) => {
        const next = ids.slice(0, store.properties.deleteBatchMax);
        await store.remove(next.map((id) => blockKey(core.spec.scope, core.spec.backup, id)));
        return next;
      });
      ids.splice(0, batch.length);
      for (const id of batch) freedBytes += sizes.get(id) ?? 0;
    }
    return freedBytes;
  }
}
