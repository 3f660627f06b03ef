import { createHash } from 'node:crypto';
import { createRealClock } from '../../../adapters/clock/index.ts';
import { loadIssuers } from '../../../adapters/compose/issuers/index.ts';
import { createStore } from '../../../adapters/compose/stores.ts';
import { createMemoryConfigDatabase } from '../../../adapters/memory/config-database.ts';
import type { SpTenant } from '../../../adapters/roles/sp-server/settings.ts';
import { SpServer } from '../../../adapters/roles/sp-server/sp-server.ts';
import { socketListeners } from '../../../adapters/transport/sockets.ts';
import { secretsOf } from '../../../machines/ports/storage-credential.ts';
import { DAY_MS } from '../../../machines/rules/time.ts';
import { createEventLog } from '../../../sim/kernel/index.ts';
import { makeOwnerKey } from '../../../sim/lab/owner-key.ts';
import { startLabStorage } from '../../../sim/lab/storages/index.ts';
import { FaultBoard } from '../../../sim/world/fault-board.ts';
import { REPOSITORY } from '../../adapters/roles/provider-bench.ts';

const LONGEST_SESSION_MS = 365 * DAY_MS;
const BUCKET = 'vault';

function account(secret: string, quotaBytes: number): SpTenant {
  const secretSha256 = createHash('sha256').update(secret).digest('hex');
  return { name: 'acme', secretSha256, quotaBytes, disabled: false, subtenants: [] };
}

/** An SP server on sockets, with the storage that it issues credentials of; the rest is elsewhere. */
export async function openSocketProvider(tenantSecret: string, quotaBytes: number) {
  const clock = createRealClock();
  const errors: unknown[] = [];
  const storage = await startLabStorage({
    storage: {
      name: 'minio',
      kind: 's3-compatible',
      longestSessionMs: LONGEST_SESSION_MS,
      hasHierarchicalNamespace: false,
    },
    buckets: [BUCKET],
    owner: makeOwnerKey(),
    state: { kind: 'memory' },
    clock,
    board: new FaultBoard(() => {}),
    onJump: async () => {},
  });
  const { issuerAccess: access, ownerCredential: credential } = storage;
  const location = storage.locate(BUCKET);
  const createIssuer = await loadIssuers(new Set([access.family]));
  const issuer = createIssuer({
    issuer: 'assume-role',
    longestSessionMs: LONGEST_SESSION_MS,
    storedAccessPolicy: false,
    location,
    access,
    credential,
    clock,
  });
  const database = createMemoryConfigDatabase();
  await database.saveRepositoryCredential(REPOSITORY.name, credential);
  const server = new SpServer({
    clock,
    log: createEventLog({ clock }),
    database,
    listeners: socketListeners(),
    storage: {
      issuerFor: () => issuer,
      locate: async (repository) => repository.location,
      storeFor: (where, own) => createStore(where, own, clock),
    },
    repositories: [{ ...REPOSITORY, location }],
    tenants: [account(tenantSecret, quotaBytes)],
    grantChunkBytes: quotaBytes,
    parallelRequests: 4,
    onError: (error) => errors.push(error),
  });
  await server.start();
  return {
    address: server.address,
    errors,
    setQuota: (bytes: number) => server.setTenant(account(tenantSecret, bytes)),
    /** What the SP's database holds for the tenant: only the test knows it besides. */
    issuedSecrets: async (): Promise<readonly string[]> => {
      const scope = { tenant: 'acme', subtenant: null, repository: REPOSITORY.name };
      const issued = await database.openCredential(scope, await database.lastGeneration(scope));
      return issued === null ? [] : secretsOf(issued).map((one) => one.use((text) => text));
    },
    close: async () => {
      await server.close();
      issuer.close();
      await storage.close();
    },
  };
}
