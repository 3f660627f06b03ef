import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { FortnightError } from '../../machines/rules/errors.ts';

/**
 * Sealing to one process (C6, decision 8): X25519 between a one-time key and the process's key,
 * HKDF-SHA-256, AES-256-GCM. `context` (session, request, generation) is authenticated with it, so
 * that a sealed credential opens only for what it was made for (F44, F45).
 *
 * Layout: one-time public key (32) ‖ nonce (12) ‖ tag (16) ‖ ciphertext.
 */
const PUBLIC_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OVERHEAD_BYTES = PUBLIC_KEY_BYTES + NONCE_BYTES + TAG_BYTES;

function rawPublicKey(key: KeyObject): Buffer {
  const { x } = key.export({ format: 'jwk' });
  if (x === undefined) throw new Error('an X25519 key has no x');
  return Buffer.from(x, 'base64url');
}

function publicKeyFrom(raw: Buffer): KeyObject {
  return createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'X25519', x: raw.toString('base64url') },
  });
}

function deriveKey(shared: Buffer, oneTime: Buffer, recipient: Buffer): Buffer {
  const salt = Buffer.concat([oneTime, recipient]);
  return Buffer.from(hkdfSync('sha256', shared, salt, 'fortnight sealed credential v1', 32));
}

/** A key of small order gives no shared secret; whoever sends one does not get a sealed thing. */
function sharedSecret(privateKey: KeyObject, recipientRaw: Buffer): Buffer {
  try {
    return diffieHellman({ privateKey, publicKey: publicKeyFrom(recipientRaw) });
  } catch {
    throw new FortnightError('protocol.violation', 'A mover sent a key that is none.');
  }
}

/** Seals for the process whose public key (base64url) this is. Every call uses a fresh key. */
export function seal(recipientKey: string, plaintext: Uint8Array, context: string): Buffer {
  const recipientRaw = Buffer.from(recipientKey, 'base64url');
  if (recipientRaw.byteLength !== PUBLIC_KEY_BYTES) {
    throw new FortnightError('protocol.violation', 'A mover sent a key of the wrong length.');
  }
  const oneTime = generateKeyPairSync('x25519');
  const oneTimeRaw = rawPublicKey(oneTime.publicKey);
  const shared = sharedSecret(oneTime.privateKey, recipientRaw);
  const key = deriveKey(shared, oneTimeRaw, recipientRaw);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  key.fill(0);
  shared.fill(0);
  return Buffer.concat([oneTimeRaw, nonce, cipher.getAuthTag(), body]);
}

/** The key pair of one mover process; the private half never leaves it. */
export class SealedBox {
  readonly #privateKey: KeyObject;
  readonly #publicRaw: Buffer;

  constructor() {
    const pair = generateKeyPairSync('x25519');
    this.#privateKey = pair.privateKey;
    this.#publicRaw = rawPublicKey(pair.publicKey);
  }

  get publicKey(): string {
    return this.#publicRaw.toString('base64url');
  }

  /** Rejects anything that was altered, made for another process, or for another context. */
  open(sealed: Buffer, context: string): Buffer {
    if (sealed.byteLength < OVERHEAD_BYTES) {
      throw new FortnightError('protocol.violation', 'A sealed credential is too short.');
    }
    const oneTimeRaw = sealed.subarray(0, PUBLIC_KEY_BYTES);
    const nonce = sealed.subarray(PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES + NONCE_BYTES);
    const tag = sealed.subarray(PUBLIC_KEY_BYTES + NONCE_BYTES, OVERHEAD_BYTES);
    try {
      const shared = diffieHellman({
        privateKey: this.#privateKey,
        publicKey: publicKeyFrom(oneTimeRaw),
      });
      const key = deriveKey(shared, oneTimeRaw, this.#publicRaw);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce);
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(tag);
      const opened = Buffer.concat([
        decipher.update(sealed.subarray(OVERHEAD_BYTES)),
        decipher.final(),
      ]);
      key.fill(0);
      shared.fill(0);
      return opened;
    } catch {
      throw new FortnightError('protocol.violation', 'A sealed credential does not open here.');
    }
  }
}
