import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BUCKET, failure, type Lab, START, startLab, TENANT } from './lab.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await startLab();
});
afterEach(async () => {
  expect(lab.internalErrors).toEqual([]);
  await lab.close();
});

const END = START + 60_000;
const member = `serviceAccount:${TENANT}`;
const until = (at: number): string => `request.time < timestamp('${new Date(at).toISOString()}')`;
const conditional = (expression: string) => ({
  role: 'roles/storage.objectUser',
  members: [member],
  condition: { title: 'tenant', expression },
});

async function bind(...bindings: object[]): Promise<void> {
  const { iam } = lab.withToken().bucket(BUCKET);
  const [policy] = await iam.getPolicy({ requestedPolicyVersion: 3 });
  await iam.setPolicy({ ...policy, version: 3, bindings } as Parameters<typeof iam.setPolicy>[0]);
}

describe('conditional bindings', () => {
  test.each([
    [-1, 200],
    [0, 403],
    [1, 403],
  ])('C10: request.time ends access at its instant: %i ms', async (offsetMs, status) => {
    const name = `projects/_/buckets/${BUCKET}/objects/R/T1/`;
    await bind(conditional(`resource.name.startsWith('${name}') && ${until(END)}`));
    const path = (key: string): string =>
      `/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=${key}`;
    lab.moveTo(END + offsetMs);
    const token = lab.token(TENANT);
    const put = async (key: string): Promise<number> =>
      (await lab.fetch(path(key), { token, method: 'POST', body: 'x' })).status;
    expect(await put('R/T1/x')).toBe(status);
    expect(await put('R/T10/x')).toBe(403);
  });

  test('API attributes fail in bindings: they never grant', async () => {
    const list = "api.getAttribute('storage.googleapis.com/objectListPrefix', '')";
    await bind(conditional(`${list}.startsWith('R/') || true`));
    const bucket = lab.withToken(lab.token(TENANT)).bucket(BUCKET);
    expect(await failure(bucket.getFiles({ prefix: 'R/' }))).toMatchObject({ code: 403 });
    expect(lab.server.decisions().at(-1)?.layers[0]).toEqual({
      source: 'IAM policy',
      outcome: 'not allowed',
      statement: 'roles/storage.objectUser if tenant: API attributes fail in bindings',
    });
  });

  test('etag and version guard a policy with conditions', async () => {
    const { iam } = lab.withToken().bucket(BUCKET);
    await bind(conditional('true'));
    const [plain] = await iam.getPolicy();
    expect(plain.version).toBe(1);
    expect(plain.bindings[0]?.role).toMatch(/^roles\/storage\.objectUser_withcond_[0-9a-f]{20}$/);
    expect(await failure(iam.setPolicy(plain))).toMatchObject({ code: 400 });
    const [policy] = await iam.getPolicy({ requestedPolicyVersion: 3 });
    expect(policy).toMatchObject({ version: 3, bindings: [conditional('true')] });
    const bindings = [{ role: 'roles/storage.objectViewer', members: [member] }];
    expect(await failure(iam.setPolicy({ ...policy, version: 1, bindings }))).toMatchObject({
      code: 400,
    });
    await iam.setPolicy({ ...policy, bindings });
    expect(await failure(iam.setPolicy({ ...policy, bindings }))).toMatchObject({
      code: 412,
      reason: 'conditionNotMet',
    });
    const [permissions] = await lab
      .withToken(lab.token(TENANT))
      .bucket(BUCKET)
      .iam.testPermissions(['storage.objects.get', 'storage.objects.create']);
    expect(permissions).toEqual({ 'storage.objects.get': true, 'storage.objects.create': false });
  });

  test.each([
    ['unknown CEL', conditional('resource.matches()'), 400],
    ['thirteen operators', conditional(`true${' && true'.repeat(13)}`), 400],
    ['twelve operators', conditional(`true${' && true'.repeat(12)}`), 200],
    ['an unknown role', { role: 'roles/none', members: [member] }, 400],
    ['a malformed member', { role: 'roles/storage.objectViewer', members: ['x'] }, 400],
    ['no members', { role: 'roles/storage.objectViewer', members: [] }, 400],
    ['no title', { ...conditional('true'), condition: { expression: 'true' } }, 400],
  ])('a binding with %s is answered %i', async (_name, binding, status) => {
    if (status === 200) await bind(binding);
    else expect(await failure(bind(binding))).toMatchObject({ code: 400, reason: 'invalid' });
  });

  test('they need uniform bucket-level access', async () => {
    const [bucket] = await lab.withToken().createBucket('fine-grained');
    const work = bucket.iam.setPolicy({ version: 3, bindings: [conditional('true')] } as never);
    expect(await failure(work)).toMatchObject({ code: 412 });
  });

  test('allUsers reaches those without a login', async () => {
    await lab.withToken().bucket(BUCKET).file('f').save('x', { resumable: false });
    const path = `/storage/v1/b/${BUCKET}/o/f?alt=media`;
    expect((await lab.fetch(path)).status).toBe(401);
    await bind({ role: 'roles/storage.objectViewer', members: ['allUsers'] });
    expect((await lab.fetch(path)).status).toBe(200);
  });

  test('a missing object is 403 for those who may not list', async () => {
    await bind({ role: 'roles/storage.legacyObjectReader', members: [member] });
    const file = lab.withToken(lab.token(TENANT)).bucket(BUCKET).file('missing');
    expect(await failure(file.getMetadata())).toMatchObject({ code: 403 });
  });

  test('replacing an object takes the right to delete it', async () => {
    await bind({ role: 'roles/storage.objectCreator', members: [member] });
    const file = lab.withToken(lab.token(TENANT)).bucket(BUCKET).file('f');
    await file.save('one', { resumable: false });
    const refused = await failure(file.save('two', { resumable: false }));
    expect(refused).toMatchObject({ code: 403 });
    expect(refused.message).toContain('storage.objects.delete');
  });

  test('a policy that spreads late holds from its instant on (fault)', async () => {
    const operation = 'storage.buckets.setIamPolicy';
    lab.server.faults.add({ kind: 'delayKeyPropagation', operation, nth: 1, ms: 120_000 });
    await bind({ role: 'roles/storage.objectViewer', members: [member] });
    const path = `/storage/v1/b/${BUCKET}/o`;
    const token = lab.token(TENANT);
    lab.moveTo(START + 119_999);
    expect((await lab.fetch(path, { token })).status).toBe(403);
    lab.moveTo(START + 120_000);
    expect((await lab.fetch(path, { token })).status).toBe(200);
  });
});
