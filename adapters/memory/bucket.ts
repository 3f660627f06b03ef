import { crc32 } from 'node:zlib';
import type { ObjectInfo } from '../../machines/ports/object-store.ts';
import type { Secret } from '../../machines/ports/secret.ts';
import { type StorageCredential, secretsOf } from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { compareUtf8 } from './utf8-order.ts';

/** What a key may do. `prefixes: null` is the owner: everything in the bucket. */
export interface MemoryGrant {
  readonly credential: StorageCredential;
  readonly prefixes: { readonly fullAccess: string; readonly readOnly: string } | null;
  /** Until then the storage does not know the key yet (C19). */
  readonly knownFrom: EpochMs;
}

export type MemoryRight = 'read' | 'write' | 'list' | 'listUploads';

interface StoredObject {
  readonly info: ObjectInfo;
  readonly bytes: Uint8Array;
}

/**
 * A bucket in memory and the storage's side of access: known keys, their prefixes, expiry and
 * revocation. Object stores made on it see the same objects. Refusals have the codes that the real
 * storage's answers are translated to, in the storage's order: unknown key, bad secret, expiry,
 * denied.
 */
export class MemoryBucket {
  readonly #grants = new Map<string, MemoryGrant>();
  readonly #revokedFrom = new Map<string, EpochMs>();
  readonly #objects = new Map<string, StoredObject>();
  readonly #uploads = new Map<number, string>();
  #sortedKeys: string[] | null = null;
  #uploadCount = 0;

  constructor(owner: StorageCredential) {
    this.grant({ credential: owner, prefixes: null, knownFrom: Number.MIN_SAFE_INTEGER });
  }

  grant(grant: MemoryGrant): void {
    this.#grants.set(grant.credential.keyId, grant);
  }

  /** The key is unknown to the storage from that instant on. */
  revoke(keyId: string, from: EpochMs): void {
    this.#revokedFrom.set(keyId, Math.min(from, this.#revokedFrom.get(keyId) ?? from));
  }

  /** Throws the refusal of a request that starts now (I38: what has started may finish). */
  authorize(credential: StorageCredential, right: MemoryRight, key: string, now: EpochMs): void {
    const grant = this.#grants.get(credential.keyId);
    const isRevoked = now >= (this.#revokedFrom.get(credential.keyId) ?? Number.POSITIVE_INFINITY);
    if (grant === undefined || isRevoked || now < grant.knownFrom) {
      throw new FortnightError('credential.unknownKey', credential.keyId);
    }
    const held = grant.credential;
    const isGenuine =
      held.kind === credential.kind && isSame(secretsOf(held), secretsOf(credential));
    if (!isGenuine) throw new FortnightError('credential.invalid', credential.keyId);
    if (held.expiresAt !== null && now >= held.expiresAt) {
      throw new FortnightError('credential.expired', credential.keyId);
    }
    if (!isAllowed(grant, right, key)) {
      throw new FortnightError('access.denied', `${right} ${JSON.stringify(key)}`);
    }
  }

  object(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  /** Stores the bytes as they are; the caller must not change them afterwards. */
  store(key: string, bytes: Uint8Array, modifiedAt: EpochMs): ObjectInfo {
    const checksum = crc32(bytes).toString(16).padStart(8, '0');
    const etag = `${checksum}-${bytes.byteLength}`;
    const info = { key, sizeBytes: bytes.byteLength, etag, modifiedAt };
    if (!this.#objects.has(key)) this.#sortedKeys = null;
    this.#objects.set(key, { info, bytes });
    return info;
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#sortedKeys = null;
  }

  /** In UTF-8 order, as they are now. */
  infosBelow(prefix: string, startAfter?: string): ObjectInfo[] {
    this.#sortedKeys ??= [...this.#objects.keys()].sort(compareUtf8);
    const keys = this.#sortedKeys;
    const isBefore = (key: string): boolean =>
      compareUtf8(key, prefix) < 0 ||
      (startAfter !== undefined && compareUtf8(key, startAfter) <= 0);
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(keys[middle] ?? '')) low = middle + 1;
      else high = middle;
    }
    const infos: ObjectInfo[] = [];
    for (let index = low; index < keys.length; index += 1) {
      const key = keys[index] ?? '';
      if (!key.startsWith(prefix)) break;
      const object = this.#objects.get(key);
      if (object !== undefined) infos.push(object.info);
    }
    return infos;
  }

  /** An upload of a large object; it stays until it is ended, as it would after a crash (I75). */
  beginUpload(key: string): number {
    this.#uploadCount += 1;
    this.#uploads.set(this.#uploadCount, key);
    return this.#uploadCount;
  }

  endUpload(uploadId: number): boolean {
    return this.#uploads.delete(uploadId);
  }

  uploadsBelow(prefix: string): number[] {
    const found = [...this.#uploads].filter(([, key]) => key.startsWith(prefix));
    return found.map(([uploadId]) => uploadId);
  }
}

function isSame(left: readonly Secret[], right: readonly Secret[]): boolean {
  const isEqual = (one: Secret, other: Secret | undefined): boolean =>
    one.use((a) => other?.use((b) => a === b) ?? false);
  return left.length === right.length && left.every((one, index) => isEqual(one, right[index]));
}

function isAllowed(grant: MemoryGrant, right: MemoryRight, key: string): boolean {
  if (grant.prefixes === null) return true;
  const { fullAccess, readOnly } = grant.prefixes;
  switch (right) {
    case 'read':
    case 'list':
      return key.startsWith(fullAccess) || key.startsWith(readOnly);
    case 'write':
      return key.startsWith(fullAccess);
    case 'listUploads':
      return false;
    default:
      return right satisfies never;
  }
}
