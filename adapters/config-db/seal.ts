import { createCipheriv, createDecipheriv } from 'node:crypto';
import {
  packCredential,
  type StorageCredential,
  unpackCredential,
} from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export interface SealedRow {
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/**
 * AES-256-GCM of what must be encrypted of one row's credential. The row's identity goes in as additional data, so that a
 * ciphertext that is moved to another row does not open there (I67). Each write takes a fresh
 * nonce (I68). Plaintext lives in buffers that are overwritten, never in strings.
 */
export function seal(
  key: Uint8Array,
  identity: string,
  credential: StorageCredential,
  randomBytes: (count: number) => Uint8Array,
): SealedRow {
  const nonce = randomBytes(NONCE_BYTES);
  const plaintext = packCredential(credential);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(identity, 'utf8'));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  plaintext.fill(0);
  return { nonce, ciphertext: Buffer.concat([body, cipher.getAuthTag()]) };
}

/** Rejects (throws) when the row, its identity or the key is not the one that it was sealed with. */
export function open(
  key: Uint8Array,
  identity: string,
  row: SealedRow,
  clear: Pick<StorageCredential, 'generation' | 'expiresAt'>,
): StorageCredential {
  try {
    const end = row.ciphertext.byteLength - TAG_BYTES;
    const options = { authTagLength: TAG_BYTES };
    const decipher = createDecipheriv('aes-256-gcm', key, row.nonce, options);
    decipher.setAAD(Buffer.from(identity, 'utf8'));
    decipher.setAuthTag(row.ciphertext.subarray(end));
    const first = decipher.update(row.ciphertext.subarray(0, end));
    const plaintext = Buffer.concat([first, decipher.final()]);
    first.fill(0);
    const credential = unpackCredential(plaintext, clear);
    plaintext.fill(0);
    return credential;
  } catch {
    throw new FortnightError(
      'records.failed',
      'a stored credential does not open: the row was changed, or the key is another one',
    );
  }
}
