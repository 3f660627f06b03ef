import { request } from 'node:https';
import {
  BlobSASPermissions,
  BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  type StoragePipelineOptions,
  type UserDelegationKey,
} from '@azure/storage-blob';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { issueEntraToken } from '../../../../sim/storage/azure/index.ts';
import type { EntraApplication } from '../../../../sim/storage/azure/options.ts';
import { makeSelfSigned } from '../../../../sim/storage/control/self-signed.ts';
import {
  CONTAINER,
  DAY_MS,
  DELEGATOR,
  ENTRA,
  FLAT,
  HOUR_MS,
  handSas,
  KEY,
  type Lab,
  NOBODY,
  namesIn,
  OTHER_KEY,
  outcome,
  READER,
  refusal,
  START,
  seconds,
  startLab,
  TREE,
  textOf,
} from './lab.ts';

const WEEK_MS = 7 * DAY_MS;
let count = 0;
const tls = makeSelfSigned((bytes) => {
  count += 1;
  return Buffer.alloc(bytes, count);
});

let lab: Lab;
beforeAll(async () => {
  // The client sends bearer tokens over TLS only.
  lab = await startLab({
    tls,
    accounts: [
      { name: TREE, key: KEY, hierarchicalNamespace: true, containers: [CONTAINER] },
      { name: FLAT, key: OTHER_KEY, prefixScopedDelegation: true, containers: [CONTAINER] },
    ],
  });
  const owner = byToken(DELEGATOR).getContainerClient(CONTAINER);
  await owner.getBlockBlobClient('a/b/blob').upload('body', 4);
});
beforeEach(() => {
  lab.clock.at = START;
});
afterAll(async () => {
  await lab.close();
  expect(lab.internalErrors).toEqual([]);
});

function options(): StoragePipelineOptions {
  const trusting = { retryOptions: { maxTries: 1 }, tlsOptions: { ca: tls.cert } };
  return trusting;
}

function byToken(application: EntraApplication, token?: string, account = TREE): BlobServiceClient {
  const credential = {
    getToken: async () => ({
      token: token ?? issueEntraToken(ENTRA, application, lab.clock.at).token,
      // The client would keep a token by its own clock: it asks each time.
      expiresOnTimestamp: 0,
    }),
  };
  return new BlobServiceClient(`${lab.storage.endpoint}/${account}`, credential, options());
}

/** A raw request to the token endpoint, with the fields of a good one unless they are given. */
function askForToken(form: Readonly<Record<string, string>>): Promise<{
  status: number;
  body: { access_token?: string; expires_in?: number };
}> {
  const fields = {
    grant_type: 'client_credentials',
    scope: 'https://storage.azure.com/.default',
    ...form,
  };
  const path = `/${ENTRA.tenantId}/oauth2/v2.0/token`;
  const { port } = lab.storage;
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path, method: 'POST', ca: tls.cert });
    sent.on('response', (reply) => {
      let text = '';
      reply.on('data', (data) => {
        text += String(data);
      });
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body: JSON.parse(text) }));
    });
    sent.on('error', reject);
    sent.end(new URLSearchParams(fields).toString());
  });
}

function bySas(sas: string, account = TREE) {
  const url = `${lab.storage.endpoint}/${account}?${sas}`;
  return new BlobServiceClient(url, undefined, options()).getContainerClient(CONTAINER);
}

function keyFor(
  application: EntraApplication,
  startAt: number,
  expiryAt: number,
  account = TREE,
): Promise<UserDelegationKey> {
  const service = byToken(application, undefined, account);
  return service.getUserDelegationKey(new Date(startAt), new Date(expiryAt));
}

function containerSas(key: UserDelegationKey, expiryAt: number, permissions = 'racwdl'): string {
  const values = {
    containerName: CONTAINER,
    permissions: ContainerSASPermissions.parse(permissions),
    expiresOn: new Date(expiryAt),
  };
  return generateBlobSASQueryParameters(values, key, TREE).toString();
}

