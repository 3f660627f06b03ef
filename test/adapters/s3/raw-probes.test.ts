import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  clientOptions,
  createHttpHandler,
  createS3Client,
  signByClock,
} from '../../../adapters/s3/client.ts';
import { S3_DIALECTS } from '../../../adapters/s3/dialects.ts';
import { sessionPolicy } from '../../../adapters/s3/session-policy.ts';
import { createSharedCredentialIssuer } from '../../../adapters/s3/shared-credential-issuer.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import type { StorageCredential } from '../../../machines/ports/storage-credential.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import { FOREIGN_KEYS } from '../../contract/scope-probes.contract.ts';
import { codeOf, pattern } from '../../contract/store-content.ts';
import { type HttpStoreWorld, httpWorld } from '../../contract/worlds.ts';

const CLIENTS = 'Veeam/Backup/vault/Clients/';
const OWN = `${CLIENTS}T1/`;
const CONFIG = 'Veeam/Backup/vault/Config/Repository';
const SCOPE = { repository: 'vault', tenant: 'T1', subtenant: null };

let world: HttpStoreWorld;
let tenant: S3Client;
const clients: { destroy(): void }[] = [];

function rawClient(credential: StorageCredential): S3Client {
  const { clock, location } = world;
  const dialect = S3_DIALECTS['s3-compatible'];
  const client = createS3Client({ location, credential, clock, dialect, socketsMax: 4 });
  clients.push(client);
  return client;
}

/** The storage's own word: `ok` or its error code. */
async function wordOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'ok',
    (thrown: Error) => thrown.name,
  );
}

beforeAll(async () => {
  world = await httpWorld();
  const at = world.clock.now();
  tenant = rawClient(
    await world.issuer.issue({ scope: SCOPE, generation: 1, lifetimeMs: HOUR_MS, at }),
  );
  const keys = [...FOREIGN_KEYS, CONFIG, `${OWN}own`];
  await Promise.all(keys.map((key) => world.owner.put(key, pattern(32))));
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await world.close();
});

const copy = (from: string, to: string) =>
  wordOf(
    tenant.send(
      new CopyObjectCommand({
        Bucket: 'vault',
        Key: to,
        CopySource: `vault/${from.split('/').map(encodeURIComponent).join('/')}`,
      }),
    ),
  );

describe('scope probes with the bare SDK (I44–I48)', () => {
  test.each(FOREIGN_KEYS)('copying and multipart with %s are denied', async (key) => {
    expect(await copy(key, `${OWN}stolen`), 'as the source').toBe('AccessDenied');
    expect(await copy(`${OWN}own`, key), 'as the target').toBe('AccessDenied');
    const create = new CreateMultipartUploadCommand({ Bucket: 'vault', Key: key });
    expect(await wordOf(tenant.send(create))).toBe('AccessDenied');
    const objects = [{ Key: key }, { Key: `${OWN}none` }];
    const command = new DeleteObjectsCommand({ Bucket: 'vault', Delete: { Objects: objects } });
    const { Deleted, Errors } = await tenant.send(command);
    expect(Errors?.map((error) => [error.Key, error.Code])).toEqual([[key, 'AccessDenied']]);
    expect(Deleted?.map((deleted) => deleted.Key)).toEqual([`${OWN}none`]);
    expect((await world.owner.head(key))?.sizeBytes).toBe(32);
    expect(await world.owner.head(`${OWN}stolen`)).toBeNull();
  });

  test.each([
    `${OWN}../T10/secret`,
    `${OWN}%2e%2e/T10/secret`,
    `${OWN}..%2FT10/secret`,
    `${OWN}/../../T10/secret`,
    `${OWN}./../T10/secret`,
  ])('%s never reaches the folder of T10', async (key) => {
    const put = new PutObjectCommand({ Bucket: 'vault', Key: key, Body: 'overwritten' });
    await wordOf(tenant.send(put));
    const get = new GetObjectCommand({ Bucket: 'vault', Key: key });
    const text = await tenant.send(get).then(
      (answer) => answer.Body?.transformToString(),
      () => 'refused',
    );
    expect(['overwritten', 'refused'], 'own bytes or nothing').toContain(text);
    expect((await world.owner.head(`${CLIENTS}T10/secret`))?.sizeBytes).toBe(32);
  });

  test('I47 copying onto the configuration is denied, copying it out is allowed', async () => {
    expect(await copy(`${OWN}own`, CONFIG)).toBe('AccessDenied');
    expect(await copy(CONFIG, `${OWN}config-copy`)).toBe('ok');
    expect(await copy(`${OWN}own`, `${OWN}own-copy`)).toBe('ok');
  });

  test('listing without a prefix, with a delimiter and of uploads is denied', async () => {
    const Bucket = 'vault';
    for (const command of [
      new ListObjectsV2Command({ Bucket }),
      new ListObjectsV2Command({ Bucket, Delimiter: '/' }),
      new ListObjectsV2Command({ Bucket, Prefix: CLIENTS, Delimiter: '/' }),
      new ListObjectsV2Command({ Bucket, Prefix: `${CLIENTS}T1` }),
      new ListObjectsV2Command({ Bucket, Prefix: '', StartAfter: OWN }),
    ]) {
      expect(await wordOf(tenant.send(command))).toBe('AccessDenied');
    }
    for (const Prefix of [undefined, OWN]) {
      const command = new ListMultipartUploadsCommand(Prefix ? { Bucket, Prefix } : { Bucket });
      expect(await wordOf(tenant.send(command))).toBe('AccessDenied');
    }
  });

  test('I48 no bucket administration', async () => {
    expect(await wordOf(tenant.send(new CreateBucketCommand({ Bucket: 'mine' })))).toBe(
      'AccessDenied',
    );
    expect(await wordOf(tenant.send(new ListBucketsCommand({})))).toBe('AccessDenied');
  });

  test('the storage says ExpiredToken from the end on, to the millisecond', async () => {
    const at = world.clock.now();
    const request = { scope: SCOPE, generation: 2, lifetimeMs: HOUR_MS, at };
    const client = rawClient(await world.issuer.issue(request));
    const get = () => wordOf(client.send(new GetObjectCommand({ Bucket: 'vault', Key: CONFIG })));
    world.clock.advanceTo(at + HOUR_MS - 1);
    expect(await get()).toBe('ok');
    world.clock.advanceTo(at + HOUR_MS);
    expect(await get()).toBe('ExpiredToken');
  });
});

