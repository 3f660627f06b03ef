import { FortnightError } from '../../machines/rules/errors.ts';
import { type BlockId, decodeBlock } from '../backup-format/block.ts';
import type { EngineCore } from './engine-core.ts';
import { IDS_MAX } from './messages.ts';
import type { WaitList } from './wait-list.ts';

/** Raw bytes that are wanted or held at once; at least two blocks. */
const WINDOW_BYTES = 33_554_432;

/** A block at one place of a file. */
export interface WantedBlock {
  readonly id: BlockId;
  readonly bytes: number;
}

interface HeldBlock {
  uses: number;
  readonly bytes: number;
  raw: Uint8Array | null;
}

/**
 * Fetches blocks ahead of their use, in the order of use. A block that is used again within the
 * window is fetched once. Every block is checked against its SHA-256 before it is handed out.
 */
export class WantWindow {
  readonly #core: EngineCore;
  readonly #changed: WaitList;
  readonly #ahead: Iterator<WantedBlock>;
  readonly #windowBytes: number;
  readonly #held = new Map<BlockId, HeldBlock>();
  #next: WantedBlock | null;
  #heldBytes = 0;

  /** `plan` gives the blocks in the order in which `take` will ask for them. */
  constructor(core: EngineCore, plan: Iterable<WantedBlock>, blockBytes: number) {
    this.#core = core;
    this.#changed = core.waitList();
    this.#windowBytes = Math.max(WINDOW_BYTES, 2 * blockBytes);
    this.#ahead = plan[Symbol.iterator]();
    this.#next = this.#following();
    this.#wantAhead();
  }

  /** The raw bytes of the next block of the plan. */
  async take(id: BlockId): Promise<Uint8Array> {
    const held = this.#held.get(id);
    if (held === undefined) throw new Error('blocks are taken in the order of the plan');
    await this.#changed.until(() => held.raw !== null);
    held.uses -= 1;
    if (held.uses === 0) {
      this.#held.delete(id);
      this.#heldBytes -= held.bytes;
      this.#wantAhead();
    }
    return held.raw!;
  }

  /** Checks and keeps an arrived block object. */
  accept(id: BlockId, object: Uint8Array): void {
    const held = this.#held.get(id);
    if (held === undefined || held.raw !== null) {
      throw new FortnightError('protocol.violation', `Block ${id} came unasked.`);
    }
    const raw = decodeBlock(object, id);
    if (raw.length !== held.bytes) {
      const why = `Block ${id}: ${raw.length} bytes where a file needs ${held.bytes}.`;
      throw new FortnightError('block.corrupt', why);
    }
    held.raw = raw;
    this.#changed.wake();
  }

  #following(): WantedBlock | null {
    const { value, done } = this.#ahead.next();
    return done === true ? null : value;
  }

  #wantAhead(): void {
    let ids: BlockId[] = [];
    while (this.#next !== null) {
      const { id, bytes } = this.#next;
      const held = this.#held.get(id);
      if (held !== undefined) held.uses += 1;
      else if (this.#heldBytes > 0 && this.#heldBytes + bytes > this.#windowBytes) break;
      else {
        this.#held.set(id, { uses: 1, bytes, raw: null });
        this.#heldBytes += bytes;
        ids.push(id);
      }
      this.#next = this.#following();
      if (ids.length < IDS_MAX && this.#next !== null) continue;
      this.#want(ids);
      ids = [];
    }
    this.#want(ids);
  }

  #want(ids: readonly BlockId[]): void {
    if (ids.length > 0) this.#core.spawn(() => this.#core.send({ type: 'blocks.want', ids }));
  }
}
