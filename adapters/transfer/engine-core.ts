import type { LinkMessage } from '../../machines/ports/link.ts';
import { FortnightError, toFortnightError } from '../../machines/rules/errors.ts';
import {
  DETAIL_LENGTH_MAX,
  fromLinkMessage,
  type TransferMessage,
  toLinkMessage,
} from './messages.ts';
import type { EngineFact, RestorePointInfo, TransferSpec, TransferSummary } from './types.ts';
import { WaitList } from './wait-list.ts';

/** A progress fact at most every so many bytes; the last one always comes before the end. */
const PROGRESS_BYTES = 1_048_576;

export interface EngineCoreOptions {
  readonly spec: TransferSpec;
  readonly send: (message: LinkMessage) => Promise<void>;
  readonly onFact: (fact: EngineFact) => void;
}

/**
 * What both engines share: counting, tasks, and one way to an end. After `fail` no task goes on
 * waiting, and `engine.failed` comes when the last one has ended ("nothing in flight").
 */
export class EngineCore {
  readonly spec: TransferSpec;
  readonly #send: (message: LinkMessage) => Promise<void>;
  readonly #onFact: (fact: EngineFact) => void;
  readonly #stopped = new AbortController();
  readonly #waitLists: WaitList[] = [];
  readonly #sending = new Set<(error: Error) => void>();
  #tasks = 0;
  #failure: FortnightError | null = null;
  #isPeerInformed = false;
  #hasEnded = false;
  #linkBytes = 0;
  #storageBytes = 0;
  #reportedBytes = 0;

  constructor(options: EngineCoreOptions) {
    this.spec = options.spec;
    this.#send = options.send;
    this.#onFact = options.onFact;
  }

  get linkBytes(): number {
    return this.#linkBytes;
  }
  get storageBytes(): number {
    return this.#storageBytes;
  }
  /** No more work: failed (perhaps with tasks still ending) or completed. */
  get isOver(): boolean {
    return this.#hasEnded || this.#failure !== null;
  }
  /** The last fact has been told and no task runs. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }
  /** For requests that can be cut short when the engine stops. */
  get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  tell(fact: EngineFact): void {
    this.#onFact(fact);
  }

  /** A list whose waits end when the engine stops. */
  waitList(): WaitList {
    const list = new WaitList();
    this.#waitLists.push(list);
    return list;
  }

  throwIfStopped(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Waits for the link's room (back-pressure), but not longer than the engine runs. */
  async send(message: TransferMessage): Promise<void> {
    this.throwIfStopped();
    if ('payload' in message) this.countLink(message.payload.length);
    const sent = this.#send(toLinkMessage(message));
    await new Promise<void>((resolve, reject) => {
      this.#sending.add(reject);
      sent.then(resolve, reject).finally(() => this.#sending.delete(reject));
    });
  }

  /** Checks an arrived message; a broken rule fails the engine and gives `null`. */
  receive(message: LinkMessage): TransferMessage | null {
    if (this.isOver) return null;
    try {
      const arrived = fromLinkMessage(message);
      if ('payload' in arrived) this.countLink(arrived.payload.length);
      if (arrived.type !== 'transfer.failed') return arrived;
      this.#isPeerInformed = true;
      this.fail(new FortnightError(arrived.code, arrived.detail));
    } catch (thrown) {
      this.fail(thrown);
    }
    return null;
  }

  countLink(bytes: number): void {
    this.#linkBytes += bytes;
    this.#progress();
  }

  countStorage(bytes: number): void {
    this.#storageBytes += bytes;
    this.#progress();
  }

  #progress(): void {
    const moved = this.#linkBytes + this.#storageBytes;
    if (moved - this.#reportedBytes >= PROGRESS_BYTES) this.#report();
  }

  #report(): void {
    this.#reportedBytes = this.#linkBytes + this.#storageBytes;
    const { linkBytes, storageBytes } = this;
    this.tell({ type: 'engine.progress', linkBytes, storageBytes });
  }

  /** Runs a task to its end; what it throws fails the engine. */
  spawn(task: () => Promise<void>): void {
    if (this.isOver) return;
    this.#tasks += 1;
    void this.#run(task);
  }

  async #run(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (thrown) {
      this.fail(thrown);
    }
    this.#tasks -= 1;
    this.#endWhenIdle();
  }

  /** The first failure counts. */
  fail(thrown: unknown): void {
    if (this.isOver) return;
    const failure = toFortnightError(thrown);
    this.#failure = failure;
    for (const list of this.#waitLists) list.stop(failure);
    for (const reject of this.#sending) reject(failure);
    this.#stopped.abort();
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    const failure = this.#failure;
    if (failure === null || this.#hasEnded || this.#tasks > 0) return;
    this.#hasEnded = true;
    const { code } = failure;
    const detail = failure.detail.slice(0, DETAIL_LENGTH_MAX);
    if (!this.#isPeerInformed) {
      // The link may be what failed; then there is nobody to tell.
      this.#send(toLinkMessage({ type: 'transfer.failed', code, detail })).catch(() => {});
    }
    this.#reportRest();
    this.tell({ type: 'engine.failed', code, detail });
  }

  /** Throws when the engine has failed meanwhile: a failure may have come with the last send. */
  complete(
    totals: Omit<TransferSummary, 'linkBytes' | 'listing'>,
    listing: readonly RestorePointInfo[] | null = null,
  ): void {
    this.throwIfStopped();
    if (this.#hasEnded) throw new Error('an engine completes once');
    this.#hasEnded = true;
    this.#reportRest();
    const summary = { ...totals, linkBytes: this.#linkBytes, listing };
    this.tell({ type: 'engine.completed', summary });
  }

  #reportRest(): void {
    if (this.#linkBytes + this.#storageBytes > this.#reportedBytes) this.#report();
  }
}
