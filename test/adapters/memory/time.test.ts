import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryBucket } from '../../../adapters/memory/bucket.ts';
import { createMemoryIssuer } from '../../../adapters/memory/issuer.ts';
import { createMemoryObjectStore } from '../../../adapters/memory/object-store.ts';
import { compareUtf8 } from '../../../adapters/memory/utf8-order.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import {
  requireCredential,
  type StorageCredential,
} from '../../../machines/ports/storage-credential.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import { createVirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { codeOf, pattern } from '../../contract/store-content.ts';
import { seeded } from '../../support/seed.ts';

const SCOPE = { repository: 'vault', tenant: 'T1', subtenant: null };
const OWN = 'Veeam/Backup/vault/Clients/T1/';

function createWorld() {
  const clock = createVirtualClock(1_000_000);
  const owner: StorageCredential = {
    kind: 's3-keys',
    keyId: 'owner',
    secretKey: new Secret('owner-secret'),
    sessionToken: null,
    generation: 0,
    expiresAt: null,
  };
  const bucket = new MemoryBucket(owner);
  const openStore = (credential: StorageCredential, latencyMs = 0) =>
    createMemoryObjectStore({ bucket, credential, clock, latencyMs });
  return { clock, bucket, owner, openStore };
}

describe('memory object store on a clock', () => {
  test('a request takes its latency and has its effect at the end', async () => {
    const { clock, openStore, owner } = createWorld();
    const slow = openStore(owner, 250);
    const put = slow.put('key', pattern(3));
    expect(await openStore(owner).head('key')).toBeNull();
    clock.advanceTo(1_000_250);
    expect((await put).modifiedAt).toBe(1_000_250);
    expect((await openStore(owner).head('key'))?.sizeBytes).toBe(3);
  });

  test('I38 a request that started in time may finish after the end', async () => {
    const { bucket, clock, openStore } = createWorld();
    const issuer = createMemoryIssuer({ bucket, clock });
    const at = clock.now();
    const credential = await issuer.issue({ scope: SCOPE, generation: 1, lifetimeMs: HOUR_MS, at });
    const slow = openStore(credential, 10_000);
    clock.advanceTo(at + HOUR_MS - 1);
    const put = slow.put(`${OWN}late`, pattern(1));
    clock.advanceTo(at + HOUR_MS + 10_000);
    expect((await put).sizeBytes).toBe(1);
    expect(await codeOf(slow.put(`${OWN}later`, pattern(1)))).toBe('credential.expired');
  });

  test('a signal frees the wake-up of a slow request', async () => {
    const { clock, openStore, owner } = createWorld();
    const controller = new AbortController();
    const put = openStore(owner, 250).put('key', pattern(1), { signal: controller.signal });
    await Promise.resolve();
    controller.abort();
    expect(await codeOf(put)).toBe('session.cancelled');
    expect(clock.pendingCount).toBe(0);
  });

  test('a wrong secret, a wrong token and an unknown key are told apart', async () => {
    const { bucket, clock, openStore, owner } = createWorld();
    const issuer = createMemoryIssuer({ bucket, clock });
    const at = clock.now();
    const request = { scope: SCOPE, generation: 1, lifetimeMs: HOUR_MS, at };
    const credential = requireCredential('s3-keys', await issuer.issue(request));
    const attempts: [StorageCredential, string][] = [
      [{ ...owner, secretKey: new Secret('wrong') }, 'credential.invalid'],
      [{ ...credential, sessionToken: null }, 'credential.invalid'],
      [{ ...credential, sessionToken: new Secret('wrong') }, 'credential.invalid'],
      [{ ...credential, keyId: 'nobody' }, 'credential.unknownKey'],
      // What the credential says of itself does not count; the storage knows its end.
      [{ ...credential, expiresAt: null }, 'resolved'],
    ];
    for (const [held, expected] of attempts) {
      expect(await codeOf(openStore(held).put(`${OWN}x`, pattern(1)))).toBe(expected);
    }
    clock.advanceTo(at + HOUR_MS);
    const forged = openStore({ ...credential, expiresAt: null });
    expect(await codeOf(forged.get(`${OWN}x`))).toBe('credential.expired');
  });
});

