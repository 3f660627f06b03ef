import { FortnightError } from '../../machines/rules/errors.ts';
import { clientPrefix } from '../../machines/rules/layout.ts';
import { LISTING_PART_POINTS, type TransferMessage } from './messages.ts';
import { StoredBackup } from './stored-backup.ts';
import type { TargetContext, TargetOperation } from './target-operation.ts';
import type { RestorePointInfo } from './types.ts';

/** Lists the restore points of one backup, or of all backups of the scope; reads manifests only. */
export class ListTarget implements TargetOperation {
  readonly #context: TargetContext;

  constructor(context: TargetContext) {
    this.#context = context;
  }

  async run(): Promise<void> {
    const { core } = this.#context;
    const backups = core.spec.backup === '' ? await this.#backups() : [core.spec.backup];
    const listing: RestorePointInfo[] = [];
    for (const backup of backups) listing.push(...(await this.#pointsOf(backup)));
    for (let position = 0; position < listing.length; position += LISTING_PART_POINTS) {
      const points = listing.slice(position, position + LISTING_PART_POINTS);
      await core.send({ type: 'listing.part', points });
    }
    const totals = {
      restorePoint: null,
      files: 0,
      sourceBytes: 0,
      storageBytes: core.storageBytes,
      blocksTotal: 0,
      blocksStored: 0,
      blocksReused: 0,
      freedBytes: 0,
      verified: null,
    };
    await core.send({ type: 'transfer.done', totals });
    core.complete(totals, listing);
  }

  accept(message: TransferMessage): void {
    throw new FortnightError('protocol.violation', `"${message.type}" is not allowed here.`);
  }

  /** Jumps from backup to backup, so the blocks in between are never listed. */
  async #backups(): Promise<string[]> {
    const { core, gate } = this.#context;
    const prefix = clientPrefix(core.spec.scope);
    const backups: string[] = [];
    let startAfter: string | null = null;
    for (;;) {
      const object = await gate.first(prefix, startAfter);
      if (object === null) return backups;
      const rest = object.key.slice(prefix.length);
      const slash = rest.indexOf('/');
      if (slash === -1) {
        startAfter = object.key;
        continue;
      }
      const backup = rest.slice(0, slash);
      backups.push(backup);
      // "0" is the sign behind "/": behind all keys of this backup, before the next one's.
      startAfter = `${prefix}${backup}0`;
    }
  }

  async #pointsOf(backup: string): Promise<RestorePointInfo[]> {
    const { core, gate } = this.#context;
    const stored = new StoredBackup(core, gate, backup);
    const points: RestorePointInfo[] = [];
    for (const { id } of await stored.restorePoints()) {
      const { createdAt, totals } = await stored.manifest(id);
      const { files, sourceBytes, storedBytes } = totals;
      points.push({ id, backup, createdAt, files, sourceBytes, storedBytes });
    }
    return points;
  }
}
