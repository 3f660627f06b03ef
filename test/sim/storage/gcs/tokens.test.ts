import { createSign } from 'node:crypto';
import { Impersonated } from 'google-auth-library';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ADMIN,
  BUCKET,
  failure,
  HOUR_MS,
  type Lab,
  PRIVATE_KEY,
  PROJECT,
  START,
  startLab,
  TENANT,
} from './lab.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await startLab();
});
afterEach(async () => {
  expect(lab.internalErrors).toEqual([]);
  await lab.close();
});

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

function assertion(claims: object, head: object = {}, key = PRIVATE_KEY): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', typ: 'JWT', ...head })}.${part(claims)}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`;
}

async function ask(fields: Record<string, string>, path = '/token'): Promise<[number, string]> {
  const answer = await lab.fetch(path, { method: 'POST', body: new URLSearchParams(fields) });
  const body = (await answer.json()) as { error?: string; access_token?: string };
  return [answer.status, body.error ?? (body.access_token === undefined ? '' : 'token')];
}

describe('tokens for an own assertion', () => {
  test('the real JWT client gets one, and a new one when it expires', async () => {
    const jwt = lab.jwt();
    const storage = lab.storage(jwt);
    const [exists] = await storage.bucket(BUCKET).exists();
    expect(exists).toBe(true);
    lab.moveTo(START + HOUR_MS);
    expect(await storage.bucket(BUCKET).exists()).toEqual([true]);
    const grants = lab.records.filter((one) => one.operation === 'oauth2.token');
    expect(grants.map((one) => one.status)).toEqual([200, 200]);
  });

  test.each([
    [-1, 200],
    [0, 401],
    [1, 401],
  ])('C10: a token at its expiry %i ms is answered %i', async (offsetMs, status) => {
    const token = lab.token(ADMIN, HOUR_MS);
    lab.moveTo(START + HOUR_MS + offsetMs);
    const answer = await lab.fetch(`/storage/v1/b/${BUCKET}`, { token });
    expect(answer.status).toBe(status);
    const body = await answer.json();
    if (status === 401) {
      expect(body).toEqual({
        error: {
          code: 401,
          message: 'Invalid Credentials',
          errors: [
            {
              message: 'Invalid Credentials',
              domain: 'global',
              reason: 'authError',
              locationType: 'header',
              location: 'Authorization',
            },
          ],
        },
      });
    }
  });

  const iat = START / 1000;
  const good = {
    iss: ADMIN,
    scope: SCOPE,
    aud: 'https://oauth2.googleapis.com/token',
    iat,
    exp: iat + 3600,
  };
  test.each([
    ['a good one', good, {}, 'token'],
    ['its key named', good, { kid: 'k1' }, 'token'],
    ['another key named', good, { kid: 'k2' }, 'invalid_grant'],
    ['no signature', good, { alg: 'none' }, 'invalid_grant'],
    ['an HMAC', good, { alg: 'HS256' }, 'invalid_grant'],
    ['another account', { ...good, iss: TENANT }, {}, 'invalid_grant'],
    ['an unknown account', { ...good, iss: 'x@y' }, {}, 'invalid_grant'],
    ['another audience', { ...good, aud: 'https://example.com' }, {}, 'invalid_grant'],
    ['expired', { ...good, iat: iat - 3600, exp: iat }, {}, 'invalid_grant'],
    ['from the future', { ...good, iat: iat + 301, exp: iat + 400 }, {}, 'invalid_grant'],
    ['too long', { ...good, exp: iat + 3601 }, {}, 'invalid_grant'],
    ['no times', { ...good, iat: undefined, exp: undefined }, {}, 'invalid_grant'],
    ['for somebody else', { ...good, sub: 'x@y' }, {}, 'unauthorized_client'],
    ['no scope', { ...good, scope: undefined }, {}, 'invalid_scope'],
  ])('assertion: %s', async (_name, claims, head, expected) => {
    const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
    const answer = await ask({ grant_type, assertion: assertion(claims, head) });
    expect(answer[1]).toBe(expected);
  });

  test.each([
    [{}, 'unsupported_grant_type'],
    [{ grant_type: 'password' }, 'unsupported_grant_type'],
    [{ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer' }, 'invalid_grant'],
    [
      { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'a.b.c' },
      'invalid_grant',
    ],
  ])('bad form %j', async (form, expected) => {
    expect(await ask(form as Record<string, string>)).toEqual([400, expected]);
  });

  test('without a login and with nonsense', async () => {
    const path = `/storage/v1/b/${BUCKET}/o`;
    const anonymous = await lab.fetch(path);
    expect(anonymous.status).toBe(401);
    expect(await anonymous.json()).toMatchObject({
      error: { message: 'Login Required', errors: [{ reason: 'required' }] },
    });
    for (const authorization of ['Bearer x', 'Bearer', 'Basic eDp5', 'AWS4-HMAC-SHA256 x']) {
      const answer = await lab.fetch(path, { headers: { authorization } });
      expect(answer.status).toBe(401);
    }
  });

  test('the scopes of a token limit it', async () => {
    const scopes = ['https://www.googleapis.com/auth/devstorage.read_only'];
    const { token } = lab.server.issueAccessToken({ email: ADMIN, lifetimeMs: HOUR_MS, scopes });
    const file = lab.withToken(token).bucket(BUCKET).file('f');
    expect(await failure(file.save('x', { resumable: false }))).toMatchObject({ code: 403 });
    expect(await lab.withToken(token).bucket(BUCKET).getFiles()).toBeDefined();
  });
});

describe('generateAccessToken', () => {
  test('the real Impersonated client acts as the other account, which may less', async () => {
    const client = new Impersonated({
      sourceClient: lab.jwt(),
      targetPrincipal: TENANT,
      targetScopes: [SCOPE],
      delegates: [],
      lifetime: 3600,
      endpoint: lab.server.endpoint,
    });
    expect(await failure(lab.storage(client).bucket(BUCKET).getFiles())).toMatchObject({
      code: 403,
      reason: 'forbidden',
      message:
        `${TENANT} does not have storage.objects.list access to the Google Cloud Storage bucket. ` +
        "Permission 'storage.objects.list' denied on resource (or it may not exist).",
    });
  });

  test.each([
    [TENANT, { lifetime: '3600s' }, 200],
    [TENANT, { lifetime: '3601s' }, 400],
    [TENANT, { lifetime: '0s' }, 400],
    [TENANT, { lifetime: 'long' }, 400],
    [TENANT, { scope: [] }, 400],
    [TENANT, { scope: SCOPE }, 400],
    [TENANT, { strange: 1 }, 400],
    [TENANT, { delegates: ['x'] }, 501],
    [ADMIN, {}, 403],
    ['nobody@x', {}, 403],
  ])('%s %j is answered %i', async (email, change, status) => {
    const answer = await lab.fetch(
      `/v1/projects/-/serviceAccounts/${encodeURIComponent(email)}:generateAccessToken`,
      {
        method: 'POST',
        token: lab.token(),
        body: JSON.stringify({ scope: [SCOPE], ...change }),
      },
    );
    expect(answer.status).toBe(status);
    const body = (await answer.json()) as { expireTime?: string };
    if (status === 200) expect(body.expireTime).toBe('2026-01-15T13:00:00Z');
  });
});

test.each([
  [12, '43200s', 200],
  [12, '43201s', 400],
  [2, '7200s', 200],
  [2, '7201s', 400],
])('an account may have tokens of up to %i hours: %s is %i', async (hours, lifetime, status) => {
  await lab.close();
  const tokenCreators = [`serviceAccount:${ADMIN}`];
  const account = { email: ADMIN, projectId: PROJECT, tokenCreators };
  lab = await startLab({ serviceAccounts: [{ ...account, longestTokenMs: hours * HOUR_MS }] });
  const answer = await lab.fetch(`/v1/projects/-/serviceAccounts/${ADMIN}:generateAccessToken`, {
    method: 'POST',
    token: lab.token(),
    body: JSON.stringify({ scope: [SCOPE], lifetime }),
  });
  expect(answer.status).toBe(status);
  if (status !== 200) return;
  const { accessToken: token } = (await answer.json()) as { accessToken: string };
  lab.moveTo(START + hours * HOUR_MS - 1);
  expect((await lab.fetch(`/storage/v1/b/${BUCKET}`, { token })).status).toBe(200);
  lab.moveTo(START + hours * HOUR_MS);
  expect((await lab.fetch(`/storage/v1/b/${BUCKET}`, { token })).status).toBe(401);
});

test('unknown tokens, tokens of a fault that spreads late', async () => {
  lab.server.faults.add({
    kind: 'delayKeyPropagation',
    operation: 'oauth2.token',
    nth: 1,
    ms: 5000,
  });
  const { token } = await lab.jwt().getAccessToken();
  const path = `/storage/v1/b/${BUCKET}`;
  expect((await lab.fetch(path, { token: token! })).status).toBe(401);
  lab.moveTo(START + 5000);
  expect((await lab.fetch(path, { token: token! })).status).toBe(200);
});
