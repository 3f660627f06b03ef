import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gcsFamily } from '../../../../sim/storage/gcs/index.ts';
import { createFaultTable } from '../../../../sim/storage/index.ts';
import {
  ADMIN,
  BUCKET,
  failure,
  HOUR_MS,
  type Lab,
  PROJECT,
  START,
  startLab,
  TENANT,
  tenantBoundary,
} from './lab.ts';

let directory: string;
let lab: Lab;
const open = (): Promise<Lab> => startLab({ state: { kind: 'disk', directory } });
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gcs-state-'));
  lab = await open();
});
afterEach(async () => {
  expect(lab.internalErrors).toEqual([]);
  await lab.close();
  rmSync(directory, { recursive: true });
});

async function restart(at: number): Promise<void> {
  await lab.close();
  lab = await open();
  lab.moveTo(at);
}

const UNIT = 256 * 1024;

describe('state on disk', () => {
  test('objects, buckets, policies, tokens and keys live on', async () => {
    const storage = lab.withToken();
    const file = storage.bucket(BUCKET).file('f');
    await file.save('hello', { resumable: false, metadata: { metadata: { a: 'b' } } });
    const [before] = await file.getMetadata();
    await storage.createBucket('second-bucket');
    const member = `serviceAccount:${TENANT}`;
    const bindings = [{ role: 'roles/storage.objectViewer', members: [member] }];
    await storage.bucket(BUCKET).iam.setPolicy({ bindings });
    const [key] = await storage.createHmacKey(TENANT);
    await key.setMetadata({ state: 'INACTIVE' });
    const token = lab.token();
    const limited = lab.server.issueAccessToken({
      email: ADMIN,
      lifetimeMs: HOUR_MS,
      boundary: tenantBoundary() as never,
    }).token;
    await restart(START + 1000);
    const again = lab.withToken(token);
    const [after] = await again.bucket(BUCKET).file('f').getMetadata();
    const links = { selfLink: expect.any(String), mediaLink: expect.any(String) };
    expect(after).toEqual({ ...before, ...links });
    expect((await again.bucket(BUCKET).file('f').download())[0].toString()).toBe('hello');
    expect((await again.getBuckets())[0]).toHaveLength(2);
    expect((await again.hmacKey(key.id!).getMetadata())[0].state).toBe('INACTIVE');
    const tenant = lab.withToken(lab.token(TENANT)).bucket(BUCKET);
    expect((await tenant.getFiles())[0]).toHaveLength(1);
    expect(await failure(lab.withToken(limited).bucket(BUCKET).getFiles())).toMatchObject({
      code: 403,
    });
    lab.moveTo(START + HOUR_MS);
    expect(await failure(again.getBuckets())).toMatchObject({ code: 401 });
  });

  test('a key pair that the storage made stays the same, and its key file works', async () => {
    const email = `made@${PROJECT}.iam.gserviceaccount.com`;
    const account = { email, projectId: PROJECT, generateKey: true };
    const openWith = (): Promise<Lab> =>
      startLab({ state: { kind: 'disk', directory }, serviceAccounts: [account] });
    await lab.close();
    lab = await openWith();
    const made = lab.server.serviceAccountKey(email)?.private_key;
    await lab.close();
    lab = await openWith();
    const key = lab.server.serviceAccountKey(email);
    expect(key?.private_key).toBe(made);
    expect(lab.server.serviceAccountKey('other@x')).toBeUndefined();
    const jwt = lab.jwt(email);
    jwt.fromJSON({ ...key! });
    expect((await jwt.getAccessToken()).token).toMatch(/^ya29\./);
  });

  test('tokens are not in the state, only their hashes', async () => {
    const token = lab.token();
    expect(readFileSync(join(directory, 'journal.ndjson'), 'utf8')).not.toContain(token);
  });

  test('a resumable session goes on after a restart', async () => {
    const [uri] = await lab.withToken().bucket(BUCKET).file('f').createResumableUpload({});
    const path = uri.slice(lab.server.endpoint.length);
    const put = (range: string, body: Buffer): Promise<Response> =>
      lab.fetch(path, { method: 'PUT', body, headers: { 'content-range': range } });
    await put(`bytes 0-${UNIT - 1}/*`, Buffer.alloc(UNIT, 1));
    await restart(START + 1000);
    const asked = await put('bytes */*', Buffer.alloc(0));
    expect(asked.headers.get('range')).toBe(`bytes=0-${UNIT - 1}`);
    const done = await put(`bytes ${UNIT}-${UNIT}/${UNIT + 1}`, Buffer.alloc(1, 2));
    expect(done.status).toBe(200);
    const [content] = await lab.withToken().bucket(BUCKET).file('f').download();
    expect(content.length).toBe(UNIT + 1);
  });

  test('a broken connection keeps whole units of what had arrived', async () => {
    const [uri] = await lab.withToken().bucket(BUCKET).file('f').createResumableUpload({});
    const path = uri.slice(lab.server.endpoint.length);
    const { length } = lab.records;
    await new Promise<void>((resolve, reject) => {
      const socket = connect(lab.server.port, '127.0.0.1', () => {
        const head = `PUT ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${4 * UNIT}\r\n`;
        socket.write(`${head}content-range: bytes 0-${4 * UNIT - 1}/${4 * UNIT}\r\n\r\n`);
        socket.write(Buffer.alloc(2 * UNIT + 100), () => socket.destroy());
      });
      socket.on('close', () => resolve());
      socket.on('error', reject);
    });
    await expect.poll(() => lab.records.length).toBe(length + 1);
    const query = { method: 'PUT', headers: { 'content-range': 'bytes */*' } };
    const asked = await lab.fetch(path, query);
    expect(asked.headers.get('range')).toBe(`bytes=0-${2 * UNIT - 1}`);
  });

  test('generations do not come back: deleted, restarted, clock set back', async () => {
    const file = () => lab.withToken().bucket(BUCKET).file('f');
    lab.moveTo(START + 1000);
    await file().save('x', { resumable: false });
    const [before] = await file().getMetadata();
    await file().delete();
    await restart(START);
    await file().save('y', { resumable: false });
    const [after] = await file().getMetadata();
    expect(Number(after.generation)).toBeGreaterThan(Number(before.generation));
  });

  test('a port in use and bad options are told as such', async () => {
    await expect(startLab({ port: lab.server.port })).rejects.toMatchObject({
      code: 'port.in-use',
    });
    await expect(startLab({ buckets: [{ name: 'Bad_Name!' }] })).rejects.toMatchObject({
      code: 'options.invalid',
    });
    await expect(startLab({ state: { kind: 'disk', directory } })).rejects.toMatchObject({
      code: 'state.in-use',
    });
  });
});

