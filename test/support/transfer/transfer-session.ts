import { createSourceEngine, createTargetEngine } from '../../../adapters/transfer/index.ts';
import type {
  BackupSource,
  EngineFact,
  RestoreSink,
  TransferSpec,
  TransferSummary,
} from '../../../adapters/transfer/types.ts';
import type { LinkMessage } from '../../../machines/ports/link.ts';
import type { ObjectStore } from '../../../machines/ports/object-store.ts';
import { TestBucket, TestStore } from './test-store.ts';

export const BLOCK_BYTES = 4_096;

export interface SessionOptions {
  readonly spec?: Partial<TransferSpec>;
  readonly bucket?: TestBucket;
  readonly source?: BackupSource | null;
  readonly sink?: RestoreSink | null;
  readonly grantedBytes?: number | null;
  readonly parallelRequests?: number;
  readonly mayStartRequest?: () => boolean;
  readonly onTargetFact?: (fact: EngineFact, session: TransferSession) => void;
  readonly onMessage?: (to: 'source' | 'target', message: LinkMessage) => LinkMessage | null;
}

/** Two engines joined by a link in memory, at one bucket. */
export class TransferSession {
  readonly bucket: TestBucket;
  readonly sourceFacts: EngineFact[] = [];
  readonly targetFacts: EngineFact[] = [];
  readonly target: ReturnType<typeof createTargetEngine>;
  readonly source: ReturnType<typeof createSourceEngine>;
  /** Payload bytes that the link carried, and those of blocks by id. */
  linkBytes = 0;
  readonly sentBlocks: string[] = [];

  constructor(options: SessionOptions = {}) {
    this.bucket = options.bucket ?? new TestBucket();
    const spec = specOf(options.spec);
    const rewrite = options.onMessage ?? ((_to, message) => message);
    const toTarget = direction((message) => {
      const carried = rewrite('target', message);
      if (carried === null) return Promise.resolve();
      this.#count(carried);
      return this.target.onMessage(carried);
    });
    const toSource = direction((message) => {
      const carried = rewrite('source', message);
      if (carried === null) return Promise.resolve();
      this.#count(carried);
      return this.source.onMessage(carried);
    });
    const store: ObjectStore = new TestStore(this.bucket);
    this.target = createTargetEngine({
      spec,
      store,
      send: toSource,
      onFact: (fact) => {
        this.targetFacts.push(fact);
        options.onTargetFact?.(fact, this);
      },
      mayStartRequest: options.mayStartRequest ?? (() => true),
      grantedBytes:
        options.grantedBytes === undefined ? Number.MAX_SAFE_INTEGER : options.grantedBytes,
      parallelRequests: options.parallelRequests ?? 3,
    });
    this.source = createSourceEngine({
      spec,
      send: toTarget,
      onFact: (fact) => this.sourceFacts.push(fact),
      source: options.source ?? null,
      sink: options.sink ?? null,
    });
  }

  #count(message: LinkMessage): void {
    this.linkBytes += message.payload?.length ?? 0;
    if (message.type === 'block.data') this.sentBlocks.push(String(message.header.id));
  }

  /** Starts both and lets all microtasks run; nothing else may be needed to get to the end. */
  async run(): Promise<this> {
    this.target.start();
    this.source.start();
    await settle();
    return this;
  }

  get targetEnd(): string {
    return endOf(this.targetFacts);
  }
  get sourceEnd(): string {
    return endOf(this.sourceFacts);
  }
  get summary(): TransferSummary {
    return summaryOf(this.targetFacts);
  }
  get sourceSummary(): TransferSummary {
    return summaryOf(this.sourceFacts);
  }
  count(type: EngineFact['type']): number {
    return this.targetFacts.filter((fact) => fact.type === type).length;
  }
}

/** One macrotask: by then every chain of microtasks has come to rest. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function specOf(changes: Partial<TransferSpec> = {}): TransferSpec {
  return {
    sessionId: 's1',
    operation: 'backup',
    scope: { repository: 'vault', tenant: 'acme', subtenant: null },
    backup: 'docs',
    restorePoint: null,
    blockBytes: BLOCK_BYTES,
    startedAt: Date.UTC(2026, 10, 22, 15, 14, 47),
    ...changes,
  };
}

/** `completed`, the code of the failure, or `running`; a second end is an error. */
function endOf(facts: readonly EngineFact[]): string {
  const ends = facts.filter((fact) => ['engine.completed', 'engine.failed'].includes(fact.type));
  if (ends.length > 1) throw new Error(`ended ${ends.length} times`);
  const end = ends[0];
  if (end === undefined) return 'running';
  return end.type === 'engine.failed' ? end.code : 'completed';
}

function summaryOf(facts: readonly EngineFact[]): TransferSummary {
  const end = facts.find((fact) => fact.type === 'engine.completed');
  if (end === undefined) throw new Error(`not completed: ${JSON.stringify(facts.at(-1))}`);
  return end.summary;
}

/** In order, one after the other; a send resolves when the reader has taken the message. */
function direction(deliver: (message: LinkMessage) => Promise<void>) {
  let last: Promise<void> = Promise.resolve();
  return (message: LinkMessage): Promise<void> => {
    last = last.then(() => deliver(message));
    return last;
  };
}
