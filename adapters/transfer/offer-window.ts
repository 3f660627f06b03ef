import type { BlockId } from '../backup-format/block.ts';
import { encodeBlock } from '../backup-format/block.ts';
import type { EngineCore } from './engine-core.ts';
import { IDS_MAX } from './messages.ts';
import type { WaitList } from './wait-list.ts';

/** Raw bytes that are held until the target has answered; at least two blocks. */
const WINDOW_BYTES = 33_554_432;
/** An offer goes out when its blocks are that long together, so that answers come early. */
const OFFER_BYTES = 4_194_304;

/**
 * The blocks between the reader and the link: offered, answered, sent, confirmed. Holds raw bytes
 * only from the reading to the sending and never more than the window.
 */
export class OfferWindow {
  readonly #core: EngineCore;
  readonly #changed: WaitList;
  readonly #windowBytes: number;
  readonly #held = new Map<BlockId, Uint8Array>();
  readonly #needed: BlockId[] = [];
  readonly #unconfirmed = new Set<BlockId>();
  /** Every id of this run with the length of its object, -1 while it is not known. */
  readonly #known = new Map<BlockId, number>();
  #heldBytes = 0;
  #batch: { id: BlockId; bytes: number }[] = [];
  #batchBytes = 0;
  #isClosed = false;
  #sent = 0;

  constructor(core: EngineCore) {
    this.#core = core;
    this.#changed = core.waitList();
    this.#windowBytes = Math.max(WINDOW_BYTES, 2 * core.spec.blockBytes);
  }

  get blocks(): number {
    return this.#known.size;
  }
  get sent(): number {
    return this.#sent;
  }
  get storedBytes(): number {
    let bytes = 0;
    for (const length of this.#known.values()) bytes += length;
    return bytes;
  }

  /** Takes a block; waits while the window is full. A block of this run is taken only once. */
  async add(id: BlockId, raw: Uint8Array): Promise<void> {
    if (this.#known.has(id)) return;
    const hasRoom = () =>
      this.#heldBytes === 0 || this.#heldBytes + raw.length <= this.#windowBytes;
    if (!hasRoom()) {
      await this.#flush();
      await this.#changed.until(hasRoom);
    }
    this.#known.set(id, -1);
    this.#held.set(id, raw);
    this.#heldBytes += raw.length;
    this.#batch.push({ id, bytes: raw.length });
    this.#batchBytes += raw.length;
    const isFull = this.#batch.length === IDS_MAX || this.#batchBytes >= OFFER_BYTES;
    if (isFull) await this.#flush();
  }

  /** Resolves when every block of the run is stored and confirmed (I73). */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#changed.until(() => this.#held.size === 0 && this.#unconfirmed.size === 0);
    this.#isClosed = true;
    this.#changed.wake();
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#batchBytes = 0;
    const ids = batch.map(({ id }) => id);
    const sizes = batch.map(({ bytes }) => bytes);
    await this.#core.send({ type: 'blocks.offer', ids, sizes });
  }

  /** `false` when the answer names blocks that were not offered. */
  acceptAnswer(
    need: readonly BlockId[],
    have: readonly BlockId[],
    haveBytes: readonly number[],
  ): boolean {
    for (const [index, id] of have.entries()) {
      if (!this.#isOpen(id)) return false;
      this.#known.set(id, haveBytes[index]!);
      this.#release(id);
    }
    for (const id of need) {
      if (!this.#isOpen(id)) return false;
      this.#unconfirmed.add(id);
      this.#needed.push(id);
    }
    this.#changed.wake();
    return true;
  }

  #isOpen(id: BlockId): boolean {
    return this.#held.has(id) && !this.#unconfirmed.has(id);
  }

  /** `false` when a block is confirmed that was not sent. */
  acceptStored(ids: readonly BlockId[]): boolean {
    for (const id of ids) {
      const wasSent = (this.#known.get(id) ?? -1) >= 0;
      if (!wasSent || !this.#unconfirmed.delete(id)) return false;
    }
    this.#changed.wake();
    return true;
  }

  #release(id: BlockId): void {
    this.#heldBytes -= this.#held.get(id)?.length ?? 0;
    this.#held.delete(id);
  }

  /** Compresses and sends what the target needs, in its order, until the run is finished. */
  async sendNeeded(): Promise<void> {
    for (;;) {
      await this.#changed.until(() => this.#needed.length > 0 || this.#isClosed);
      const id = this.#needed.shift();
      if (id === undefined) return;
      const payload = encodeBlock(this.#held.get(id)!);
      this.#known.set(id, payload.length);
      this.#sent += 1;
      await this.#core.send({ type: 'block.data', id, payload });
      this.#release(id);
      this.#changed.wake();
    }
  }
}
