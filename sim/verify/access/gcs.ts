import { loadIssuers } from '../../../adapters/compose/issuers/index.ts';
import { GOOGLE_STORAGE_URL } from '../../../adapters/gcs/addresses.ts';
import { createGcsObjectStore } from '../../../adapters/gcs/object-store.ts';
import { dialectOf } from '../../../adapters/s3/dialects.ts';
import { createS3ObjectStore } from '../../../adapters/s3/object-store.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { ObjectStore } from '../../../machines/ports/object-store.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import {
  requireCredential,
  type StorageCredential,
  type StorageLocation,
} from '../../../machines/ports/storage-credential.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import type { OwnerSecrets } from '../target/secrets.ts';
import type { GcsTarget } from '../target/types.ts';
import { type Access, Closers, type Damage, firstKeyOf, spoiled } from './access.ts';
import { RawGcs } from './gcs-requests.ts';
import { damagedKeys } from './s3.ts';
import { RawS3 } from './s3-clients.ts';

const PART_BYTES = 5 * 1024 * 1024;
const LONG_TOKEN_MS = 12 * HOUR_MS;

/** Google Cloud Storage: downscoped tokens, or HMAC keys with conditional bindings. */
export async function openGcs(
  target: GcsTarget,
  { owner }: OwnerSecrets,
  clock: Clock,
): Promise<Access> {
  const { bucket, tokenUrl } = target;
  const endpoint = target.endpoint ?? GOOGLE_STORAGE_URL;
  const location: StorageLocation = {
    storage: 'gcs',
    endpoint: target.endpoint,
    region: '',
    bucket,
  };
  const xmlLocation = { ...location, endpoint, region: 'auto' };
  const dialect = dialectOf('gcs');
  const closers = new Closers();
  const create = await loadIssuers(new Set(['gcs']));
  const issuerWith = (longestSessionMs: number | null) =>
    closers.add(
      create({
        issuer: target.issuer,
        longestSessionMs,
        storedAccessPolicy: false,
        location,
        access: { family: 'gcs', endpoints: endpointsOf(target) },
        credential: owner,
        clock,
      }),
    );
  const raw = closers.add(new RawGcs({ endpoint, bucket, clock }));
  const rawXml = closers.add(new RawS3({ location: xmlLocation, dialect, clock }));
  const store = (credential: StorageCredential, at: Clock): ObjectStore => {
    const common = { credential, clock: at, partBytes: PART_BYTES, refusesExpired: false };
    if (credential.kind === 's3-keys') {
      return createS3ObjectStore({ ...common, location: xmlLocation, dialect });
    }
    return createGcsObjectStore({
      ...common,
      location,
      ...(tokenUrl === null ? {} : { tokenUrl }),
    });
  };
  const issuer = issuerWith(target.longestSessionMs);
  const isKey = target.issuer === 'hmac-key';
  return {
    issuer,
    unlimitedIssuer: issuerWith(isKey ? null : LONG_TOKEN_MS),
    endpoint,
    hasOnePlace: true,
    store: (_place, credential, at = clock) => closers.add(store(credential, at)),
    occupant: (names) => firstKeyOf(closers.add(store(owner, clock)), names),
    prepare: async () => undefined,
    removePlaces: async () => [],
    isNameless: () => false,
    windowProblem(side) {
      if (!isKey) return 'a token of Google ends when its source does, at no instant of our choice';
      return side === 'end' ? null : 'the binding of an HMAC key has an end and no start';
    },
    // The issuer's own binding, as it would have been made a while ago.
    window: (scope, generation, { endsAt }) =>
      issuer.issue({ scope, generation, lifetimeMs: HOUR_MS, at: endsAt - HOUR_MS }),
    damages: (credential) =>
      credential.kind === 's3-keys' ? damagedKeys(credential) : damagedToken(credential),
    datedBy: isKey ? 'tenant' : 'nobody',
    copies: (credential, from, to) =>
      credential.kind === 's3-keys'
        ? rawXml.copies(credential, from.key, to.key).slice(0, 1)
        : raw.copies(credential, from.key, to.key),
    listUploads: (_place, credential, prefix) =>
      credential.kind === 's3-keys'
        ? rawXml.listUploads(credential, prefix)
        : raw.listUploads(credential, prefix),
    listsUploadsWithObjects: false,
    close: () => closers.close(),
  };
}

function endpointsOf({ exchangeUrl, iamCredentialsUrl, iamUrl, tokenUrl }: GcsTarget) {
  return {
    ...(tokenUrl === null ? {} : { tokenUrl }),
    ...(exchangeUrl === null ? {} : { exchangeUrl }),
    ...(iamUrl === null ? {} : { iam: iamUrl }),
    ...(iamCredentialsUrl === null ? {} : { iamCredentials: iamCredentialsUrl }),
  };
}

function damagedToken(credential: StorageCredential): readonly Damage[] {
  const held = requireCredential('gcs-token', credential);
  const token = new Secret(held.token.use(spoiled));
  return [{ what: 'wrong secret', credential: { ...held, expiresAt: null, token } }];
}