describe('the family', () => {
  test('its owner has keys, its settings work, and its tokens are limited', async () => {
    const family = await gcsFamily.start({
      clock: { now: () => START },
      host: '127.0.0.1',
      port: 0,
      state: { kind: 'memory' },
      profile: 'aws',
      faults: createFaultTable(),
      buckets: [BUCKET],
      ownerSeed: Buffer.alloc(64, 7),
      wait: async () => undefined,
    });
    try {
      const names = family.clientSettings().map(({ client }) => client);
      expect(names).toEqual([
        '@google-cloud/storage',
        'rclone',
        'curl',
        'awscli (XML API, HMAC key)',
      ]);
      const keys = family.issueKeys({ bucket: BUCKET, prefix: "o'k/", durationMs: HOUR_MS });
      expect(keys.expiresAt).toBe(START + HOUR_MS);
      const authorization = `Bearer ${keys.environment.CLOUDSDK_AUTH_ACCESS_TOKEN}`;
      const list = async (prefix: string): Promise<number> => {
        const query = `prefix=${encodeURIComponent(prefix)}`;
        const url = `${family.endpoint}/storage/v1/b/${BUCKET}/o?${query}`;
        return (await fetch(url, { headers: { authorization } })).status;
      };
      expect([await list("o'k/"), await list('x/'), await list('')]).toEqual([200, 403, 403]);
      expect(() => family.issueKeys({ bucket: BUCKET, prefix: '', durationMs: 1 })).toThrow();
      expect(family.decisions().length).toBeGreaterThan(0);
    } finally {
      await family.close();
    }
  });
});
