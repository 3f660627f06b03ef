import { FortnightError } from '../../machines/rules/errors.ts';
import { BLOCK_HEADER_BYTES, type BlockId } from '../backup-format/block.ts';
import { blockKey, manifestKey } from '../backup-format/keys.ts';
import { decodeManifest, type Manifest } from '../backup-format/manifest.ts';
import { ManifestAssembler } from './manifest-transfer.ts';
import { IDS_MAX, type TransferMessage } from './messages.ts';
import { blocksOf, StoredBackup } from './stored-backup.ts';
import type { TargetContext, TargetOperation } from './target-operation.ts';
import type { WaitList } from './wait-list.ts';

/** Offers that wait for room; a source that keeps its window never comes near. */
const OFFERS_WAITING_MAX = 65_536;

/** What a failed session leaves behind for the clean-up (Q3). */
export interface StoredBySession {
  /** Puts that were started, with the object's length. */
  readonly attempted: Map<BlockId, number>;
  /** Those of them that the storage confirmed. */
  readonly confirmed: Set<BlockId>;
}

/**
 * Backup at the storage's end: asks for what is not stored yet, as far as there is room to hold it,
 * stores it, and stores the manifest when all its blocks are confirmed. It must not store anything
 * that it did not ask for.
 */
export class BackupTarget implements TargetOperation {
  readonly #context: TargetContext;
  readonly #session: StoredBySession;
  readonly #stored: StoredBackup;
  readonly #changed: WaitList;
  readonly #assembler = new ManifestAssembler();
  readonly #offers: { id: BlockId; bytes: number }[] = [];
  /** Asked for and not confirmed yet; the reserved length counts as held from the asking on. */
  readonly #reserved = new Map<BlockId, number>();
  readonly #arrived = new Set<BlockId>();
  #sizes = new Map<BlockId, number>();
  #reservedBytes = 0;
  #reused = 0;
  #isReady = false;
  #manifest: { restorePoint: string; object: Uint8Array } | null = null;

  constructor(context: TargetContext, session: StoredBySession) {
    this.#context = context;
    this.#session = session;
    this.#stored = new StoredBackup(context.core, context.gate, context.core.spec.backup);
    this.#changed = context.core.waitList();
  }

  async run(): Promise<void> {
    const { core } = this.#context;
    const points = await this.#stored.restorePoints();
    this.#sizes = await this.#stored.blockSizes();
    this.#isReady = true;
    await core.send({ type: 'backup.ready', parent: points.at(-1)?.id ?? null });
    await this.#changed.until(() => this.#manifest !== null);
    const { restorePoint, object } = this.#manifest!;
    const manifest = decodeManifest(object, restorePoint);
    this.#checkBlocks(manifest);
    await this.#storeManifest(restorePoint, object);
    const totals = {
      restorePoint,
      files: manifest.totals.files,
      sourceBytes: manifest.totals.sourceBytes,
      storageBytes: core.storageBytes,
      blocksTotal: manifest.totals.blocks,
      blocksStored: this.#session.confirmed.size,
      blocksReused: this.#reused,
      freedBytes: 0,
      verified: null,
    };
    await core.send({ type: 'transfer.done', totals });
    core.complete(totals);
  }

