import type { Clock } from '../../machines/ports/clock.ts';
import type {
  CredentialIssuer,
  IssuerCapabilities,
} from '../../machines/ports/credential-issuer.ts';
import type { ObjectStore } from '../../machines/ports/object-store.ts';
import type { StorageCredential } from '../../machines/ports/storage-credential.ts';
import { FortnightError, toFortnightError } from '../../machines/rules/errors.ts';
import type { CredentialScope } from '../../machines/rules/scope.ts';
import { type EpochMs, HOUR_MS, SECOND_MS } from '../../machines/rules/time.ts';
import type { Access, Window } from './access/access.ts';
import { Ledger, type LedgerEntry } from './ledger.ts';
import { type RunNames, runNames } from './names.ts';
import { answerOf } from './outcome.ts';
import type { OwnerSecrets } from './target/secrets.ts';
import type { VerifyTarget } from './target/types.ts';

export type Issued = StorageCredential & { readonly expiresAt: EpochMs };

export interface SubjectOptions {
  readonly target: VerifyTarget;
  readonly secrets: OwnerSecrets;
  readonly access: Access;
  /** Dates of signatures and expiry. */
  readonly clock: Clock;
  /** Resolves when the clock shows this instant. */
  readonly waitUntil: (at: EpochMs) => Promise<void>;
  readonly repository: string;
}

/** C19: what a store of a mover waits for at most. */
export const PROPAGATION_MAX_MS = 60 * SECOND_MS;
const PROPAGATION_STEP_MS = 500;

/** The storage under test with what this run has made in it. */
export class Subject {
  readonly #options: SubjectOptions;
  readonly target: VerifyTarget;
  readonly access: Access;
  readonly clock: Clock;
  readonly names: RunNames;
  readonly ledger: Ledger;
  readonly ownerCredential: StorageCredential;
  readonly waitUntil: (at: EpochMs) => Promise<void>;
  /** How far the storage's clock is ahead of this one, as its answers show it. */
  storageAheadMs = 0;
  /** From the issue to the first use that was accepted; the longest that was seen. */
  propagationMs = 0;
  /** Answers that came before that. */
  readonly propagationAnswers = new Set<string>();
  /** Set from the first object of the owner on: before there is nothing to clean up. */
  hasTouched = false;
  readonly #shared = new Map<string, Promise<Issued>>();

  constructor(options: SubjectOptions, ledger = new Ledger()) {
    this.#options = options;
    this.ledger = ledger;
    this.target = options.target;
    this.access = options.access;
    this.clock = options.clock;
    this.waitUntil = options.waitUntil;
    this.ownerCredential = options.secrets.owner;
    this.names = runNames(options.repository);
  }

  /** The same run with connections of its own: those before may be in the middle of something. */
  reopened(access: Access): Subject {
    const subject = new Subject({ ...this.#options, access }, this.ledger);
    subject.hasTouched = this.hasTouched;
    return subject;
  }

  get capabilities(): IssuerCapabilities {
    return this.access.issuer.capabilities;
  }

  /** The instant on the storage's own clock. */
  storageNow(): EpochMs {
    return this.clock.now() + this.storageAheadMs;
  }

  owner(place: CredentialScope | null = this.names.tenant): ObjectStore {
    return this.access.store(place, this.ownerCredential);
  }

  /** A credential of the tenant (or subtenant) that the points share; accepted by the storage. */
  shared(scope: CredentialScope = this.names.tenant): Promise<Issued> {
    const key = scope.subtenant ?? '';
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const issued = this.issueUsable(scope, this.usualLifetimeMs());
    this.#shared.set(key, issued);
    issued.catch(() => this.#shared.delete(key));
    return issued;
  }

  usualLifetimeMs(): number {
    const { lifetimeMaxMs, lifetimeMinMs } = this.capabilities;
    return Math.max(lifetimeMinMs, Math.min(HOUR_MS, lifetimeMaxMs));
  }

  async issue(
    scope: CredentialScope,
    lifetimeMs: number,
    issuer: CredentialIssuer = this.access.issuer,
  ): Promise<Issued> {
    const entry = this.ledger.begin(scope);
    const at = this.clock.now();
    const request = { scope, generation: entry.generation, lifetimeMs, at };
    return this.#noted(entry, () => issuer.issue(request));
  }

  async issueWindow(scope: CredentialScope, window: Window): Promise<StorageCredential> {
    const entry = this.ledger.begin(scope);
    return this.#noted(entry, () => this.access.window(scope, entry.generation, window));
  }

  async issueUsable(
    scope: CredentialScope,
    lifetimeMs: number,
    issuer?: CredentialIssuer,
  ): Promise<Issued> {
    const credential = await this.issue(scope, lifetimeMs, issuer);
    await this.settle(scope, credential);
    return credential;
  }

  /** C19: asks until the storage accepts the credential, and notes how long that took. */
  async settle(scope: CredentialScope, credential: StorageCredential): Promise<void> {
    const { propagationMaxMs } = this.capabilities;
    const boundMs = Math.max(PROPAGATION_MAX_MS, propagationMaxMs);
    const from = this.clock.now();
    const key = `${this.names.config}Repository`;
    const store = this.access.store(scope, credential);
    try {
      for (;;) {
        const { answer, detail } = await answerOf(store.get(key));
        const tookMs = this.clock.now() - from;
        if (answer === 'resolved' || answer === 'object.missing') {
          this.propagationMs = Math.max(this.propagationMs, tookMs);
          return;
        }
        const mayPass = answer === 'credential.unknownKey' || answer === 'access.denied';
        if (!mayPass || tookMs >= boundMs || propagationMaxMs === 0) {
          throw new FortnightError(answer, detail);
        }
        this.propagationAnswers.add(answer);
        await this.waitUntil(this.clock.now() + PROPAGATION_STEP_MS);
      }
    } finally {
      store.close();
    }
  }

  /** `false` where the issuer cannot; then its own end is what there is (C13). */
  async revoke(credential: Pick<StorageCredential, 'generation'>): Promise<boolean> {
    const entry = this.ledger.find(credential.generation);
    if (entry === undefined) return false;
    const isRevoked = await this.access.issuer.revoke(entry.scope, entry.generation, entry.keyId);
    this.ledger.forget(entry);
    return isRevoked;
  }

  /** Of a point's own credential: what can be revoked need not stay until the end of the run. */
  async discard(credential: Pick<StorageCredential, 'generation'>): Promise<void> {
    if (this.capabilities.revocation === 'never') return;
    // What cannot be revoked now is tried again at the end, and told then.
    await this.revoke(credential).catch(() => undefined);
  }

  async #noted<Credential extends StorageCredential>(
    entry: LedgerEntry,
    run: () => Promise<Credential>,
  ): Promise<Credential> {
    try {
      const credential = await run();
      entry.keyId = credential.keyId;
      return credential;
    } catch (thrown) {
      const error = toFortnightError(thrown);
      // Refused for good: nothing was made. Else nobody knows.
      if (error.code === 'issuer.limit' || error.code === 'issuer.refused') {
        this.ledger.forget(entry);
      }
      throw error;
    }
  }
}
