import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Secret } from '../../machines/ports/secret.ts';
import { FortnightError } from '../../machines/rules/errors.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LENGTH_BYTES = 4;
const NO_TOKEN = 0xffff_ffff;

/** What a row keeps of a credential that nobody may read. */
export interface SealedSecrets {
  readonly secretKey: Secret;
  readonly sessionToken: Secret | null;
}

export interface SealedRow {
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/**
 * AES-256-GCM of the secrets of one row. The row's identity goes in as additional data, so that a
 * ciphertext that is moved to another row does not open there (I67). Each write takes a fresh
 * nonce (I68). Plaintext lives in buffers that are overwritten, never in strings.
 */
export function seal(
  key: Uint8Array,
  identity: string,
  secrets: SealedSecrets,
  randomBytes: (count: number) => Uint8Array,
): SealedRow {
  const nonce = randomBytes(NONCE_BYTES);
  const plaintext = encode(secrets);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(identity, 'utf8'));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  plaintext.fill(0);
  return { nonce, ciphertext: Buffer.concat([body, cipher.getAuthTag()]) };
}

/** Rejects (throws) when the row, its identity or the key is not the one that it was sealed with. */
export function open(key: Uint8Array, identity: string, row: SealedRow): SealedSecrets {
  try {
    const end = row.ciphertext.byteLength - TAG_BYTES;
    const options = { authTagLength: TAG_BYTES };
    const decipher = createDecipheriv('aes-256-gcm', key, row.nonce, options);
    decipher.setAAD(Buffer.from(identity, 'utf8'));
    decipher.setAuthTag(row.ciphertext.subarray(end));
    const first = decipher.update(row.ciphertext.subarray(0, end));
    const plaintext = Buffer.concat([first, decipher.final()]);
    first.fill(0);
    const secrets = decode(plaintext);
    plaintext.fill(0);
    return secrets;
  } catch {
    throw new FortnightError(
      'records.failed',
      'a stored credential does not open: the row was changed, or the key is another one',
    );
  }
}

function encode({ secretKey, sessionToken }: SealedSecrets): Buffer {
  // biome-ignore lint/correctness/useHookAtTopLevel: a method of Secret, not a React hook.
  return secretKey.useBytes((secretBytes) => {
    const withToken = (tokenBytes: Uint8Array | null): Buffer => {
      const tokenLength = tokenBytes?.byteLength ?? 0;
      const plaintext = Buffer.alloc(2 * LENGTH_BYTES + secretBytes.byteLength + tokenLength);
      plaintext.writeUInt32BE(secretBytes.byteLength, 0);
      plaintext.writeUInt32BE(tokenBytes === null ? NO_TOKEN : tokenLength, LENGTH_BYTES);
      plaintext.set(secretBytes, 2 * LENGTH_BYTES);
      if (tokenBytes !== null) plaintext.set(tokenBytes, plaintext.byteLength - tokenLength);
      return plaintext;
    };
    if (sessionToken === null) return withToken(null);
    // biome-ignore lint/correctness/useHookAtTopLevel: a method of Secret, not a React hook.
    return sessionToken.useBytes(withToken);
  });
}

function decode(plaintext: Buffer): SealedSecrets {
  const secretEnd = 2 * LENGTH_BYTES + plaintext.readUInt32BE(0);
  const hasToken = plaintext.readUInt32BE(LENGTH_BYTES) !== NO_TOKEN;
  return {
    secretKey: new Secret(new Uint8Array(plaintext.subarray(2 * LENGTH_BYTES, secretEnd))),
    sessionToken: hasToken ? new Secret(new Uint8Array(plaintext.subarray(secretEnd))) : null,
  };
}
