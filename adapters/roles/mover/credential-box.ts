import {
  packCredential,
  type StorageCredential,
  type StorageLocation,
  unpackCredential,
} from '../../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import { SealedBox, seal } from '../seal.ts';

/** What is sealed with a credential, so that it opens only for this delivery (F45). */
export interface DeliveryContext {
  readonly session: string;
  readonly requestId: string;
  readonly generation: number;
  /** What travels in the clear beside it, as it was sent: changed on the way, nothing opens (F44). */
  readonly terms: DeliveryTerms;
}

/** Where the credential may be used, how long, and how much may be stored with it. */
export interface DeliveryTerms {
  readonly expiresAt: number | null;
  readonly degraded: boolean;
  readonly grantedBytes: number | null;
  readonly location: StorageLocation;
  /** The credential lists nothing (capability `listing: 'none'`): the SP does, on request. */
  readonly isListedByProvider: boolean;
}

/** As JSON, so that no choice of names gives the text of another context. */
function contextText({ session, requestId, generation, terms }: DeliveryContext): string {
  const { expiresAt, degraded, grantedBytes, location, isListedByProvider } = terms;
  const { storage, endpoint, region, bucket, configBucket, tokenUrl } = location;
  const place = [storage, endpoint, region, bucket, configBucket ?? null, tokenUrl ?? null];
  const granted = [expiresAt, degraded, grantedBytes, isListedByProvider];
  return JSON.stringify([session, requestId, generation, ...granted, place]);
}

/** SP side: seals a credential to the key of one mover process. */
export function sealCredential(
  publicKey: string,
  credential: StorageCredential,
  context: DeliveryContext,
): Buffer {
  const plain = packCredential(credential);
  const sealed = seal(publicKey, plain, contextText(context));
  plain.fill(0);
  return sealed;
}

/** Mover side: opens what was sealed to this process. Rejects with `protocol.violation`. */
export class CredentialBox {
  readonly #box = new SealedBox();

  get publicKey(): string {
    return this.#box.publicKey;
  }

  open(sealed: Buffer, context: DeliveryContext): StorageCredential {
    const plain = this.#box.open(sealed, contextText(context));
    const { generation, terms } = context;
    const credential = unpackCredential(plain, { generation, expiresAt: terms.expiresAt });
    plain.fill(0);
    return credential;
  }
}

export function isStorageLocation(value: unknown): value is StorageLocation {
  const { storage, bucket, region } = (value ?? {}) as Partial<StorageLocation>;
  return typeof storage === 'string' && typeof bucket === 'string' && typeof region === 'string';
}

export function requireLocation(value: unknown): StorageLocation {
  if (isStorageLocation(value)) return value;
  throw new FortnightError('protocol.violation', 'A delivery names no storage location.');
}
