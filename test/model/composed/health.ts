import { clientPrefix } from '../../../machines/rules/layout.ts';
import { reservedBytes } from '../../../machines/rules/quota.ts';
import { scopeId } from '../../../machines/rules/scope.ts';
import { HOUR_MS, MINUTE_MS } from '../../../machines/rules/time.ts';
import { sessionJob } from './jobs.ts';
import { CLIENTS, type Client, clientName, REPOSITORIES, type RepositoryName } from './setting.ts';
import type { ComposedWorld } from './world.ts';

/**
 * L1: reconnect budget 30 min, three restarts, waits of an hour for quota, and the two hours after
 * which the SP settles what a dead tenant server has left (I58).
 */
const END_BOUND_MS = 4 * HOUR_MS;
/** L2: a session of a few blocks, with one issue and one wait for a connection. */
const FRESH_BOUND_MS = 30 * MINUTE_MS;
const PLENTY_BYTES = 64 * 1024 * 1024;
/** The backup of the healthy phase; no command uses its name. */
const FRESH = 'fresh';

/** Nothing is broken any more, and all that was forbidden is allowed again. */
async function heal(world: ComposedWorld): Promise<void> {
  world.network.heal();
  world.storages.heal();
  world.restart('all');
  await world.settle();
  for (const [tenant, { subtenants }] of world.accounts) {
    world.tenantClock(tenant).setAhead(0);
    world.setTenant(tenant, null, { disabled: false, quotaBytes: PLENTY_BYTES });
    for (const { name } of subtenants) {
      world.setTenant(tenant, name, { quotaBytes: PLENTY_BYTES });
    }
  }
  world.setRepository('gated', { softLimitBytes: null });
  world.installation.setMaintenance(false);
}

/** L1: every session ends, and with it what it held of the quota (I58). */
async function endAll(world: ComposedWorld): Promise<void> {
  for (const { tenant, job } of world.running) {
    world.installation.tenant(tenant)?.session(job.id)?.continue();
  }
  const until = world.clock.now() + END_BOUND_MS;
  await world.driver.advanceTo(until);
  world.assertSilent();
  for (const { job } of world.running) {
    throw new Error(`L1: ${job.id} (${job.operation}, ${job.repository}) has not ended`);
  }
}

/** L2, I72: whoever was served before is served now, and gets back what it has stored. */
async function serveFresh(world: ComposedWorld): Promise<void> {
  for (const { client, repository } of usedScopes(world)) {
    for (const operation of ['backup', 'restore'] as const) {
      const id = `s${world.sessions.length + 1}`;
      const choice = { client, repository, operation, backup: FRESH, jobKind: 'server' } as const;
      const job = sessionJob(id, { ...choice, inSession: 'reconnect', quotaWaitMs: 0 });
      world.startSession(client.tenant, job);
      const session = world.sessions.at(-1);
      await world.driver.advanceTo(world.clock.now() + FRESH_BOUND_MS);
      world.assertSilent();
      const { state, code, detail } = session?.result ?? { state: 'goes on', code: '', detail: '' };
      if (state === 'done') continue;
      const what = `${id} (${operation}, ${clientName(client)}, ${repository})`;
      throw new Error(`L2: all is well, and ${what} ${state} ${code}: ${detail}`);
    }
  }
}

function usedScopes(
  world: ComposedWorld,
): readonly { readonly client: Client; readonly repository: RepositoryName }[] {
  const used = new Set(world.sessions.map(({ tenant, job }) => scopeId({ ...job, tenant })));
  return CLIENTS.flatMap((client) =>
    REPOSITORIES.filter((repository) => used.has(scopeId({ ...client, repository }))).map(
      (repository) => ({ client, repository }),
    ),
  );
}

/** Q2, Q4: nothing is reserved for nobody, and no less counts as used than what lies there. */
async function auditQuota(world: ComposedWorld): Promise<void> {
  for (const { name: repository } of world.scenario.repositories) {
    for (const { tenant, subtenant } of CLIENTS) {
      const account = { tenant, subtenant, repository };
      const ledger = await world.database.loadLedger(scopeId(account));
      if (ledger === null) continue;
      const id = scopeId(account);
      if (reservedBytes(ledger) > 0) throw new Error(`I58: ${id} keeps ${JSON.stringify(ledger)}`);
      const folders = CLIENTS.filter(
        (one) => one.tenant === tenant && (subtenant === null || one.subtenant === subtenant),
      );
      const bucket = world.storages.bucket(repository);
      let storedBytes = 0;
      for (const folder of folders) {
        for (const { sizeBytes } of bucket.infosBelow(clientPrefix({ ...folder, repository }))) {
          storedBytes += sizeBytes;
        }
      }
      if (storedBytes > ledger.usedBytes) {
        throw new Error(`Q2: ${id} stores ${storedBytes} bytes, and ${ledger.usedBytes} are used`);
      }
    }
  }
}

/** I74: what was intended was made, or is told to be lost, as soon as its scope is served again. */
async function auditIntents(world: ComposedWorld): Promise<void> {
  const served = new Set(
    world.sessions
      .filter(({ job, result }) => job.backup === FRESH && (result?.generation ?? 0) > 0)
      .map(({ job, tenant }) => scopeId({ ...job, tenant })),
  );
  for (const { scope, generation, state } of await world.database.listCredentials()) {
    if (state !== 'intent' || !served.has(scopeId(scope))) continue;
    throw new Error(`I74: generation ${generation} of ${scopeId(scope)} is still an intent`);
  }
}

/** The healthy phase at the end of a run, and what must be true after it. */
export async function recover(world: ComposedWorld): Promise<void> {
  await heal(world);
  await endAll(world);
  world.providerClock.setAhead(0);
  await serveFresh(world);
  await auditQuota(world);
  await auditIntents(world);
  world.endChecks();
}
