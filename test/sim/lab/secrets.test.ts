import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStore } from '../../../adapters/compose/stores.ts';
import type { SessionResult } from '../../../adapters/roles/tenant-server/session-job.ts';
import type { ObjectStore } from '../../../machines/ports/object-store.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import { configPrefix } from '../../../machines/rules/layout.ts';
import { checkAll } from '../../../sim/check/index.ts';
import { type LabBench, LIFE_MS, openLab, TENANT_SECRET } from './lab-bench.ts';
import { SecretHunt } from './secret-hunt.ts';
import { SocketTap } from './socket-tap.ts';

const OWN = 'Veeam/Backup/vault-direct/Clients/acme/';

/** /proc and the stream methods behind `net` are what the hunt looks through. */
const canHunt = process.platform === 'linux' && process.versions.bun === undefined;

describe.skipIf(!canHunt)('a direct and a gateway session in the lab, watched', () => {
  let bench: LabBench;
  let tap: SocketTap;
  let storagePort = 0;
  const results: SessionResult[] = [];
  const processTexts: Buffer[] = [];
  const printed: string[] = [];
  let issued = { keyId: '', secretKey: '', sessionToken: '' };

  beforeAll(async () => {
    tap = new SocketTap();
    const writes = [process.stdout, process.stderr].map((stream) => {
      const write = stream.write;
      stream.write = ((chunk: unknown, ...rest: never[]) => {
        printed.push(String(chunk));
        return write.call(stream, chunk as string, ...rest);
      }) as typeof stream.write;
      return () => {
        stream.write = write;
      };
    });
    bench = await openLab((pid) => {
      for (const file of ['cmdline', 'environ']) {
        processTexts.push(readFileSync(`/proc/${pid}/${file}`));
      }
    });
    const { world, job, folder } = bench;
    storagePort = Number(new URL(world.locate('vault-direct').endpoint ?? '').port);
    const sink = { type: 'folder', path: join(folder, 'restored'), force: false } as const;
    results.push(await world.run('acme', job('s1', {})));
    results.push(await world.run('acme', job('s2', { repository: 'vault-gateway' })));
    results.push(await world.run('acme', job('s3', { operation: 'restore', source: null, sink })));
    for (const restore of writes) restore();
    tap.close();
    const said = tap.bytes({ port: storagePort, isAtPort: true }).toString('latin1');
    const field = (name: string): string =>
      new RegExp(`<${name}>([^<]+)</${name}>`).exec(said)?.[1] ?? '';
    issued = {
      keyId: field('AccessKeyId'),
      secretKey: field('SecretAccessKey'),
      sessionToken: field('SessionToken'),
    };
  }, 60_000);

  afterAll(() => bench?.close());

  test('both routes work, and their bytes are equal on every hop (I3, I4, I72)', () => {
    expect(results.map(({ state, code }) => [state, code])).toEqual(
      results.map(() => ['done', null]),
    );
    const [direct, gated, restored] = results;
    expect(direct?.bytes.gateway).toBe(0);
    // Every block once, and the manifest.
    expect(gated?.bytes.source).toBe(gated?.bytes.gateway);
    expect(gated?.bytes.storage).toBe(gated?.bytes.source);
    expect(direct?.bytes.storage).toBe(direct?.bytes.source);
    expect(restored?.verified).toBe(true);
    expect(checkAll(bench.world.log.events).violations).toEqual([]);
    for (let file = 0; file < 4; file += 1) {
      const path = (folder: string): string => join(folder, `file-${file}.bin`);
      const restoredFile = readFileSync(path(join(bench.folder, 'restored')));
      expect(restoredFile.equals(readFileSync(path(bench.sourceFolder)))).toBe(true);
    }
  });

  test('decision 8: every mover is an own process, and serves one session', () => {
    const pids = bench.movers.map(({ pid }) => pid);
    expect(pids).toHaveLength(6);
    expect(new Set([...pids, process.pid]).size).toBe(7);
  });

  test('I59, I60, I63, I64: no secret is anywhere but sealed, encrypted, or at the storage', () => {
    for (const secret of Object.values(issued)) expect(secret.length).toBeGreaterThan(8);
    const { owner } = bench;
    const storageSecrets = {
      'owner key': owner.secretAccessKey,
      'session key': issued.secretKey,
      'session token': issued.sessionToken,
    };
    const hunt = new SecretHunt({ ...storageSecrets, 'tenant secret': TENANT_SECRET });
    // The tenant's folders and the SP's database with its journal.
    expect(hunt.lookIn(bench.folder)).toBeGreaterThan(8);
    hunt.look('the event log', bench.lines.join('\n'));
    hunt.look('what was printed', printed.join(''));
    for (const bytes of processTexts) hunt.look('argv or environment', bytes);
    expect(processTexts.length).toBe(12);
    expect(hunt.found).toEqual([]);

    // The gateway and all pipes: the tenant proves itself there, nothing of the storage passes.
    const wires = new SecretHunt(storageSecrets);
    const passed = tap.bytes({ port: storagePort, isAtPort: false });
    expect(passed.includes(Buffer.from('credential.deliver'))).toBe(true);
    wires.look('the wires between the roles', passed);
    expect(wires.found).toEqual([]);
  });

  test('the hunt finds what is there: the token on its way to the storage', () => {
    const hunt = new SecretHunt({ token: issued.sessionToken });
    hunt.look('the wire to the storage', tap.bytes({ port: storagePort, isAtPort: true }));
    expect(hunt.found).toHaveLength(1);
  });

  test('C9, I44, C1: the credential of generation 1 opens its folder only, and dies after 14 days', async () => {
    const { world, clock } = bench;
    const credential = {
      kind: 's3-keys',
      keyId: issued.keyId,
      secretKey: new Secret(issued.secretKey),
      sessionToken: new Secret(issued.sessionToken),
      generation: 1,
      expiresAt: null,
    } as const;
    const store = createStore(world.locate('vault-direct'), credential, clock);
    const elsewhere = createStore(world.locate('vault-gateway'), credential, clock);
    const body = Buffer.from('x');
    const keysOf = async (from: ObjectStore, prefix: string): Promise<readonly string[]> => {
      const keys: string[] = [];
      for await (const { key } of from.list(prefix)) keys.push(key);
      return keys;
    };
    const own = await keysOf(store, OWN);
    expect(own.length).toBeGreaterThan(30);
    const config = `${configPrefix('vault-direct')}Owner`;
    const probes: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['list of everything', () => keysOf(store, '')],
      ['list of a prefix twin', () => keysOf(store, OWN.slice(0, -1))],
      ['put beside the folder', () => store.put(`${OWN.slice(0, -1)}0/x`, body)],
      ['put into another tenant', () => store.put(OWN.replace('acme', 'globex').concat('x'), body)],
      ['get from another tenant', () => store.get(OWN.replace('acme', 'globex').concat('x'))],
      ['put of the configuration', () => store.put(config, body)],
      ['delete of the configuration', () => store.remove([config])],
      ['put into the root', () => store.put('x', body)],
      ['put into another bucket', () => elsewhere.put(`${OWN}x`, body)],
      ['list of another bucket', () => keysOf(elsewhere, OWN)],
    ];
    for (const [name, probe] of probes) {
      const code = await probe().then(
        () => 'it was let in',
        (error: { code?: string }) => error.code,
      );
      expect([name, code]).toEqual([name, 'access.denied']);
    }
    await store.put(`${OWN}probe`, body);
    await store.remove([`${OWN}probe`]);

    await world.warpTo(world.now() + LIFE_MS);
    await expect(store.get(own[0] ?? '')).rejects.toMatchObject({ code: 'credential.expired' });
    await expect(store.put(`${OWN}probe`, body)).rejects.toMatchObject({
      code: 'credential.expired',
    });
    store.close();
    elsewhere.close();
  });
});
