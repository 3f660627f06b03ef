import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ADMIN,
  BUCKET,
  HOUR_MS,
  type Lab,
  PROJECT,
  startLab,
  TENANT,
  tenantBoundary,
} from './lab.ts';

const ACCOUNTS = `/v1/projects/${PROJECT}/serviceAccounts`;
const MADE = `made-account@${PROJECT}.iam.gserviceaccount.com`;

let lab: Lab;
beforeEach(async () => {
  const admin = `serviceAccount:${ADMIN}`;
  const roles = ['roles/storage.admin', 'roles/storage.hmacKeyAdmin'];
  lab = await startLab({
    projects: [
      {
        projectId: PROJECT,
        bindings: roles.map((role) => ({ role, members: [admin] })),
        accountAdmins: [admin],
      },
    ],
  });
});
afterEach(async () => {
  expect(lab.internalErrors).toEqual([]);
  await lab.close();
});

type Answer = readonly [number, Record<string, unknown>];

async function call(
  method: string,
  path: string,
  body?: unknown,
  token: string | undefined = lab.token(),
): Promise<Answer> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { 'content-type': 'application/json' };
  const credential = token === '' ? {} : { token };
  const answer = await lab.fetch(path, { method, headers, ...sent, ...credential });
  const text = await answer.text();
  return [answer.status, text === '' ? {} : JSON.parse(text)];
}

const make = (accountId: unknown, token?: string) => call('POST', ACCOUNTS, { accountId }, token);

describe('service accounts', () => {
  test('are made, listed and deleted; those of the options are configuration', async () => {
    const [status, account] = await make('made-account');
    expect([status, account.email]).toEqual([200, MADE]);
    expect((await make('made-account'))[0]).toBe(409);
    const [, list] = await call('GET', ACCOUNTS);
    expect((list.accounts as { email: string }[]).map(({ email }) => email)).toEqual([MADE]);
    expect(await call('DELETE', `${ACCOUNTS}/${MADE}`)).toEqual([200, {}]);
    expect((await call('DELETE', `${ACCOUNTS}/${MADE}`))[0]).toBe(404);
    expect((await call('DELETE', `${ACCOUNTS}/${TENANT}`))[0]).toBe(404);
    expect(await call('GET', ACCOUNTS)).toEqual([200, {}]);
  });

  test('a listing has pages, a project is full at 100', async () => {
    for (let n = 100; n < 200; n += 1) expect((await make(`account-${n}`))[0]).toBe(200);
    const [status, body] = await make('one-more');
    expect([status, (body.error as { status: string }).status]).toEqual([
      429,
      'RESOURCE_EXHAUSTED',
    ]);
    const [, first] = await call('GET', `${ACCOUNTS}?pageSize=60`);
    expect(first.accounts).toHaveLength(60);
    const [, second] = await call(
      'GET',
      `${ACCOUNTS}?pageSize=60&pageToken=${first.nextPageToken}`,
    );
    expect(second.accounts).toHaveLength(40);
    expect(second.nextPageToken).toBeUndefined();
  });

  test.each([
    '',
    'short',
    'Upper-case',
    '1-digit-first',
    'ends-with-',
    'x'.repeat(31),
    7,
    undefined,
  ])('the id %j is refused', async (accountId) => {
    expect((await make(accountId))[0]).toBe(400);
  });

  test('who may: administrators with an unlimited token of cloud-platform', async () => {
    expect((await make('made-account', ''))[0]).toBe(401);
    expect((await make('made-account', 'ya29.unknown'))[0]).toBe(401);
    expect((await make('made-account', lab.token(TENANT)))[0]).toBe(403);
    const limited = { email: ADMIN, lifetimeMs: HOUR_MS };
    const boundary = tenantBoundary() as never;
    const { token } = lab.server.issueAccessToken({ ...limited, boundary });
    expect((await make('made-account', token))[0]).toBe(403);
    const scopes = ['https://www.googleapis.com/auth/devstorage.full_control'];
    expect(
      (await make('made-account', lab.server.issueAccessToken({ ...limited, scopes }).token))[0],
    ).toBe(403);
    expect((await call('GET', '/v1/projects/other/serviceAccounts'))[0]).toBe(403);
  });

  test('a deleted account opens nothing, and a new one of its name has not its bindings', async () => {
    await make('made-account');
    const [, key] = await call(
      'POST',
      `/storage/v1/projects/${PROJECT}/hmacKeys?serviceAccountEmail=${MADE}`,
    );
    const { accessId } = key.metadata as { accessId: string };
    const bindings = [{ role: 'roles/storage.objectUser', members: [`serviceAccount:${MADE}`] }];
    await call('PUT', `/storage/v1/b/${BUCKET}/iam`, { bindings });
    const put = async (keyId: string, secret: unknown) => {
      const client = new S3Client({
        endpoint: lab.server.endpoint,
        region: 'auto',
        forcePathStyle: true,
        maxAttempts: 1,
        requestChecksumCalculation: 'WHEN_REQUIRED',
        credentials: { accessKeyId: keyId, secretAccessKey: String(secret) },
      });
      const command = new PutObjectCommand({ Bucket: BUCKET, Key: 'k', Body: 'x' });
      const code = await client.send(command).then(
        () => 'stored',
        ({ name }) => name,
      );
      client.destroy();
      return code;
    };
    expect(await put(accessId, key.secret)).toBe('stored');
    await call('DELETE', `${ACCOUNTS}/${MADE}`);
    expect(await put(accessId, key.secret)).toBe('InvalidSecurity');
    await make('made-account');
    const [, again] = await call(
      'POST',
      `/storage/v1/projects/${PROJECT}/hmacKeys?serviceAccountEmail=${MADE}`,
    );
    const { accessId: newId } = again.metadata as { accessId: string };
    expect(await put(newId, again.secret)).toBe('AccessDenied');
    const [, policy] = await call('GET', `/storage/v1/b/${BUCKET}/iam`);
    expect(JSON.stringify(policy.bindings)).toContain(`deleted:serviceAccount:${MADE}?uid=`);
  });
});