describe('bearer tokens', () => {
  it('open what the roles of their principal open', async () => {
    const reader = byToken(READER).getContainerClient(CONTAINER);
    const blob = reader.getBlockBlobClient('a/b/blob');
    expect(await textOf(reader, 'a/b/blob')).toBe('body');
    expect(await outcome(blob.upload('x', 1))).toBe('403 AuthorizationPermissionMismatch');
    expect(await outcome(reader.getAccessPolicy())).toBe('403 AuthorizationPermissionMismatch');
    const nobody = byToken(NOBODY).getContainerClient(CONTAINER);
    expect(await outcome(namesIn(nobody))).toBe('403 AuthorizationPermissionMismatch');
    const writer = byToken(DELEGATOR).getContainerClient(CONTAINER);
    expect(await outcome(writer.getBlockBlobClient('x').upload('x', 1))).toBe('ok');
  });

  it.each<[string, () => string, number, string]>([
    ['expired', () => issueEntraToken(ENTRA, READER, START).token, HOUR_MS, 'is expired'],
    ['not yet valid', () => issueEntraToken(ENTRA, READER, START + 5000).token, 0, 'not yet valid'],
    [
      'of another issuer',
      () => issueEntraToken({ ...ENTRA, tenantId: 'other' }, READER, START).token,
      0,
      'Issuer did not match',
    ],
    [
      'signed by another secret',
      () => issueEntraToken({ ...ENTRA, signingSecret: 'x' }, READER, START).token,
      0,
      'Signature verification failed',
    ],
    [
      'for another audience',
      () => issueEntraToken(ENTRA, READER, START, 'https://graph.microsoft.com').token,
      0,
      'Audience did not match',
    ],
    ['no token', () => 'nonsense', 0, 'Signature verification failed'],
  ])('a token that is %s is 401', async (_name, make, laterMs, detail) => {
    const token = make();
    lab.clock.at = START + laterMs;
    const container = byToken(READER, token).getContainerClient(CONTAINER);
    const found = await refusal(namesIn(container));
    expect([found.status, found.code]).toEqual([401, 'InvalidAuthenticationInfo']);
    expect(found.detail).toContain(detail);
  });

  it('are issued by the token endpoint, for the time that it says', async () => {
    const wrong = await askForToken({ client_id: READER.clientId });
    expect(wrong.status).toBe(401);
    const issued = await askForToken({
      client_id: READER.clientId,
      client_secret: READER.clientSecret,
    });
    expect([issued.status, issued.body.expires_in]).toEqual([200, 3600]);
    const container = byToken(READER, issued.body.access_token).getContainerClient(CONTAINER);
    lab.clock.at = START + HOUR_MS - 1;
    expect(await outcome(namesIn(container))).toBe('ok');
    lab.clock.at = START + HOUR_MS;
    expect(await outcome(namesIn(container))).toBe('401 InvalidAuthenticationInfo');
    lab.clock.at = START;
    for (const [form, status] of [
      [{ client_id: 'x' }, 400],
      [{ grant_type: 'password' }, 400],
      [{ scope: 'x', client_id: READER.clientId, client_secret: READER.clientSecret }, 400],
    ] as const) {
      expect((await askForToken(form)).status).toBe(status);
    }
  });
});

describe('user-delegation keys', () => {
  it.each([
    ['seven days exactly', 0, WEEK_MS, 'ok'],
    ['a second more', 0, WEEK_MS + 1000, '400 InvalidXmlNodeValue'],
    ['a start in the past', -DAY_MS, WEEK_MS, 'ok'],
    ['a start too long ago', -WEEK_MS - 1000, DAY_MS, '400 InvalidXmlNodeValue'],
    ['a start too late', WEEK_MS + 1000, WEEK_MS + 2000, '400 InvalidXmlNodeValue'],
    ['an end before the start', DAY_MS, HOUR_MS, '400 InvalidXmlNodeValue'],
    ['an end now', -HOUR_MS, 0, '400 InvalidXmlNodeValue'],
  ])('C21: %s', async (_name, start, expiry, wanted) => {
    expect(await outcome(keyFor(DELEGATOR, START + start, START + expiry))).toBe(wanted);
  });

  it('need a role that allows it, and a bearer token', async () => {
    const ask = (application: EntraApplication) =>
      outcome(keyFor(application, START, START + DAY_MS));
    expect([await ask(READER), await ask(NOBODY)]).toEqual([
      'ok',
      '403 AuthorizationPermissionMismatch',
    ]);
    const service = lab.owner(TREE, KEY);
    const byKey = new BlobServiceClient(service.url, service.credential, options());
    const asked = byKey.getUserDelegationKey(new Date(START), new Date(START + DAY_MS));
    expect((await refusal(asked)).detail).toContain('Bearer');
  });

  it('differ by account, principal and time, and are the same when asked again', async () => {
    const values = await Promise.all([
      keyFor(DELEGATOR, START, START + DAY_MS),
      keyFor(DELEGATOR, START, START + DAY_MS),
      keyFor(READER, START, START + DAY_MS),
      keyFor(DELEGATOR, START, START + 2 * DAY_MS),
      keyFor(DELEGATOR, START, START + DAY_MS, FLAT),
    ]);
    expect(new Set(values.map((key) => key.value)).size).toBe(4);
  });
});

