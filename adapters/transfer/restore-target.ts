import { FortnightError } from '../../machines/rules/errors.ts';
import type { BlockId } from '../backup-format/block.ts';
import { blockKey } from '../backup-format/keys.ts';
import { sendManifest } from './manifest-transfer.ts';
import type { DoneTotals, TransferMessage } from './messages.ts';
import { corruptAtRest, StoredBackup } from './stored-backup.ts';
import type { TargetContext, TargetOperation } from './target-operation.ts';
import type { WaitList } from './wait-list.ts';

/** Wanted blocks that wait for a request; the source's window is far below. */
const WANTED_MAX = 65_536;

/**
 * Restore and verify at the storage's end: sends the manifest, then each block that is wanted. It
 * holds at most one block a request; the next request starts when the link has taken the last.
 */
export class RestoreTarget implements TargetOperation {
  readonly #context: TargetContext;
  readonly #changed: WaitList;
  readonly #wanted: BlockId[] = [];
  #isManifestSent = false;
  #done: DoneTotals | null = null;

  constructor(context: TargetContext) {
    this.#context = context;
    this.#changed = context.core.waitList();
  }

  async run(): Promise<void> {
    const { core, gate, parallelRequests } = this.#context;
    const stored = new StoredBackup(core, gate, core.spec.backup);
    const restorePoint = await stored.resolve(core.spec.restorePoint);
    const object = await stored.manifestObject(restorePoint);
    this.#isManifestSent = true;
    for (let worker = 0; worker < parallelRequests; worker += 1) {
      core.spawn(() => this.#serve());
    }
    await sendManifest(core, restorePoint, object);
    await this.#changed.until(() => this.#done !== null);
    core.complete({ ...this.#done!, storageBytes: core.storageBytes });
  }

  accept(message: TransferMessage): void {
    if (message.type === 'blocks.want' && this.#isManifestSent && this.#done === null) {
      this.#wanted.push(...message.ids);
      if (this.#wanted.length <= WANTED_MAX) {
        this.#changed.wake();
        return;
      }
    }
    if (message.type === 'transfer.done' && this.#isManifestSent && this.#done === null) {
      this.#done = message.totals;
      this.#changed.wake();
      return;
    }
    throw new FortnightError('protocol.violation', `"${message.type}" is not allowed here.`);
  }

  async #serve(): Promise<void> {
    const { core, gate } = this.#context;
    for (;;) {
      const id = this.#wanted.shift();
      if (id === undefined) {
        if (this.#done !== null) return;
        await this.#changed.wait();
        continue;
      }
      const key = blockKey(core.spec.scope, core.spec.backup, id);
      const payload = await gate
        .run(0, (store) => store.get(key, { signal: core.signal }))
        .catch((thrown) => {
          throw corruptAtRest(thrown, 'block.corrupt', id);
        });
      core.countStorage(payload.length);
      await core.send({ type: 'block.data', id, payload });
    }
  }
}
