import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CredentialIssuer } from '../../machines/ports/credential-issuer.ts';
import { secretsOf } from '../../machines/ports/storage-credential.ts';
import { type CredentialScope, scopePrefixes } from '../../machines/rules/scope.ts';
import { DAY_MS, HOUR_MS } from '../../machines/rules/time.ts';
import { codeOf, pattern } from './store-content.ts';
import type { StoreWorld, StoreWorldFactory } from './store-world.ts';

const SCOPE: CredentialScope = { repository: 'vault', tenant: 'acme', subtenant: null };
const OWN = scopePrefixes(SCOPE).fullAccess;

/** Every implementation of the CredentialIssuer port runs this, together with its storage. */
export function describeIssuerContract(name: string, createWorld: StoreWorldFactory): void {
  describe(`issuer contract: ${name}`, () => {
    let world: StoreWorld;
    let issuer: CredentialIssuer;
    const issue = (generation: number, lifetimeMs: number, scope = SCOPE) =>
      issuer.issue({ scope, generation, lifetimeMs, at: world.clock.now() });

    beforeEach(async () => {
      world = await createWorld();
      issuer = world.issuer;
    });
    afterEach(async () => world.close());

    test('C1, C14 14 days, or the longest that there is, are issued whole, and work', async () => {
      const credential = await issue(1, 14 * DAY_MS);
      const issuedMs = Math.min(14 * DAY_MS, issuer.capabilities.lifetimeMaxMs);
      expect(credential.expiresAt).toBe(world.clock.now() + issuedMs);
      expect(credential).toMatchObject({ generation: 1 });
      expect(credential.keyId).not.toBe(world.ownerCredential.keyId);
      await world.storeFor(credential).put(`${OWN}object`, pattern(10));
    });

    test('C10 works at 1 ms before its end, is refused at the end and later', async () => {
      const credential = await issue(1, HOUR_MS);
      const store = world.storeFor(credential);
      world.clock.advanceTo(credential.expiresAt - 1);
      expect(await codeOf(store.put(`${OWN}object`, pattern(10)))).toBe('resolved');
      for (const laterMs of [0, 1, DAY_MS]) {
        world.clock.advanceTo(credential.expiresAt + laterMs);
        expect(await codeOf(store.put(`${OWN}late`, pattern(10)))).toBe('credential.expired');
        expect(await codeOf(store.get(`${OWN}object`))).toBe('credential.expired');
        expect(await codeOf(store.head(`${OWN}object`))).toBe('credential.expired');
        expect(await codeOf(store.remove([`${OWN}object`]))).toBe('credential.expired');
      }
      expect(await world.owner.head(`${OWN}late`)).toBeNull();
    });

    test('C13 a new generation has another key and does not end the old one', async () => {
      const first = await issue(1, HOUR_MS);
      const second = await issue(2, HOUR_MS);
      expect(second.keyId).not.toBe(first.keyId);
      expect(second.generation).toBe(2);
      await world.storeFor(first).put(`${OWN}first`, pattern(1));
      await world.storeFor(second).put(`${OWN}second`, pattern(1));
    });

    test('C14 never longer than the capability, never later than asked for', async () => {
      const { lifetimeMaxMs } = issuer.capabilities;
      const longest = await issue(1, lifetimeMaxMs + DAY_MS);
      expect(longest.expiresAt).toBeLessThanOrEqual(world.clock.now() + lifetimeMaxMs);
      const odd = await issue(2, HOUR_MS + 999);
      expect(odd.expiresAt).toBeLessThanOrEqual(world.clock.now() + HOUR_MS + 999);
      expect(odd.expiresAt).toBeGreaterThan(world.clock.now() + HOUR_MS - 1000);
    });

    test('shorter than the capability allows is issuer.limit', async () => {
      const tooShortMs = issuer.capabilities.lifetimeMinMs - 1;
      expect(await codeOf(issue(1, tooShortMs))).toBe('issuer.limit');
    });

    test('revoke does what the capability says', async () => {
      const credential = await issue(1, HOUR_MS);
      const isRevoked = await issuer.revoke(SCOPE, 1, credential.keyId);
      expect(isRevoked).toBe(issuer.capabilities.revocation !== 'never');
      world.clock.advanceTo(world.clock.now() + issuer.capabilities.propagationMaxMs);
      const put = world.storeFor(credential).put(`${OWN}object`, pattern(1));
      expect(await codeOf(put)).toBe(isRevoked ? 'credential.unknownKey' : 'resolved');
    });

    test('I64 nothing that prints a credential shows its secrets', async () => {
      const credential = await issue(1, HOUR_MS);
      const shown = [inspect(credential, { depth: 10 }), JSON.stringify(credential)].join(' ');
      const secrets = secretsOf(credential);
      expect(secrets.length).toBeGreaterThan(0);
      for (const secret of secrets) {
        expect(secret.use((text) => text.length > 8 && !shown.includes(text))).toBe(true);
      }
    });
  });
}