describe('user-delegation SAS', () => {
  it.each([
    [-1, 'ok'],
    [0, '403 AuthenticationFailed'],
    [1, '403 AuthenticationFailed'],
  ])('C10: %i ms from the end of its key, which ends it', async (offMs, wanted) => {
    const end = START + WEEK_MS;
    const key = await keyFor(DELEGATOR, START, end);
    const container = bySas(containerSas(key, START + 30 * DAY_MS));
    lab.clock.at = end + offMs;
    expect(await outcome(namesIn(container))).toBe(wanted);
    if (wanted !== 'ok') {
      expect((await refusal(namesIn(container))).detail).toContain('Key expiry');
    }
  });

  it('is not valid before its key is, and ends at its own end', async () => {
    const key = await keyFor(DELEGATOR, START + HOUR_MS, START + DAY_MS);
    const container = bySas(containerSas(key, START + 2 * HOUR_MS));
    expect((await refusal(namesIn(container))).detail).toContain('Key start');
    lab.clock.at = START + HOUR_MS;
    expect(await outcome(namesIn(container))).toBe('ok');
    lab.clock.at = START + 2 * HOUR_MS;
    expect(await outcome(namesIn(container))).toBe('403 AuthenticationFailed');
  });

  it('can do no more than its principal can', async () => {
    const key = await keyFor(READER, START, START + DAY_MS);
    const container = bySas(containerSas(key, START + DAY_MS));
    expect(await textOf(container, 'a/b/blob')).toBe('body');
    expect(await outcome(container.getBlockBlobClient('x').upload('x', 1))).toBe(
      '403 AuthorizationPermissionMismatch',
    );
    const sources = lab.storage
      .decisions()
      .at(-1)
      ?.layers.map((layer) => layer.outcome);
    expect(sources).toEqual(['allowed', 'not allowed']);
  });

  it('with another owner, end or permission does not verify', async () => {
    const key = await keyFor(READER, START, START + DAY_MS);
    const sas = containerSas(key, START + DAY_MS, 'rl');
    for (const [from, to] of [
      [READER.objectId, DELEGATOR.objectId],
      ['ske=2026-01-16', 'ske=2026-01-17'],
      ['sp=rl', 'sp=rwl'],
    ] as const) {
      expect(sas).toContain(from);
      expect(await outcome(namesIn(bySas(sas.replace(from, to))))).toBe('403 AuthenticationFailed');
    }
    expect(await outcome(namesIn(bySas(`${sas}&si=policy`)))).toBe('403 AuthenticationFailed');
  });

  it('opens a directory, also a prefix of a flat account that allows it', async () => {
    for (const account of [TREE, FLAT]) {
      const owner = byToken(DELEGATOR, undefined, account).getContainerClient(CONTAINER);
      for (const name of ['T1/x', 'T10/x']) await owner.getBlockBlobClient(name).upload('x', 1);
      const key = await keyFor(DELEGATOR, START, START + DAY_MS, account);
      const values = {
        containerName: CONTAINER,
        blobName: 'T1',
        isDirectory: true,
        permissions: BlobSASPermissions.parse('racwd'),
        expiresOn: new Date(START + DAY_MS),
      };
      const sas = generateBlobSASQueryParameters(values, key, account).toString();
      const tenant = bySas(sas, account);
      expect(await textOf(tenant, 'T1/x')).toBe('x');
      expect(await outcome(textOf(tenant, 'T10/x'))).toBe('403 AuthenticationFailed');
    }
    // A service SAS is no user-delegation SAS: Azure opened prefixes for the latter alone.
    const service = handSas(
      { sr: 'd', sdd: '1', se: seconds(START + DAY_MS) },
      `/blob/${FLAT}/${CONTAINER}/T1`,
      OTHER_KEY,
    );
    expect(await outcome(textOf(bySas(service, FLAT), 'T1/x'))).toBe('403 AuthenticationFailed');
  });

  it('a SAS for https alone is served over TLS', async () => {
    const sas = handSas({ sr: 'c', spr: 'https' }, `/blob/${TREE}/${CONTAINER}`);
    expect(await outcome(namesIn(bySas(sas)))).toBe('ok');
  });
});
