import { createDownscopedTokenIssuer } from '../../../adapters/gcs/downscoped-token-issuer.ts';
import { createHmacKeyIssuer } from '../../../adapters/gcs/hmac-key-issuer.ts';
import { createS3ObjectStore } from '../../../adapters/s3/object-store.ts';
import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import type { RunningGcsStorage } from '../../../sim/storage/gcs/index.ts';
import { PART_BYTES } from '../../contract/store-world.ts';
import { type GcsWorld, gcsWorld, type IssuerSetting, OWNER, PROJECT } from './world.ts';

export function endpointsOf(storage: RunningGcsStorage) {
  const { endpoint, exchangeUrl, tokenUrl } = storage;
  return { tokenUrl, exchangeUrl, iam: endpoint, iamCredentials: endpoint };
}

export function tokenIssuer(setting: IssuerSetting): CredentialIssuer {
  return createDownscopedTokenIssuer({ ...setting, endpoints: endpointsOf(setting.storage) });
}

export function longTokenIssuer(setting: IssuerSetting): CredentialIssuer {
  const endpoints = endpointsOf(setting.storage);
  return createDownscopedTokenIssuer({ ...setting, endpoints, longTokenAccount: OWNER });
}

export function hmacIssuer(setting: IssuerSetting): CredentialIssuer {
  return createHmacKeyIssuer({ ...setting, endpoints: endpointsOf(setting.storage) });
}

/** HMAC keys go to the XML API, which is the S3 adapter's business. */
export function hmacWorld(): Promise<GcsWorld> {
  return gcsWorld({
    issuer: hmacIssuer,
    storeFor: ({ clock, location }, credential) =>
      credential.kind !== 's3-keys'
        ? null
        : createS3ObjectStore({
            location: { ...location, region: 'auto' },
            credential,
            clock,
            partBytes: PART_BYTES,
            refusesExpired: false,
          }),
  });
}

/** The SP's own account with an HMAC key: the XML API with nothing but the S3 adapter. */
export async function xmlOwnerWorld(): Promise<GcsWorld> {
  const world = await hmacWorld();
  const { accessId, secret } = await ownerHmacKey(world);
  const ownerCredential = {
    kind: 's3-keys',
    keyId: accessId,
    secretKey: new Secret(secret),
    sessionToken: null,
    generation: 0,
    expiresAt: null,
  } as const;
  return { ...world, ownerCredential, owner: world.storeFor(ownerCredential) };
}

async function ownerHmacKey(world: GcsWorld): Promise<{ accessId: string; secret: string }> {
  const { endpoint } = world.storage;
  const { token } = world.storage.issueAccessToken({ email: OWNER, lifetimeMs: 60_000 });
  const url = `${endpoint}/storage/v1/projects/${PROJECT}/hmacKeys?serviceAccountEmail=${OWNER}`;
  const headers = { authorization: `Bearer ${token}` };
  const answer = await (await fetch(url, { method: 'POST', headers })).json();
  const { metadata, secret } = answer as { metadata: { accessId: string }; secret: string };
  return { accessId: metadata.accessId, secret };
}
