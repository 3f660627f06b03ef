import type { LinkMessage } from '../../machines/ports/link.ts';
import type { ObjectStore } from '../../machines/ports/object-store.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import { nameProblem } from '../../machines/rules/layout.ts';
import { isBlockSize } from '../backup-format/block.ts';
import { BackupTarget, type StoredBySession } from './backup-target.ts';
import { removeStoredBySession } from './clean-up.ts';
import { DeleteTarget } from './delete-target.ts';
import { EngineCore } from './engine-core.ts';
import { ListTarget } from './list-target.ts';
import { TRANSFER_VERSION, type TransferMessage } from './messages.ts';
import { RequestGate } from './request-gate.ts';
import { RestoreTarget } from './restore-target.ts';
import type { TargetContext, TargetOperation } from './target-operation.ts';
import type { LinkReader, TargetEngine, TargetEngineOptions, TransferSpec } from './types.ts';

/**
 * The target mover's engine. It does nothing before both `start` and the source's hello have come
 * (P7). `grantedBytes` must not be null for a backup.
 */
export function createTargetEngine(options: TargetEngineOptions): TargetEngine & LinkReader {
  if (!Number.isSafeInteger(options.parallelRequests) || options.parallelRequests < 1) {
    throw new Error(`parallelRequests must be 1 or more, not ${options.parallelRequests}`);
  }
  if (options.spec.operation === 'backup' && options.grantedBytes === null) {
    throw new Error('a backup never writes without a grant (I54)');
  }
  return new Target(options);
}

class Target implements TargetEngine, LinkReader {
  readonly #core: EngineCore;
  readonly #gate: RequestGate;
  readonly #operation: TargetOperation;
  readonly #session: StoredBySession = { attempted: new Map(), confirmed: new Set() };
  readonly #mayStartRequest: () => boolean;
  #isStarted = false;
  #hasHello = false;
  #cleanUpStore: ObjectStore | null = null;

  constructor(options: TargetEngineOptions) {
    this.#core = new EngineCore({
      ...options,
      onFact: (fact) => {
        options.onFact(fact);
        if (fact.type === 'engine.failed' || fact.type === 'engine.completed') this.#clean();
      },
    });
    this.#gate = new RequestGate({ ...options, core: this.#core });
    this.#mayStartRequest = options.mayStartRequest;
    const { parallelRequests } = options;
    this.#operation = operationOf(
      { core: this.#core, gate: this.#gate, parallelRequests },
      this.#session,
    );
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#runWhenReady();
  }

  pause(): void {
    if (!this.#core.isOver) this.#gate.pause();
  }

  resume(store: ObjectStore): void {
    if (!this.#core.isOver) this.#gate.resume(store);
  }

  grant(bytes: number): void {
    if (!this.#core.isOver) this.#gate.grant(bytes);
  }

  abort(code: ErrorCode): void {
    this.#core.fail(new FortnightError(code));
  }

  spentBytes(): number {
    return this.#gate.spentBytes;
  }

  /** Asked before the end, it waits for the end. */
  cleanUp(store: ObjectStore): void {
    this.#cleanUpStore = store;
    if (this.#core.hasEnded) this.#clean();
  }

  #clean(): void {
    const store = this.#cleanUpStore;
    if (store === null) return;
    this.#cleanUpStore = null;
    const { spec } = this.#core;
    void removeStoredBySession(store, spec, this.#session, this.#mayStartRequest).then(
      (freedBytes) => this.#core.tell({ type: 'engine.cleaned', freedBytes }),
    );
  }

  async onMessage(message: LinkMessage): Promise<void> {
    const arrived = this.#core.receive(message);
    if (arrived === null) return;
    try {
      if (arrived.type === 'transfer.hello') this.#acceptHello(arrived);
      else if (this.#hasHello && this.#isStarted) this.#operation.accept(arrived);
      else throw new FortnightError('protocol.violation', `"${arrived.type}" before hello.`);
    } catch (thrown) {
      this.#core.fail(thrown);
    }
  }

  #acceptHello(hello: Extract<TransferMessage, { type: 'transfer.hello' }>): void {
    const { spec } = this.#core;
    const agrees =
      !this.#hasHello &&
      hello.version === TRANSFER_VERSION &&
      hello.sessionId === spec.sessionId &&
      hello.operation === spec.operation &&
      hello.blockBytes === spec.blockBytes;
    if (!agrees) {
      throw new FortnightError('protocol.violation', 'The two movers were given different work.');
    }
    this.#hasHello = true;
    this.#runWhenReady();
  }

  #runWhenReady(): void {
    if (!this.#isStarted || !this.#hasHello) return;
    this.#core.spawn(async () => {
      checkSpec(this.#core.spec);
      await this.#operation.run();
    });
  }
}

function operationOf(context: TargetContext, session: StoredBySession): TargetOperation {
  const { operation } = context.core.spec;
  switch (operation) {
    case 'backup':
      return new BackupTarget(context, session);
    case 'restore':
    case 'verify':
      return new RestoreTarget(context);
    case 'list':
      return new ListTarget(context);
    case 'delete':
      return new DeleteTarget(context);
    default:
      return operation satisfies never;
  }
}

/** §6: no name gets into a key unchecked, whoever sent the specification. */
function checkSpec(spec: TransferSpec): void {
  const { scope, backup } = spec;
  const problem =
    nameProblem('repository', scope.repository) ??
    nameProblem('tenant', scope.tenant) ??
    (scope.subtenant === null ? null : nameProblem('subtenant', scope.subtenant)) ??
    (spec.operation === 'list' && backup === '' ? null : nameProblem('backup', backup));
  if (problem !== null) throw new FortnightError('request.invalid', problem);
  if (!isBlockSize(spec.blockBytes)) {
    throw new FortnightError('request.invalid', `A block of ${spec.blockBytes} bytes.`);
  }
}
