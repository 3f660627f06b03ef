import { Storage } from '@google-cloud/storage';
import fc from 'fast-check';
import { OAuth2Client } from 'google-auth-library';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accessBoundary } from '../../../adapters/gcs/access-boundary.ts';
import { celText, isListingBelow, isObjectBelow } from '../../../adapters/gcs/cel.ts';
import { createDownscopedTokenIssuer } from '../../../adapters/gcs/downscoped-token-issuer.ts';
import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import { ISSUERS } from '../../../machines/rules/issuers.ts';
import type { CredentialScope } from '../../../machines/rules/scope.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../machines/rules/time.ts';
import { codeOf, pattern } from '../../contract/store-content.ts';
import { START_AT } from '../../contract/store-world.ts';
import { property } from '../../support/seed.ts';
import { endpointsOf, longTokenIssuer, tokenIssuer } from './issuers.ts';
import { BUCKET, type GcsWorld, gcsWorld, OWNER, ownerCredential, PROJECT } from './world.ts';

const SCOPE: CredentialScope = { repository: 'vault', tenant: 'T1', subtenant: null };
const OWN = 'Veeam/Backup/vault/Clients/T1/';
const CONFIG = 'Veeam/Backup/vault/Config/';

let world: GcsWorld;
afterEach(async () => {
  await world.close();
  expect(world.internalErrors).toEqual([]);
});

function issue(issuer: CredentialIssuer, lifetimeMs: number, scope = SCOPE, generation = 1) {
  return issuer.issue({ scope, generation, lifetimeMs, at: world.clock.now() });
}

describe('lifetimes', () => {
  test('an hour without, 12 hours with an account of long tokens (C14)', async () => {
    world = await gcsWorld({ issuer: tokenIssuer });
    expect(world.issuer.capabilities).toEqual({
      ...ISSUERS['downscoped-token'],
      lifetimeMaxMs: HOUR_MS,
    });
    expect((await issue(world.issuer, 14 * DAY_MS)).expiresAt).toBe(START_AT + HOUR_MS);
    await world.close();
    world = await gcsWorld({ issuer: longTokenIssuer });
    expect(world.issuer.capabilities.lifetimeMaxMs).toBe(12 * HOUR_MS);
    expect((await issue(world.issuer, 14 * DAY_MS)).expiresAt).toBe(START_AT + 12 * HOUR_MS);
  });

  test('a short one is ended by the storage with a source of its own lifetime', async () => {
    world = await gcsWorld({ issuer: longTokenIssuer });
    const credential = await issue(world.issuer, 10 * MINUTE_MS);
    expect(credential.expiresAt).toBe(START_AT + 10 * MINUTE_MS);
    const store = world.storeFor({ ...credential, expiresAt: null });
    world.clock.advanceTo(credential.expiresAt - 1);
    expect(await codeOf(store.put(`${OWN}a`, pattern(1)))).toBe('resolved');
    world.clock.advanceTo(credential.expiresAt);
    expect(await codeOf(store.put(`${OWN}a`, pattern(1)))).toBe('credential.unknownKey');
  });

  test('a short one of an hour’s source: told shorter, and C16 keeps to it, the storage does not', async () => {
    world = await gcsWorld({ issuer: tokenIssuer });
    const credential = await issue(world.issuer, 10 * MINUTE_MS);
    expect(credential.expiresAt).toBe(START_AT + 10 * MINUTE_MS);
    world.clock.advanceTo(credential.expiresAt);
    const store = world.storeFor(credential);
    expect(await codeOf(store.put(`${OWN}a`, pattern(1)))).toBe('resolved');
    world.clock.advanceTo(START_AT + HOUR_MS);
    expect(await codeOf(store.put(`${OWN}a`, pattern(1)))).toBe('credential.expired');
  });

  test('each issue has a source of its own: an hour is left of every one', async () => {
    world = await gcsWorld({ issuer: tokenIssuer });
    await issue(world.issuer, HOUR_MS);
    world.clock.advanceTo(START_AT + HOUR_MS / 2);
    expect((await issue(world.issuer, HOUR_MS)).expiresAt).toBe(START_AT + 1.5 * HOUR_MS);
  });

  test('the clock of the storage ahead of ours: nobody is told of a later end', async () => {
    world = await gcsWorld({ issuer: longTokenIssuer });
    world.storage.faults.add({ kind: 'skewClock', ms: 5 * MINUTE_MS, nth: 1, repeat: 9 });
    expect((await issue(world.issuer, HOUR_MS)).expiresAt).toBeLessThanOrEqual(START_AT + HOUR_MS);
  });

  test('an organisation that allows no long tokens is issuer.limit', async () => {
    const { storage, ...options } = await plainAccountWorld();
    world = options.world;
    const issuer = createDownscopedTokenIssuer({
      ...options.setting,
      endpoints: endpointsOf(storage),
      longTokenAccount: OWNER,
    });
    expect(await codeOf(issue(issuer, 2 * HOUR_MS))).toBe('issuer.limit');
    expect(await codeOf(issue(issuer, HOUR_MS))).toBe('resolved');
    issuer.close();
  });
});