describe('memory issuer', () => {
  test('C19 a fresh key is unknown until it has spread', async () => {
    const { bucket, clock, openStore } = createWorld();
    const issuer = createMemoryIssuer({ bucket, clock, propagationMs: 3000 });
    const at = clock.now();
    const credential = await issuer.issue({ scope: SCOPE, generation: 1, lifetimeMs: HOUR_MS, at });
    const put = () => codeOf(openStore(credential).put(`${OWN}x`, pattern(1)));
    expect(await put()).toBe('credential.unknownKey');
    clock.advanceTo(at + 2999);
    expect(await put()).toBe('credential.unknownKey');
    clock.advanceTo(at + 3000);
    expect(await put()).toBe('resolved');
  });

  test('scripted failures hit the calls that they name', async () => {
    const { bucket, clock } = createWorld();
    const failures = [
      { nth: 2, repeat: 2, code: 'issuer.unavailable' },
      { nth: 5, code: 'issuer.refused' },
    ] as const;
    const issuer = createMemoryIssuer({ bucket, clock, failures });
    const codes: string[] = [];
    for (let generation = 1; generation <= 6; generation += 1) {
      const request = { scope: SCOPE, generation, lifetimeMs: HOUR_MS, at: clock.now() };
      codes.push(await codeOf(issuer.issue(request)));
    }
    const lost = 'issuer.unavailable';
    expect(codes).toEqual(['resolved', lost, lost, 'resolved', 'issuer.refused', 'resolved']);
  });

  test.each([
    ['immediate', true, 0, 'credential.unknownKey'],
    ['delayed', true, 4999, 'resolved'],
    ['delayed', true, 5000, 'credential.unknownKey'],
    ['never', false, 5000, 'resolved'],
  ] as const)('C13 revocation %s', async (revocation, expected, laterMs, code) => {
    const { bucket, clock, openStore } = createWorld();
    const capabilities = { revocation, propagationMaxMs: 5000 };
    const issuer = createMemoryIssuer({ bucket, clock, capabilities });
    const at = clock.now();
    const credential = await issuer.issue({ scope: SCOPE, generation: 1, lifetimeMs: HOUR_MS, at });
    expect(await issuer.revoke(SCOPE, 1, credential.keyId)).toBe(expected);
    clock.advanceTo(at + laterMs);
    expect(await codeOf(openStore(credential).put(`${OWN}x`, pattern(1)))).toBe(code);
  });

  test('F36 the limit of live generations counts those that have not expired', async () => {
    const { bucket, clock } = createWorld();
    const issuer = createMemoryIssuer({ bucket, clock, capabilities: { liveGenerationsMax: 2 } });
    const issue = (generation: number, tenant = 'T1') =>
      codeOf(
        issuer.issue({
          scope: { ...SCOPE, tenant },
          generation,
          lifetimeMs: HOUR_MS,
          at: clock.now(),
        }),
      );
    expect([await issue(1), await issue(2), await issue(3)]).toEqual([
      'resolved',
      'resolved',
      'issuer.limit',
    ]);
    expect(await issue(1, 'T2')).toBe('resolved');
    clock.advanceTo(clock.now() + HOUR_MS);
    expect(await issue(3)).toBe('resolved');
  });
});

test('always: compareUtf8 orders as the bytes do', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'z', 'é', '\ud7ff', '\ue000', '\uffee', '\u{1f600}', '\u{10000}'),
  });
  fc.assert(
    fc.property(text, text, (left, right) => {
      const expected = Buffer.compare(Buffer.from(left), Buffer.from(right));
      expect(Math.sign(compareUtf8(left, right))).toBe(expected);
    }),
    seeded(),
  );
});
