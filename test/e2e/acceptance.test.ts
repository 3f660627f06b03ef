import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStore } from '../../adapters/compose/stores.ts';
import { openSqliteConfigDatabase } from '../../adapters/config-db/sqlite.ts';
import { type StorageCredential, secretsOf } from '../../machines/ports/storage-credential.ts';
import { DAY_MS } from '../../machines/rules/time.ts';
import { DEFAULT_LAB } from '../../sim/lab/default-lab.ts';
import { realNow } from '../../sim/lab/lab-records.ts';
import { openLab } from '../../sim/lab/open-lab.ts';
import { StateFolder } from '../../sim/lab/state-folder.ts';
import { loadScenario } from '../../sim/scenario/index.ts';
import { fortnight, jsonLines, lastJson, scratchFolder } from './command.ts';
import { filesThatHold, hashTree, writeSource } from './files.ts';

const scratch = scratchFolder('acceptance');
const state = join(scratch.path, 'state');
const source = join(scratch.path, 'source');
const lab = (...words: string[]) => fortnight([...words, '--state', state], scratch.path);
const backUp = (repository: string) =>
  lab('backup', 'source', '--tenant', 'acme', '--repository', repository, '--json');

beforeAll(() => {
  writeSource(source, { 'a.bin': 1_500_000, 'sub/b.bin': 700_000, 'sub/deep/c.txt': 3_000 });
  writeFileSync(join(source, 'empty'), '');
});
afterAll(() => scratch.remove());

interface Hops {
  readonly bytes: { readonly source: number; readonly gateway: number; readonly storage: number };
}

