import { MemoryBucket } from '../../../adapters/memory/bucket.ts';
import { createMemoryIssuer } from '../../../adapters/memory/issuer.ts';
import { createMemoryObjectStore } from '../../../adapters/memory/object-store.ts';
import type { MoverEnvironment } from '../../../adapters/roles/mover/config.ts';
import type { SpStorageAccess } from '../../../adapters/roles/sp-server/settings.ts';
import { aroundStore } from '../../../adapters/wrap/around.ts';
import { withExpiryGate } from '../../../adapters/wrap/expiry-gate.ts';
import { withRetry } from '../../../adapters/wrap/retry.ts';
import { withTrace } from '../../../adapters/wrap/trace.ts';
import { waitOn } from '../../../adapters/wrap/wait.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import { type StorageCredential, secretsOf } from '../../../machines/ports/storage-credential.ts';
import { ISSUERS, issuerMaximumMs } from '../../../machines/rules/issuers.ts';
import { SECOND_MS } from '../../../machines/rules/time.ts';
import type { Prng, RunLog, VirtualClock } from '../../../sim/kernel/index.ts';
import type { Scenario, ScenarioFault, ScenarioRepository } from '../../../sim/scenario/types.ts';
import { FaultBoard, type FaultCall } from '../../../sim/world/fault-board.ts';
import { faultyIssuer, faultyStore } from '../../../sim/world/memory-faults.ts';
import { bucketOf, storageOf } from '../../../sim/world/settings.ts';
import { never, type SimulatedProcess } from './process.ts';

/** What a healthy storage takes for a request. */
const LATENCY_MS = 5;

/** The board of the memory world, and a switch: a healthy phase has no faults left. */
class HealableBoard extends FaultBoard {
  isHealed = false;

  override strike(call: FaultCall) {
    return this.isHealed ? null : super.strike(call);
  }
}

interface Shelf {
  readonly bucket: MemoryBucket;
  readonly owner: StorageCredential;
  readonly issuer: CredentialIssuer;
  readonly storage: string;
}

export interface StoragesOptions {
  readonly scenario: Scenario;
  readonly clock: VirtualClock;
  readonly log: RunLog;
  readonly prng: Prng;
}

/** Every storage of a world, in memory, with the faults of the memory world in front. */
export class Storages {
  readonly #options: StoragesOptions;
  readonly #board = new HealableBoard(() => {});
  readonly #shelves = new Map<string, Shelf>();
  readonly #retryPrng: Prng;
  #latencyMs = LATENCY_MS;
  #issuing = 0;

  constructor(options: StoragesOptions) {
    this.#options = options;
    this.#retryPrng = options.prng.stream('retry');
    for (const repository of options.scenario.repositories) this.#add(repository);
  }

  owner(repository: string): StorageCredential {
    return this.#shelf(repository).owner;
  }

  bucket(repository: string): MemoryBucket {
    return this.#shelf(repository).bucket;
  }

  /** A call to the credential API is under way. */
  get isIssuing(): boolean {
    return this.#issuing > 0;
  }

  arm(fault: ScenarioFault): void {
    this.#board.arm(fault);
  }

  /** F12, F13: from now on every request takes so long. */
  slowTo(latencyMs: number): void {
    this.#latencyMs = latencyMs;
  }

  heal(): void {
    this.#board.isHealed = true;
    this.#latencyMs = LATENCY_MS;
  }

  #add(repository: ScenarioRepository): void {
    const { scenario, clock } = this.#options;
    const storage = storageOf(scenario, repository);
    const owner: StorageCredential = {
      kind: 's3-keys',
      keyId: `owner-of-${repository.name}`,
      secretKey: new Secret(`canary-owner-secret-of-${repository.name}`),
      sessionToken: null,
      generation: 0,
      expiresAt: null,
    };
    this.#expectSecret(owner);
    const bucket = new MemoryBucket(owner);
    const { revocation, propagationMaxMs } = ISSUERS[repository.issuer];
    const plain = createMemoryIssuer({
      bucket,
      clock,
      capabilities: {
        lifetimeMaxMs: issuerMaximumMs(storage.kind, repository.issuer, storage.longestSessionMs),
        revocation,
        propagationMaxMs,
      },
      latencyMs: LATENCY_MS,
    });
    const told: CredentialIssuer = {
      ...plain,
      issue: async (request) => {
        const issued = await plain.issue(request);
        this.#expectSecret(issued);
        return issued;
      },
    };
    const faulty = faultyIssuer(told, this.#board, storage.name, clock);
    const issuer: CredentialIssuer = {
      ...faulty,
      issue: async (request) => {
        this.#issuing += 1;
        return faulty.issue(request).finally(() => {
          this.#issuing -= 1;
        });
      },
    };
    this.#shelves.set(repository.name, { bucket, owner, issuer, storage: storage.name });
  }

  /** I64: the log refuses a line that holds it. */
  #expectSecret(credential: StorageCredential): void {
    for (const secret of secretsOf(credential)) {
      secret.use((text) => this.#options.log.registerSecret(credential.keyId, text));
    }
  }

  #shelf(repository: string): Shelf {
    const found = this.#shelves.get(repository);
    if (found === undefined) throw new Error(`unknown repository ${repository}`);
    return found;
  }

  #in(bucket: string): Shelf {
    for (const [name, shelf] of this.#shelves) if (bucketOf(name) === bucket) return shelf;
    throw new Error(`unknown bucket ${bucket}`);
  }

  /** What the SP's process sees of them. */
  access(process: SimulatedProcess): SpStorageAccess {
    const { clock } = this.#options;
    return {
      issuerFor: ({ name }) => process.port(this.#shelf(name).issuer),
      locate: async ({ location }) => location,
      storeFor: ({ bucket }, credential) =>
        createMemoryObjectStore({ bucket: this.#in(bucket).bucket, credential, clock }),
    };
  }

  /** What a mover's process sees; a request that it has sent lands although it dies (F1). */
  storeFactory(process: SimulatedProcess, local: Clock): MoverEnvironment['createStore'] {
    const { clock } = this.#options;
    return (location, credential, onUse) => {
      const { bucket, storage } = this.#in(location.bucket);
      const store = createMemoryObjectStore({ bucket, credential, clock });
      const slow = aroundStore(store, async (_call, run) => {
        // A request is authorised when it starts, and takes its time then (I38).
        const result = await run();
        await waitOn(clock, this.#latencyMs);
        return process.isDead ? never() : result;
      });
      const faulty = faultyStore(slow, this.#board, storage, clock);
      const traced = withTrace(faulty, {
        clock: local,
        generation: credential.generation,
        onRecord: ({ generation: _generation, ...use }) => onUse(use),
      });
      const gated = withExpiryGate(traced, { clock: local, expiresAt: credential.expiresAt });
      return withRetry(gated, {
        clock: local,
        random: () => this.#retryPrng.fraction(),
        propagatesUntil: credential.generation > 0 ? local.now() + 60 * SECOND_MS : null,
      });
    };
  }
}
