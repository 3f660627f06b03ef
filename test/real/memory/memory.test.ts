import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionJob } from '../../../adapters/roles/tenant-server/session-job.ts';
import { MINUTE_MS } from '../../../machines/rules/time.ts';
import { SecretHunt } from '../../sim/lab/secret-hunt.ts';
import { askForDump, type MemoryDump, readDump } from './memory-dump.ts';
import { openSocketProvider } from './provider.ts';
import type { RoleNews, RoleOrder } from './role-process.ts';

const PROGRAM = fileURLToPath(new URL('./role-process.ts', import.meta.url));
const PRELOAD = fileURLToPath(new URL('./dump-memory.ts', import.meta.url));
const TENANT_SECRET = 'canary-tenant-secret-f3b1c9d27a';
const QUOTA_BYTES = 1_000_000;

const JOB: SessionJob = {
  id: 's1',
  subtenant: null,
  repository: 'vault',
  operation: 'backup',
  jobKind: 'server',
  backup: 'files',
  restorePoint: null,
  blockBytes: 65_536,
  needsHttpProxy: false,
  isTenantConfigBackup: false,
  source: {
    type: 'synthetic',
    files: 2,
    totalBytes: 2 * QUOTA_BYTES,
    seed: 14,
    changedShare: 1,
    day: 0,
  },
  sink: null,
  parallelRequests: 4,
  inSession: 'reconnect',
  marginMs: 5 * MINUTE_MS,
  quotaWaitMs: 60 * MINUTE_MS,
};

/** A role in a process of its own, and the news that the test waits for. */
class Role {
  readonly pid: number;
  readonly movers = new Map<string, number>();
  readonly #child: ChildProcess;
  readonly #news: RoleNews[] = [];
  #wake = (): void => {};

  constructor(folder: string, order: RoleOrder) {
    const { PATH, HOME } = process.env;
    this.#child = fork(PROGRAM, {
      env: { PATH, HOME, TMPDIR: folder, NODE_NO_WARNINGS: '1' },
      // A string that is cut off in the snapshot would hide what stands behind it.
      execArgv: [
        `--import=${PRELOAD}`,
        `--diagnostic-dir=${folder}`,
        '--heap-snapshot-string-limit=1000000',
      ],
    });
    this.pid = this.#child.pid ?? 0;
    this.#child.on('message', (news: RoleNews) => {
      if (news.type === 'mover') this.movers.set(news.name, news.pid);
      this.#news.push(news);
      this.#wake();
    });
    this.#child.once('exit', () => this.#wake());
    this.#child.send(order);
  }

  /** The first news that fits; a role that ends without it ends the wait. */
  async hear<News>(choose: (news: RoleNews) => News | null): Promise<News> {
    for (;;) {
      for (const news of this.#news) {
        const chosen = choose(news);
        if (chosen !== null) return chosen;
      }
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error('the role has ended');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** The debugger that the dumps are made with is Node's own. */
const canDump = process.platform === 'linux' && process.versions.bun === undefined;

describe.skipIf(!canDump)('the memory of every process of a direct session', () => {
  let folder = '';
  let provider: Awaited<ReturnType<typeof openSocketProvider>>;
  const roles: Role[] = [];
  const dumps = new Map<string, MemoryDump>();
  let secrets: readonly string[] = [];
  let ended: Extract<RoleNews, { type: 'ended' }>;
  let moverPids: readonly number[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fortnight-memory-'));
    provider = await openSocketProvider(TENANT_SECRET, QUOTA_BYTES);
    const start = (order: RoleOrder): Role => {
      const role = new Role(folder, order);
      roles.push(role);
      return role;
    };
    const gateway = start({ role: 'gateway', spAddress: provider.address });
    const gatewayAddress = await gateway.hear((news) =>
      news.type === 'listening' ? news.address : null,
    );
    const tenant = start({
      role: 'tenant',
      gatewayAddress,
      tenant: 'acme',
      secret: TENANT_SECRET,
      job: JOB,
    });
    // The target mover holds the credential, has used it, and has nothing to do for the moment.
    await tenant.hear((news) =>
      news.type === 'state' && news.state.endsWith('awaitingQuota') ? true : null,
    );
    secrets = await provider.issuedSecrets();
    const [source = 0, target = 0] = ['s1:source', 's1:target'].map((one) =>
      tenant.movers.get(one),
    );
    moverPids = [source, target];
    const waiting = { gateway: gateway.pid, tenant: tenant.pid, source, target };
    for (const [name, pid] of Object.entries(waiting)) {
      dumps.set(`${name} waits`, await askForDump(folder, pid));
    }
    dumps.set('target signs', readDump(folder, target, 'signing'));
    await provider.setQuota(100 * QUOTA_BYTES);
    ended = await tenant.hear((news) => (news.type === 'ended' ? news : null));
    for (const [name, pid] of Object.entries({ gateway: gateway.pid, tenant: tenant.pid })) {
      dumps.set(`${name} after the end`, await askForDump(folder, pid));
    }
  });

  afterAll(async () => {
    for (const role of roles) role.kill();
    await provider?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Which of the secrets a dump shows, in any spelling. */
  function foundIn(name: string): readonly string[] {
    const dump = dumps.get(name);
    if (dump === undefined) throw new Error(`there is no dump "${name}"`);
    const hunt = new SecretHunt(Object.fromEntries(secrets.entries()));
    hunt.look('bytes', dump.bytes);
    hunt.look('strings', dump.strings.join('\n'));
    return hunt.found;
  }

  test('the session waits for quota in the middle, and is done', () => {
    expect([ended.state, ended.code]).toEqual(['done', null]);
    expect(secrets.map(({ length }) => length > 30)).toEqual([true, true]);
    expect(provider.errors).toEqual([]);
  });

  test.each(['gateway waits', 'tenant waits', 'source waits'])(
    'I63: %s: no secret of the storage lives there, as a string or as bytes',
    (name) => {
      expect(foundIn(name)).toEqual([]);
    },
  );

  test.each(['gateway after the end', 'tenant after the end'])(
    'I66: %s: nothing of it lives there, and the movers are gone',
    (name) => {
      expect(foundIn(name)).toEqual([]);
      for (const pid of moverPids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    },
  );

  test('C6: where it must be it is found: in the target mover, at work and at rest', () => {
    expect(foundIn('target signs')).toContain('0 in bytes');
    expect(foundIn('target waits')).not.toEqual([]);
  });
});