/** The owner's tokens live an hour at most here. */
async function plainAccountWorld() {
  const made = await gcsWorld({ issuer: tokenIssuer, longestTokenMs: HOUR_MS });
  const { clock, location, storage } = made;
  return { world: made, storage, setting: { clock, location, credential: ownerCredential() } };
}

describe('refusals', () => {
  beforeEach(async () => {
    world = await gcsWorld({ issuer: tokenIssuer });
  });

  test.each([
    ['oauth2.token', { kind: 'error', code: 'invalid_grant', status: 400 }, 'issuer.refused'],
    ['oauth2.token', { kind: 'error', code: 'busy', status: 503 }, 'issuer.unavailable'],
    ['sts.token', { kind: 'error', code: 'invalid_request', status: 400 }, 'issuer.refused'],
    ['sts.token', { kind: 'error', code: 'busy', status: 429 }, 'issuer.unavailable'],
    ['sts.token', { kind: 'reset' }, 'issuer.unavailable'],
  ] as const)('%s ends in %j: %s, and nothing retries', async (operation, fault, code) => {
    world.storage.faults.add({ ...fault, operation, nth: 1 });
    expect(await codeOf(issue(world.issuer, HOUR_MS))).toBe(code);
    expect(world.requests.filter((one) => one.operation === operation)).toHaveLength(1);
    expect(await codeOf(issue(world.issuer, HOUR_MS))).toBe('resolved');
  });

  test.each(['T*', "T'", 'T"', 'T\\', 'a..b', 'T/1', 'T\u0000', ''])(
    '§6 the tenant %j is refused before a request',
    async (tenant) => {
      const scope = { ...SCOPE, tenant };
      expect(await codeOf(issue(world.issuer, HOUR_MS, scope))).toBe('issuer.refused');
      expect(world.requests).toEqual([]);
    },
  );

  test('a bucket name that is none cannot become part of a condition', () => {
    const { clock, location } = world;
    const credential = ownerCredential();
    const odd = { ...location, bucket: "a' || true || '" };
    expect(() => createDownscopedTokenIssuer({ location: odd, credential, clock })).toThrow(
      RangeError,
    );
  });

  test('F41 errors show neither the source token nor the key', async () => {
    world.storage.faults.add({
      kind: 'error',
      code: 'x',
      status: 400,
      operation: 'sts.token',
      nth: 1,
    });
    const thrown = await issue(world.issuer, HOUR_MS).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(FortnightError);
    expect(String(thrown)).not.toMatch(/ya29|PRIVATE/);
  });

  test('a closed issuer says so', async () => {
    world.issuer.close();
    expect(await codeOf(issue(world.issuer, HOUR_MS))).toBe('issuer.unavailable');
  });
});

