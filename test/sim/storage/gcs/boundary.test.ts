import { OAuth2Client } from 'google-auth-library';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ADMIN,
  BUCKET,
  CONFIG_FOLDER,
  failure,
  HOUR_MS,
  type Lab,
  START,
  startLab,
  TENANT_FOLDER,
  tenantBoundary,
} from './lab.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await startLab();
});
afterEach(async () => {
  expect(lab.internalErrors).toEqual([]);
  await lab.close();
});

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

async function exchange(subject: string, options: string): Promise<Response> {
  return lab.fetch('/v1/token', {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: EXCHANGE,
      subject_token: subject,
      subject_token_type: ACCESS_TOKEN,
      requested_token_type: ACCESS_TOKEN,
      options,
    }),
  });
}

async function downscopedToken(boundary: object = tenantBoundary()): Promise<string> {
  const answer = await exchange(lab.token(), JSON.stringify(boundary));
  const body = (await answer.json()) as { access_token?: string };
  if (body.access_token === undefined) throw new Error(JSON.stringify(body));
  return body.access_token;
}

async function seed(...names: string[]): Promise<void> {
  const bucket = lab.withToken().bucket(BUCKET);
  for (const name of names) await bucket.file(name).save('secret', { resumable: false });
}

describe('C9: a token for one folder', () => {
  test('the real DownscopedClient works in its folder end to end', async () => {
    await seed(`${CONFIG_FOLDER}Owner`);
    const client = lab.downscoped(lab.jwt(), tenantBoundary());
    const bucket = lab.storage(client).bucket(BUCKET);
    const file = bucket.file(`${TENANT_FOLDER}backup/data`);
    await file.save('mine', { resumable: false });
    await file.save('mine again', { resumable: false });
    expect((await file.download())[0].toString()).toBe('mine again');
    const [listed] = await bucket.getFiles({ prefix: TENANT_FOLDER });
    expect(listed.map(({ name }) => name)).toEqual([`${TENANT_FOLDER}backup/data`]);
    await file.copy(bucket.file(`${TENANT_FOLDER}copy`));
    const [uri] = await bucket.file(`${TENANT_FOLDER}big`).createResumableUpload({});
    await bucket.file(`${TENANT_FOLDER}big`).save(Buffer.alloc(600_000), { uri, resumable: true });
    await file.delete();
    expect(await file.exists()).toEqual([false]);
    const [config] = await bucket.file(`${CONFIG_FOLDER}Owner`).download();
    expect(config.toString()).toBe('secret');
    // The clients' clock is the storage's: a new hour, a new exchange.
    lab.moveTo(START + HOUR_MS);
    expect(await file.exists()).toEqual([false]);
    const exchanges = lab.records.filter((one) => one.operation === 'sts.token');
    expect(exchanges.map((one) => one.status)).toEqual([200, 200]);
  });

  test.each([
    ['a prefix twin', 'Veeam/Backup/R/Clients/T10/x'],
    ['the folder without its slash', 'Veeam/Backup/R/Clients/T1'],
    ['the parent', 'Veeam/Backup/R/Clients/x'],
    ['a neighbour', 'Veeam/Backup/R/Clients/T2/x'],
    ['another repository', 'Veeam/Backup/R2/Clients/T1/x'],
    ['the root', 'x'],
    ['another case', TENANT_FOLDER.toLowerCase()],
  ])('outside is refused: %s', async (_name, key) => {
    await seed(key);
    const bucket = lab.withToken(await downscopedToken()).bucket(BUCKET);
    const own = bucket.file(`${TENANT_FOLDER}own`);
    await own.save('x', { resumable: false });
    const outside = bucket.file(key);
    for (const work of [
      () => outside.download(),
      () => outside.getMetadata(),
      () => outside.save('x', { resumable: false }),
      () => outside.createResumableUpload({}),
      () => outside.delete(),
      () => outside.setMetadata({ metadata: { a: 'b' } }),
      () => own.copy(outside),
      () => outside.copy(own),
      () => bucket.combine([own, outside], own),
    ] as (() => Promise<unknown>)[]) {
      expect(await failure(work())).toMatchObject({ code: 403 });
    }
    expect((await lab.withToken().bucket(BUCKET).file(key).download())[0].toString()).toBe(
      'secret',
    );
  });

  test('two dots in a name are two dots: the folder is its raw prefix', async () => {
    const bucket = lab.withToken(await downscopedToken()).bucket(BUCKET);
    const odd = bucket.file(`${TENANT_FOLDER}../T2/x`);
    await odd.save('x', { resumable: false });
    await seed('Veeam/Backup/R/Clients/T2/x');
    const other = await lab
      .withToken()
      .bucket(BUCKET)
      .file('Veeam/Backup/R/Clients/T2/x')
      .download();
    expect(other[0].toString()).toBe('secret');
  });

  test('config is read-only', async () => {
    await seed(`${CONFIG_FOLDER}Owner`);
    const file = lab
      .withToken(await downscopedToken())
      .bucket(BUCKET)
      .file(`${CONFIG_FOLDER}Owner`);
    expect((await file.download())[0].toString()).toBe('secret');
    expect(await failure(file.save('x', { resumable: false }))).toMatchObject({ code: 403 });
    expect(await failure(file.delete())).toMatchObject({ code: 403 });
  });

  test.each([
    [TENANT_FOLDER, 200],
    [`${TENANT_FOLDER}deeper/`, 200],
    [CONFIG_FOLDER, 200],
    ['Veeam/Backup/R/Clients/T1', 403],
    ['Veeam/Backup/R/Clients/T10/', 403],
    ['Veeam/Backup/R/Clients/', 403],
    ['', 403],
  ])('listing %j is %i', async (prefix, status) => {
    const token = await downscopedToken();
    const path = `/storage/v1/b/${BUCKET}/o?prefix=${encodeURIComponent(prefix)}`;
    expect((await lab.fetch(path, { token })).status).toBe(status);
  });

  test.each([
    ['the bucket', 'GET', `/storage/v1/b/${BUCKET}`],
    ['its policy', 'GET', `/storage/v1/b/${BUCKET}/iam`],
    ['the buckets', 'GET', '/storage/v1/b?project=lab-project'],
    ['HMAC keys', 'GET', '/storage/v1/projects/lab-project/hmacKeys'],
    ['deleting the bucket', 'DELETE', `/storage/v1/b/${BUCKET}`],
    ['listing by XML', 'GET', `/${BUCKET}`],
  ])('nothing else: %s', async (_name, method, path) => {
    const token = await downscopedToken();
    expect((await lab.fetch(path, { token, method })).status).toBe(403);
  });

  test.each(["o'neil/", 'say "x"/', 'back\\slash/', "x') || true || ('/", 'ü 😀/'])(
    'a folder with odd characters: %s',
    async (folder) => {
      const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
      const token = await downscopedToken(tenantBoundary(folder, quote));
      const bucket = lab.withToken(token).bucket(BUCKET);
      await bucket.file(`${folder}x`).save('x', { resumable: false });
      const [files] = await bucket.getFiles({ prefix: folder });
      expect(files).toHaveLength(1);
      await seed('other/x');
      expect(await failure(bucket.file('other/x').download())).toMatchObject({ code: 403 });
    },
  );

  test('whoever does not escape a quote gets what the expression says (CVE-2026-42811)', async () => {
    const boundary = tenantBoundary("x') || true || resource.name.startsWith('");
    const answer = await exchange(lab.token(), JSON.stringify(boundary));
    // The injected text is valid CEL: only the issuer's escaping, as above, protects.
    expect(answer.status).toBe(200);
    const broken = await exchange(lab.token(), JSON.stringify(tenantBoundary("o'neil/")));
    expect(broken.status).toBe(400);
    expect(await broken.json()).toMatchObject({ error: 'invalid_request' });
  });
});

