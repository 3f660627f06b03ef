import type { RecordKeeper } from '../core/open-state.ts';
import type { BoundaryDocument } from './access/boundary.ts';
import type { PolicyRecord } from './access/policy.ts';

/** What a bucket has beside its objects. */
export interface BucketRecord {
  readonly name: string;
  readonly projectId: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly metageneration: number;
  readonly location: string;
  readonly storageClass: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly hasUniformAccess: boolean;
  readonly policy: PolicyRecord;
  /** Holds until `policyEffectiveFrom`: a change of rights that has not spread yet (a fault). */
  readonly policyBefore?: PolicyRecord;
  readonly policyEffectiveFrom?: number;
}

/** An access token, known by its hash alone. */
export interface TokenRecord {
  readonly hash: string;
  readonly email: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Until then nobody knows the token (a fault). */
  readonly usableFrom?: number;
  readonly scopes: readonly string[];
  readonly boundary?: BoundaryDocument;
}

export type HmacState = 'ACTIVE' | 'INACTIVE' | 'DELETED';

/** An HMAC key; its secret has to be kept, since requests are signed with it. */
export interface HmacKeyRecord {
  readonly accessId: string;
  readonly secret: string;
  readonly email: string;
  readonly projectId: string;
  readonly state: HmacState;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly revision: number;
  /** Holds until `stateEffectiveFrom`: a change that has not spread yet (a fault). */
  readonly stateBefore?: HmacState | 'UNKNOWN';
  readonly stateEffectiveFrom?: number;
}

/** What a resumable upload session was begun with; its bytes are an upload of the core. */
export interface SessionRecord {
  readonly uploadId: string;
  readonly startedAt: number;
  /** Whom the session belongs to: nothing of it is needed to go on, but records name it. */
  readonly email: string;
  /** Whether the beginner might replace an object of this name. */
  readonly mayReplace: boolean;
  /** The size announced for the whole object. */
  readonly size?: number;
  readonly md5Hash?: string;
  readonly crc32c?: string;
  readonly preconditions: Readonly<Record<string, string>>;
}

/** A service account that was made by a call; those of the options are configuration. */
export interface ServiceAccountRecord {
  readonly email: string;
  readonly projectId: string;
  readonly uniqueId: string;
  readonly displayName: string;
  readonly description: string;
}

/** A key pair that the storage made for an account. */
export interface AccountKeyRecord {
  readonly email: string;
  readonly keyId: string;
  readonly privateKey: string;
}

export type ShelfChange =
  | { readonly type: 'bucket.set'; readonly bucket: BucketRecord }
  | { readonly type: 'bucket.removed'; readonly name: string }
  | { readonly type: 'token.issued'; readonly token: TokenRecord }
  | { readonly type: 'hmac.set'; readonly key: HmacKeyRecord }
  | { readonly type: 'session.set'; readonly session: SessionRecord }
  | { readonly type: 'session.removed'; readonly uploadId: string }
  | { readonly type: 'accountKey.made'; readonly key: AccountKeyRecord }
  | { readonly type: 'account.made'; readonly account: ServiceAccountRecord }
  | { readonly type: 'account.removed'; readonly email: string }
  | { readonly type: 'generation.reached'; readonly generation: number };

/** Everything of Cloud Storage that is no object; it shares the journal with the object core. */
export class GcsShelf implements RecordKeeper<ShelfChange> {
  readonly buckets = new Map<string, BucketRecord>();
  readonly tokens = new Map<string, TokenRecord>();
  readonly hmacKeys = new Map<string, HmacKeyRecord>();
  readonly sessions = new Map<string, SessionRecord>();
  readonly accountKeys = new Map<string, AccountKeyRecord>();
  readonly madeAccounts = new Map<string, ServiceAccountRecord>();
  #generation = 0;
  #journal: (change: ShelfChange) => void = () => undefined;

  startServing(journal: (change: ShelfChange) => void): void {
    this.#journal = journal;
  }

  /** The highest generation that objects, living or deleted, are known to have had. */
  get generation(): number {
    return this.#generation;
  }

  commit(change: ShelfChange): void {
    this.#journal(change);
    this.apply(change);
  }

  *snapshot(): Generator<ShelfChange> {
    yield { type: 'generation.reached', generation: this.#generation };
    for (const bucket of this.buckets.values()) yield { type: 'bucket.set', bucket };
    for (const token of this.tokens.values()) yield { type: 'token.issued', token };
    for (const key of this.hmacKeys.values()) yield { type: 'hmac.set', key };
    for (const session of this.sessions.values()) yield { type: 'session.set', session };
    for (const key of this.accountKeys.values()) yield { type: 'accountKey.made', key };
    for (const account of this.madeAccounts.values()) yield { type: 'account.made', account };
  }

  apply(change: ShelfChange): void {
    switch (change.type) {
      case 'bucket.set':
        this.buckets.set(change.bucket.name, change.bucket);
        return;
      case 'bucket.removed':
        this.buckets.delete(change.name);
        return;
      case 'token.issued':
        this.tokens.set(change.token.hash, change.token);
        return;
      case 'hmac.set':
        this.hmacKeys.set(change.key.accessId, change.key);
        return;
      case 'session.set':
        this.sessions.set(change.session.uploadId, change.session);
        return;
      case 'session.removed':
        this.sessions.delete(change.uploadId);
        return;
      case 'accountKey.made':
        this.accountKeys.set(change.key.email, change.key);
        return;
      case 'account.made':
        this.madeAccounts.set(change.account.email, change.account);
        return;
      case 'account.removed':
        this.madeAccounts.delete(change.email);
        return;
      case 'generation.reached':
        this.#generation = Math.max(this.#generation, change.generation);
        return;
      default:
        throw new Error(`unknown change: ${JSON.stringify(change satisfies never)}`);
    }
  }
}