  accept(message: TransferMessage): void {
    if (!this.#isReady || this.#manifest !== null) throw outOfTurn(message.type);
    switch (message.type) {
      case 'blocks.offer':
        this.#acceptOffer(message.ids, message.sizes);
        return;
      case 'block.data':
        this.#acceptBlock(message.id, message.payload);
        return;
      case 'manifest.begin':
        if (!this.#isAllStored()) throw outOfTurn(message.type);
        this.#assembler.begin(message.restorePoint, message.bytes);
        return;
      case 'manifest.part':
        this.#manifest = this.#assembler.add(message.payload);
        if (this.#manifest !== null) this.#changed.wake();
        return;
      default:
        throw outOfTurn(message.type);
    }
  }

  /** Room is given back a little after the confirmation, so the reservations do not tell. */
  #isAllStored(): boolean {
    const isStored = (id: BlockId) => this.#session.confirmed.has(id);
    return this.#offers.length === 0 && [...this.#reserved.keys()].every(isStored);
  }

  #acceptOffer(ids: readonly BlockId[], sizes: readonly number[]): void {
    for (const [index, id] of ids.entries()) {
      const rawBytes = sizes[index]!;
      if (rawBytes === 0 || rawBytes > this.#context.core.spec.blockBytes)
        throw outOfTurn('blocks.offer');
      this.#offers.push({ id, bytes: rawBytes + BLOCK_HEADER_BYTES });
    }
    if (this.#offers.length > OFFERS_WAITING_MAX) throw outOfTurn('blocks.offer');
    this.#answer();
  }

  /** Answers offers in their order, as far as there is room for the blocks that are needed. */
  #answer(): void {
    const need: BlockId[] = [];
    const have: BlockId[] = [];
    const haveBytes: number[] = [];
    let taken = 0;
    for (const { id, bytes } of this.#offers.slice(0, IDS_MAX)) {
      const storedBytes = this.#sizes.get(id);
      if (storedBytes !== undefined) {
        have.push(id);
        haveBytes.push(storedBytes);
      } else if (!this.#reserved.has(id) && this.#reserve(id, bytes)) need.push(id);
      else break;
      taken += 1;
    }
    if (taken === 0) return;
    this.#offers.splice(0, taken);
    this.#reused += have.length;
    const { core } = this.#context;
    core.spawn(() => core.send({ type: 'blocks.answer', need, have, haveBytes }));
    if (taken === IDS_MAX) this.#answer();
  }

  /** Twice the requests in flight: one half is being stored while the other one arrives. */
  #reserve(id: BlockId, bytes: number): boolean {
    const { core, parallelRequests } = this.#context;
    const roomBytes = 2 * parallelRequests * (core.spec.blockBytes + BLOCK_HEADER_BYTES);
    if (this.#reservedBytes > 0 && this.#reservedBytes + bytes > roomBytes) return false;
    this.#reserved.set(id, bytes);
    this.#reservedBytes += bytes;
    return true;
  }

  #acceptBlock(id: BlockId, object: Uint8Array): void {
    const reservedBytes = this.#reserved.get(id);
    const isAsked = reservedBytes !== undefined && !this.#arrived.has(id);
    if (!isAsked || object.length > reservedBytes) throw outOfTurn('block.data');
    this.#arrived.add(id);
    this.#context.core.spawn(() => this.#storeBlock(id, object, reservedBytes));
  }

  async #storeBlock(id: BlockId, object: Uint8Array, reservedBytes: number): Promise<void> {
    const { core, gate } = this.#context;
    const key = blockKey(core.spec.scope, core.spec.backup, id);
    await gate.run(object.length, (store) => {
      this.#session.attempted.set(id, object.length);
      return store.put(key, object, { signal: core.signal });
    });
    this.#session.confirmed.add(id);
    this.#sizes.set(id, object.length);
    core.countStorage(object.length);
    // I73: told only now. Room is made after the link took it, so a slow source slows us too.
    await core.send({ type: 'blocks.stored', ids: [id] });
    this.#reserved.delete(id);
    this.#arrived.delete(id);
    this.#reservedBytes -= reservedBytes;
    this.#answer();
  }

  #checkBlocks(manifest: Manifest): void {
    for (const id of blocksOf(manifest)) {
      if (this.#sizes.has(id)) continue;
      throw new FortnightError('protocol.violation', `The manifest refers to a lost block ${id}.`);
    }
  }

  async #storeManifest(restorePoint: string, object: Uint8Array): Promise<void> {
    const { core, gate } = this.#context;
    const key = manifestKey(core.spec.scope, core.spec.backup, restorePoint);
    try {
      await gate.run(object.length, (store) =>
        store.put(key, object, { ifAbsent: true, signal: core.signal }),
      );
    } catch (thrown) {
      const isThere = thrown instanceof FortnightError && thrown.code === 'object.conflict';
      if (!isThere) throw thrown;
      // The put may have landed although its reply was lost; then it is the very same object.
      const stored = await gate.run(object.length, (store) => store.get(key));
      if (!Buffer.from(stored).equals(object)) throw thrown;
    }
    core.countStorage(object.length);
  }
}

function outOfTurn(type: string): FortnightError {
  return new FortnightError('protocol.violation', `"${type}" is not allowed here.`);
}
