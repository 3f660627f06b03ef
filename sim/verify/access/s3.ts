import { loadIssuers } from '../../../adapters/compose/issuers/index.ts';
import { awsEndpoint } from '../../../adapters/s3/client.ts';
import { S3_DIALECTS, type S3Dialect } from '../../../adapters/s3/dialects.ts';
import { createS3ObjectStore } from '../../../adapters/s3/object-store.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import {
  requireCredential,
  type StorageCredential,
  type StorageLocation,
} from '../../../machines/ports/storage-credential.ts';
import type { OwnerSecrets } from '../target/secrets.ts';
import type { S3Target } from '../target/types.ts';
import { type Access, Closers, type Damage, firstKeyOf, spoiled } from './access.ts';
import { RawS3 } from './s3-clients.ts';
import { issueWindow } from './s3-windows.ts';

const PART_BYTES = 5 * 1024 * 1024;

/** AWS and everything that speaks S3, by any of its issuers. */
export async function openS3(
  target: S3Target,
  { owner }: OwnerSecrets,
  clock: Clock,
): Promise<Access> {
  const { endpoint, kind, region, bucket } = target;
  const location: StorageLocation = { storage: kind, endpoint, region, bucket };
  const dialect = dialectOf(target);
  const closers = new Closers();
  const create = await loadIssuers(new Set(['s3']));
  const issuerWith = (longestSessionMs: number | null) =>
    closers.add(
      create({
        issuer: target.issuer,
        longestSessionMs,
        storedAccessPolicy: false,
        location,
        access: {
          family: 's3',
          roleArn: target.roleArn,
          ...(target.stsEndpoint === null ? {} : { stsEndpoint: target.stsEndpoint }),
          ...(target.iamEndpoint === null ? {} : { iamEndpoint: target.iamEndpoint }),
        },
        credential: owner,
        clock,
      }),
    );
  const raw = closers.add(new RawS3({ location, dialect, clock }));
  const store = (credential: StorageCredential, at: Clock) =>
    closers.add(
      createS3ObjectStore({
        location,
        credential,
        clock: at,
        dialect,
        partBytes: PART_BYTES,
        refusesExpired: false,
      }),
    );
  return {
    issuer: issuerWith(target.longestSessionMs),
    unlimitedIssuer: issuerWith(null),
    endpoint: endpoint ?? awsEndpoint('s3', region),
    hasOnePlace: true,
    store: (_place, credential, at = clock) => store(credential, at),
    occupant: (names) => firstKeyOf(store(owner, clock), names),
    prepare: async () => undefined,
    removePlaces: async () => [],
    isNameless: () => false,
    windowProblem: () => null,
    window: (scope, generation, window) =>
      issueWindow({ target, location, owner, clock, scope, generation, window }),
    damages: damagedKeys,
    datedBy: 'tenant',
    copies: (credential, from, to) => raw.copies(credential, from.key, to.key),
    listUploads: (_place, credential, prefix) => raw.listUploads(credential, prefix),
    listsUploadsWithObjects: false,
    close: () => closers.close(),
  };
}

/** An address of this machine has no room for a bucket in its host name. */
function dialectOf({ endpoint, kind }: S3Target): S3Dialect {
  const dialect = S3_DIALECTS[kind];
  const isNumber =
    endpoint !== null && /^(\[.*\]|[\d.]+|localhost)$/.test(new URL(endpoint).hostname);
  return isNumber ? { ...dialect, isPathStyle: true } : dialect;
}

/** Keys with one thing wrong. The id keeps its length and its first letters. */
export function damagedKeys(credential: StorageCredential): readonly Damage[] {
  const keys = requireCredential('s3-keys', credential);
  const common = { ...keys, expiresAt: null };
  const spoil = (secret: Secret) => new Secret(secret.use(spoiled));
  const unknown = keys.keyId.slice(0, 4).padEnd(keys.keyId.length, '7');
  return [
    { what: 'wrong secret', credential: { ...common, secretKey: spoil(keys.secretKey) } },
    { what: 'unknown key', credential: { ...common, keyId: unknown } },
    ...(keys.sessionToken === null
      ? []
      : [
          {
            what: 'wrong token' as const,
            credential: { ...common, sessionToken: spoil(keys.sessionToken) },
          },
        ]),
  ];
}
