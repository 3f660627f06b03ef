import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CredentialBox,
  type DeliveryTerms,
  sealCredential,
} from '../../../adapters/roles/mover/credential-box.ts';
import { seal } from '../../../adapters/roles/seal.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import {
  requireCredential,
  type StorageCredential,
} from '../../../machines/ports/storage-credential.ts';
import { property } from '../../support/seed.ts';

const TERMS: DeliveryTerms = {
  expiresAt: 7,
  degraded: false,
  grantedBytes: 400,
  location: { storage: 's3-compatible', endpoint: 'https://vault', region: 'r', bucket: 'b' },
  isListedByProvider: false,
};
const CONTEXT = { session: 's1', requestId: 'r1', generation: 3, terms: TERMS };
const PLAIN = [
  'AKIDEXAMPLEKEY',
  'canary-secret-key-0123456789',
  'canary-token-9876543210',
] as const;

function credential(sessionToken: string | null = PLAIN[2]): StorageCredential {
  return {
    kind: 's3-keys',
    keyId: PLAIN[0],
    secretKey: new Secret(PLAIN[1]),
    sessionToken: sessionToken === null ? null : new Secret(sessionToken),
    generation: CONTEXT.generation,
    expiresAt: 1_000,
  };
}

function refusal(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'it opened';
}

describe('sealed credentials (C6)', () => {
  test.each([PLAIN[2], null])('what is sealed comes out again (token %j)', (token) => {
    const box = new CredentialBox();
    const sealed = sealCredential(box.publicKey, credential(token), CONTEXT);
    const opened = requireCredential('s3-keys', box.open(sealed, CONTEXT));
    expect(opened.keyId).toBe(PLAIN[0]);
    expect(opened.secretKey.use((text) => text)).toBe(PLAIN[1]);
    expect(opened.sessionToken?.use((text) => text) ?? null).toBe(token);
    expect([opened.generation, opened.expiresAt]).toEqual([3, 7]);
  });

  const box = new CredentialBox();
  const sealed = sealCredential(box.publicKey, credential(), CONTEXT);

  property(
    'F44: with any one bit changed it does not open',
    [fc.nat(sealed.length - 1), fc.nat(7)],
    (at, bit) => {
      const altered = Buffer.from(sealed);
      altered[at] = (altered[at] ?? 0) ^ (1 << bit);
      return refusal(() => box.open(altered, CONTEXT)) === 'protocol.violation';
    },
    { numRuns: 200 },
  );

  property(
    'F44: cut short at any place it does not open',
    [fc.nat(sealed.length - 1)],
    (length) => {
      const code = refusal(() => box.open(sealed.subarray(0, length), CONTEXT));
      return code === 'protocol.violation';
    },
  );

  test('F44: another process cannot open it', () => {
    const other = new CredentialBox();
    expect(refusal(() => other.open(sealed, CONTEXT))).toBe('protocol.violation');
  });

  test.each([
    ['session', { ...CONTEXT, session: 's2' }],
    ['request', { ...CONTEXT, requestId: 'r2' }],
    ['generation', { ...CONTEXT, generation: 4 }],
  ])('F45: it does not open for another %s', (_, context) => {
    expect(refusal(() => box.open(sealed, context))).toBe('protocol.violation');
  });

  test.each<[string, Partial<DeliveryTerms>]>([
    ['a longer life', { expiresAt: 8 }],
    ['no end', { expiresAt: null }],
    ['more quota', { grantedBytes: 401 }],
    ['the degraded flag', { degraded: true }],
    ['that the SP lists', { isListedByProvider: true }],
    ['another endpoint', { location: { ...TERMS.location, endpoint: 'https://thief' } }],
    ['another bucket', { location: { ...TERMS.location, bucket: 'c' } }],
  ])('F44, I39: a gateway that writes %s beside it makes it useless', (_, changed) => {
    const context = { ...CONTEXT, terms: { ...TERMS, ...changed } };
    expect(refusal(() => box.open(sealed, context))).toBe('protocol.violation');
  });

  test.each(['|', ',', '","', '\u0000'])(
    'F45: the border between names cannot move (%j)',
    (sign) => {
      const made = sealCredential(box.publicKey, credential(), {
        session: `a${sign}b`,
        requestId: 'c',
        generation: 3,
        terms: TERMS,
      });
      const asked = { session: 'a', requestId: `b${sign}c`, generation: 3, terms: TERMS };
      expect(refusal(() => box.open(made, asked))).toBe('protocol.violation');
    },
  );

  test('I68: the same credential sealed twice shares no key, nonce or byte run', () => {
    const again = sealCredential(box.publicKey, credential(), CONTEXT);
    expect(again.subarray(0, 32).equals(sealed.subarray(0, 32))).toBe(false);
    expect(again.subarray(32, 44).equals(sealed.subarray(32, 44))).toBe(false);
    expect(again.subarray(60).equals(sealed.subarray(60))).toBe(false);
  });

  test('I63: no secret is readable in the sealed bytes', () => {
    for (const secret of PLAIN) {
      for (const encoding of ['utf8', 'base64', 'hex', 'utf16le'] as const) {
        const needle = Buffer.from(secret).toString(encoding === 'utf16le' ? 'utf8' : encoding);
        expect(
          sealed.includes(Buffer.from(needle, encoding === 'utf16le' ? encoding : 'utf8')),
        ).toBe(false);
      }
    }
  });

  test.each(['', 'AAAA', 'A'.repeat(44)])(
    'a public key of the wrong length is refused (%j)',
    (key) => {
      expect(refusal(() => seal(key, Buffer.from('x'), 'c'))).toBe('protocol.violation');
    },
  );

  test('a public key that gives no shared secret is refused', () => {
    const zero = Buffer.alloc(32).toString('base64url');
    expect(refusal(() => seal(zero, Buffer.from('x'), 'c'))).toBe('protocol.violation');
  });
});