describe('issuing', () => {
  test('CVE-2026-42810: a folder named T* opens itself and not T1', async () => {
    const { clock, location, ownerCredential } = world;
    const sts = new STSClient({
      ...clientOptions(ownerCredential, location.region),
      endpoint: location.endpoint ?? '',
      requestHandler: createHttpHandler(1),
    });
    clients.push(sts);
    signByClock(sts.config, clock);
    const policy = { bucket: 'vault', fullAccess: `${CLIENTS}T*/`, readOnly: 'Config$/' };
    const answer = await sts.send(
      new AssumeRoleCommand({
        RoleArn: 'arn:aws:iam::000000000000:role/fortnight',
        RoleSessionName: 'probe',
        Policy: sessionPolicy(policy),
      }),
    );
    const store = world.storeFor({
      kind: 's3-keys',
      keyId: answer.Credentials?.AccessKeyId ?? '',
      secretKey: new Secret(answer.Credentials?.SecretAccessKey ?? ''),
      sessionToken: new Secret(answer.Credentials?.SessionToken ?? ''),
      generation: 1,
      expiresAt: null,
    });
    expect(await codeOf(store.put(`${CLIENTS}T*/own`, pattern(1)))).toBe('resolved');
    expect(await codeOf(store.get(`${OWN}own`))).toBe('access.denied');
    expect(await codeOf(store.put(`${CLIENTS}TX/own`, pattern(1)))).toBe('access.denied');
  });

  test.each(['T*', 'T/1', '..', "T'", 'T"', 'T$1', 'T\\1', '', ' T1', 'T\n1'])(
    '§6 the tenant name %j is refused before anything is asked',
    async (tenantName) => {
      const before = world.requests.length;
      const scope = { repository: 'vault', tenant: tenantName, subtenant: null };
      const request = { scope, generation: 1, lifetimeMs: HOUR_MS, at: world.clock.now() };
      expect(await codeOf(world.issuer.issue(request))).toBe('issuer.refused');
      expect(world.requests.length).toBe(before);
    },
  );

  test('I7 share gives the key id of the repository itself', async () => {
    const issuer = createSharedCredentialIssuer(world.ownerCredential);
    const at = world.clock.now();
    const shared = await issuer.issue({ scope: SCOPE, generation: 4, lifetimeMs: HOUR_MS, at });
    expect(shared).toMatchObject({ keyId: world.ownerCredential.keyId, generation: 4 });
    expect(shared.expiresAt).toBe(at + HOUR_MS);
    expect(issuer.capabilities).toMatchObject({
      scopeKind: 'whole-repository',
      isExpiryEnforced: false,
    });
    expect(await issuer.revoke(SCOPE, 4, shared.keyId)).toBe(false);
    expect(await codeOf(world.storeFor(shared).get(`${CLIENTS}T10/secret`))).toBe('resolved');
  });
});