describe('the exchange', () => {
  test.each([-1, 0, 1])('C10: a downscoped token dies with its source: %i ms', async (offsetMs) => {
    const source = lab.token(ADMIN, HOUR_MS);
    lab.moveTo(START + 1_800_500);
    const answer = await exchange(source, JSON.stringify(tenantBoundary()));
    const body = (await answer.json()) as { access_token: string; expires_in: number };
    expect(body.expires_in).toBe(1799);
    lab.moveTo(START + HOUR_MS + offsetMs);
    const path = `/storage/v1/b/${BUCKET}/o?prefix=${encodeURIComponent(TENANT_FOLDER)}`;
    const { status } = await lab.fetch(path, { token: body.access_token });
    expect(status).toBe(offsetMs < 0 ? 200 : 401);
  });

  test('the effective rights are those of the account and of the boundary', async () => {
    const email = 'tenant@lab-project.iam.gserviceaccount.com';
    const answer = await exchange(lab.token(email), JSON.stringify(tenantBoundary()));
    const { access_token: token } = (await answer.json()) as { access_token: string };
    const path = `/storage/v1/b/${BUCKET}/o?prefix=${encodeURIComponent(TENANT_FOLDER)}`;
    expect((await lab.fetch(path, { token })).status).toBe(403);
    const [last] = lab.server.decisions().slice(-1);
    expect(last?.layers.map(({ source, outcome }) => [source, outcome])).toEqual([
      ['IAM policy', 'not allowed'],
      ['token scope', 'allowed'],
      ['access boundary', 'allowed'],
    ]);
  });

  test('boundaries need uniform bucket-level access', async () => {
    await lab.withToken().createBucket('fine-grained');
    const boundary = JSON.parse(
      JSON.stringify(tenantBoundary()).replaceAll(BUCKET, 'fine-grained'),
    ) as object;
    const token = await downscopedToken(boundary);
    const path = `/storage/v1/b/fine-grained/o?prefix=${encodeURIComponent(TENANT_FOLDER)}`;
    expect((await lab.fetch(path, { token })).status).toBe(403);
  });

  test('a downscoped token cannot be exchanged or impersonate', async () => {
    const token = await downscopedToken();
    expect((await exchange(token, JSON.stringify(tenantBoundary()))).status).toBe(400);
    const path = '/v1/projects/-/serviceAccounts/tenant@lab-project.iam.gserviceaccount.com';
    const body = JSON.stringify({ scope: ['https://www.googleapis.com/auth/cloud-platform'] });
    const answer = await lab.fetch(`${path}:generateAccessToken`, { token, method: 'POST', body });
    expect(answer.status).toBe(403);
  });

  const rule = tenantBoundary().accessBoundary.accessBoundaryRules[0]!;
  const rules = (...list: object[]): object => ({ accessBoundary: { accessBoundaryRules: list } });
  const changed = (change: object): object => rules({ ...rule, ...change });
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no JSON', '{'],
    ['a list', []],
    ['no rules', rules()],
    ['eleven rules', rules(...Array.from({ length: 11 }, () => rule))],
    [
      'an object as resource',
      changed({
        availableResource: `//storage.googleapis.com/projects/_/buckets/${BUCKET}/objects/x`,
      }),
    ],
    [
      'a wildcard as resource',
      changed({ availableResource: '//storage.googleapis.com/projects/_/buckets/*' }),
    ],
    ['no permissions', changed({ availablePermissions: [] })],
    ['a bare permission', changed({ availablePermissions: ['storage.objects.get'] })],
    ['an unknown role', changed({ availablePermissions: ['inRole:roles/owner'] })],
    [
      'unknown CEL',
      changed({ availabilityCondition: { expression: "resource.name.matches('x')" } }),
    ],
    ['no expression', changed({ availabilityCondition: { title: 'x' } })],
    ['a condition that is a text', changed({ availabilityCondition: 'true' })],
    ['an unknown member', changed({ strange: true })],
    ['prototype members', rules(JSON.parse('{"__proto__": {}}') as object)],
  ])('a boundary of %s is refused', async (_name, boundary) => {
    const text = typeof boundary === 'string' ? boundary : (JSON.stringify(boundary) ?? '');
    const answer = await exchange(lab.token(), text);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: 'invalid_request' });
  });

  test('ten rules are allowed', async () => {
    const ten = rules(...Array.from({ length: 10 }, () => rule));
    expect(await downscopedToken(ten)).toMatch(/^ya29\./);
    const wrong = lab.downscoped(new OAuth2Client(), tenantBoundary());
    await expect(wrong.getAccessToken()).rejects.toThrow();
  });
});