/** One story, in order: each step stands on the one before it. */
describe('backup, warp, backup, restore as separate commands', () => {
  it('direct: the first backup gets generation 1 and passes no gateway (P3, C18)', async () => {
    const ended = await backUp('vault-direct');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const summary = lastJson(ended.stdout);
    expect(summary).toMatchObject({
      type: 'backup.summary',
      ok: true,
      state: 'done',
      generation: 1,
      files: 4,
      route: { dataPath: 'direct', targetHost: 'sourceProxy', credential: 'limited' },
    });
    const { bytes } = summary as unknown as Hops;
    expect(bytes.gateway).toBe(0);
    expect(bytes.storage).toBe(bytes.source);
    expect(bytes.storage).toBeGreaterThan(2_200_000);
  });

  it('direct: 13 d 1 h later it is renewed, and only what changed is sent (C2)', async () => {
    expect(await lab('warp', '13d1h')).toMatchObject({ code: 0, stderr: '' });
    writeFileSync(join(source, 'sub/deep/c.txt'), 'changed');
    const ended = await backUp('vault-direct');
    expect(ended.code).toBe(0);
    const summary = lastJson(ended.stdout);
    expect(summary).toMatchObject({ generation: 2, blocks: { stored: 1 } });
    expect((summary as unknown as Hops).bytes.storage).toBeLessThan(10_000);
  });

  it('credentials --json: a line a generation; the old one is still alive (C13)', async () => {
    const lines = jsonLines((await lab('credentials', '--json')).stdout);
    expect(lines).toMatchObject([
      { scope: 'acme/vault-direct', generation: 1, state: 'superseded', isAlive: true },
      { scope: 'acme/vault-direct', generation: 2, state: 'fresh', isAlive: true },
    ]);
    for (const { issuedAt, expiresAt } of lines) {
      const lifetimeMs = Number(expiresAt) - Number(issuedAt);
      expect(lifetimeMs).toBeLessThanOrEqual(14 * DAY_MS);
      expect(lifetimeMs).toBeGreaterThan(14 * DAY_MS - 60_000);
    }
  });

  it('gateway: the same bytes on every hop, no credential at the tenant (P2)', async () => {
    const ended = await backUp('vault-gateway');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const summary = lastJson(ended.stdout);
    expect(summary).toMatchObject({
      generation: null,
      route: { dataPath: 'gateway', targetHost: 'gatewayServer', credential: 'none' },
    });
    const { bytes } = summary as unknown as Hops;
    expect(bytes).toEqual({
      source: bytes.source,
      gateway: bytes.source,
      storage: bytes.source,
    });
    expect(bytes.source).toBeGreaterThan(2_200_000);
  });

  it('list --json: one line a restore point, the newest last', async () => {
    const ended = await lab('list', '--json');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const points = jsonLines(ended.stdout);
    expect(points.map(({ repository }) => repository)).toEqual([
      'vault-direct',
      'vault-direct',
      'vault-gateway',
    ]);
    expect(new Set(points.map(({ id }) => id)).size).toBe(3);
  });

  it.each(['vault-direct', 'vault-gateway'])('restore from %s equals the source', async (from) => {
    const ended = await lab('restore', 'source', `out-${from}`, '--repository', from, '--json');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(lastJson(ended.stdout)).toMatchObject({
      type: 'restore.summary',
      ok: true,
      verified: true,
    });
    expect(hashTree(join(scratch.path, `out-${from}`))).toEqual(hashTree(source));
  });

  it('no secret of the SP or the storage lies in logs or at the tenant (C6)', async () => {
    const generations = [await credential(1), await credential(2)];
    const owner = JSON.parse(
      readFileSync(join(state, 'provider/storage-minio.key.json'), 'utf8'),
    ) as { secretAccessKey: string };
    const secrets = [
      owner.secretAccessKey,
      ...generations.flatMap(secretsOf).map((secret) => secret.use((text) => text)),
    ];
    expect(filesThatHold(join(state, 'tenants'), secrets)).toEqual([]);
    expect(filesThatHold(join(state, 'log'), secrets)).toEqual([]);
    // The search itself works: the SP keeps the owner key, as it must.
    expect(filesThatHold(join(state, 'provider'), secrets)).toHaveLength(1);
  });

  it('a kept generation 1 is ExpiredToken once 14 d are over; 2 opens no other folder', async () => {
    await lab('warp', '1d');
    const folder = StateFolder.open(state, DEFAULT_LAB);
    const scenario = loadScenario(folder.labFile, state);
    if (!scenario.ok) throw new Error('the lab file is wrong');
    const open = await openLab({
      folder,
      lab: scenario.scenario,
      command: 'probe',
      realNow: realNow(),
      build: 'test',
    });
    try {
      const location = open.world.locate('vault-direct');
      const clock = { now: () => open.world.now(), wakeAt: () => () => {} };
      const old = createStore(location, await credential(1), clock);
      const fresh = createStore(location, await credential(2), clock);
      const own = 'Veeam/Backup/vault-direct/Clients/acme/probe';
      const other = 'Veeam/Backup/vault-direct/Clients/acme2/probe';
      const bytes = new Uint8Array([1]);
      await expect(old.put(own, bytes)).rejects.toMatchObject({ code: 'credential.expired' });
      await fresh.put(own, bytes);
      await fresh.remove([own]);
      await expect(fresh.put(other, bytes)).rejects.toMatchObject({ code: 'access.denied' });
      await expect(fresh.get(other)).rejects.toMatchObject({ code: 'access.denied' });
      old.close();
      fresh.close();
    } finally {
      await open.close();
      folder.close();
    }
  });
});

/** What the SP holds: opened with the SP's own key, as only a test of the SP may. */
async function credential(generation: number): Promise<StorageCredential> {
  const database = openSqliteConfigDatabase({
    path: join(state, 'provider/config.sqlite'),
    key: { bytes: readFileSync(join(state, 'provider/database.key')) },
  });
  const scope = { tenant: 'acme', subtenant: null, repository: 'vault-direct' };
  try {
    const opened = await database.openCredential(scope, generation);
    if (opened === null) throw new Error(`no generation ${generation}`);
    return opened;
  } finally {
    database.close();
  }
}