describe('the boundary', () => {
  test('the key id is neither the token nor a part of it', async () => {
    world = await gcsWorld({ issuer: tokenIssuer });
    const credential = await issue(world.issuer, HOUR_MS);
    if (credential.kind !== 'gcs-token') throw new Error('a token was expected');
    expect(credential.keyId).toMatch(/^gcs-token-[\w-]{16}$/);
    const id = credential.keyId.slice('gcs-token-'.length);
    expect(credential.token.use((text) => text.includes(id))).toBe(false);
  });

  test('C9 two rules, each for objects and listings, prefixes end with a slash (I44)', async () => {
    world = await gcsWorld();
    const { accessBoundary: boundary } = accessBoundary(
      { bucket: BUCKET, configBucket: 'config-b' },
      SCOPE,
    );
    const [folder, config, ...more] = boundary.accessBoundaryRules;
    expect(more).toEqual([]);
    expect(folder?.availableResource).toMatch(new RegExp(`/${BUCKET}$`));
    expect(config?.availableResource).toMatch(/\/config-b$/);
    expect(folder?.availablePermissions).toEqual(['inRole:roles/storage.objectUser']);
    expect(config?.availablePermissions).toEqual(['inRole:roles/storage.objectViewer']);
    expect(folder?.availabilityCondition.expression).toBe(
      `${isObjectBelow(BUCKET, OWN)} || ${isListingBelow(OWN)}`,
    );
    expect(config?.availabilityCondition.expression).toContain(`objects/${CONFIG}'`);
  });

  test('the unmodified client with such a token: no copy from or to outside, no rights, no policy', async () => {
    world = await gcsWorld({ issuer: tokenIssuer });
    const foreign = 'Veeam/Backup/vault/Clients/T10/secret';
    for (const key of [`${OWN}own`, foreign, `${CONFIG}Owner`])
      await world.owner.put(key, pattern(8));
    const credential = await issue(world.issuer, HOUR_MS);
    if (credential.kind !== 'gcs-token') throw new Error('a token was expected');
    const authClient = new OAuth2Client();
    authClient.setCredentials({ access_token: credential.token.use((text) => text) });
    const bucket = new Storage({
      apiEndpoint: world.storage.endpoint,
      useAuthWithCustomEndpoint: true,
      projectId: PROJECT,
      authClient,
      retryOptions: { autoRetry: false },
    }).bucket(BUCKET);
    const statusOf = (call: Promise<unknown>) =>
      call.then(
        () => 200,
        (error: { code?: number; status?: number }) => error.code ?? error.status,
      );
    expect(await statusOf(bucket.file(`${OWN}own`).copy(bucket.file(`${OWN}copy`)))).toBe(200);
    expect(await statusOf(bucket.file(`${CONFIG}Owner`).copy(bucket.file(`${OWN}owner`)))).toBe(
      200,
    );
    const refused = [
      bucket.file(foreign).copy(bucket.file(`${OWN}stolen`)),
      bucket.file(`${OWN}own`).copy(bucket.file(foreign)),
      bucket.file(`${OWN}own`).copy(bucket.file(`${CONFIG}new`)),
      bucket.combine([foreign, `${OWN}own`], `${OWN}both`),
      bucket.file(foreign).setMetadata({ contentType: 'text/plain' }),
      bucket.iam.getPolicy(),
      bucket.getFiles({ delimiter: '/', autoPaginate: false }),
      bucket.getMetadata(),
    ];
    expect(await Promise.all(refused.map(statusOf))).toEqual(refused.map(() => 403));
    expect((await world.owner.head(foreign))?.sizeBytes).toBe(8);
    expect(await world.owner.head(`${OWN}stolen`)).toBeNull();
  });

  property(
    'always: a CEL literal is one line of printable text between two quotes, and holds none of its own',
    [fc.string({ unit: 'binary', maxLength: 40 })],
    async (text) => {
      const literal = celText(text);
      expect(literal).toMatch(/^'(?:[^'"\\\p{Cc}]|\\u[0-9a-f]{4})*'$/u);
      const back = literal
        .slice(1, -1)
        .replace(/\\u([0-9a-f]{4})/g, (_all, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        );
      expect(back).toBe(text);
    },
  );

  test.each(["T' || true || '", 'T" || true', 'T\\', "T\\'", 'T\n', 'T\u0000', 'T1*', 'T`'])(
    'CVE-2026-42811 a folder %j stays one, also for the storage',
    async (name) => {
      world = await gcsWorld();
      const prefix = `R/Clients/${name}/`;
      const rule = {
        availableResource: `//storage.googleapis.com/projects/_/buckets/${BUCKET}`,
        availablePermissions: ['inRole:roles/storage.objectUser'],
        availabilityCondition: {
          expression: `${isObjectBelow(BUCKET, prefix)} || ${isListingBelow(prefix)}`,
        },
      };
      const { token } = world.storage.issueAccessToken({
        email: OWNER,
        lifetimeMs: HOUR_MS,
        boundary: { accessBoundary: { accessBoundaryRules: [rule] } },
      });
      const listing = async (asked: string) => {
        const query = `prefix=${encodeURIComponent(asked)}`;
        const url = `${world.storage.endpoint}/storage/v1/b/${BUCKET}/o?${query}`;
        return (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status;
      };
      expect(await listing(prefix)).toBe(200);
      expect(await listing('R/Clients/T10/')).toBe(403);
      expect(await listing('')).toBe(403);
    },
  );
});
