import type { JsonObject, LogEvent } from '../../machines/ports/event-log.ts';
import { DAY_MS, HOUR_MS } from '../../machines/rules/time.ts';
import { createCheckRun } from '../../sim/check/index.ts';
import { type Benchmark, type Figure, sampleAll } from './measure.ts';

const RUNS = 5;
const START_AT = Date.UTC(2026, 10, 22);
const LIFETIME_MS = 14 * DAY_MS;
const SESSION_MS = 10_000;

interface Tenant {
  readonly name: string;
  readonly scope: string;
  generation: number;
  expiresAt: number;
}

/** The log of a fleet that backs up directly once a day, as far as checkers look at it. */
class FleetLog {
  seq = 0;
  at = START_AT;
  readonly #hand: (event: LogEvent) => void;

  constructor(hand: (event: LogEvent) => void) {
    this.#hand = hand;
  }

  #write(node: string, type: string, session: string | null, data: JsonObject): void {
    this.#hand({ seq: this.seq, at: this.at, node, type, session, data });
    this.seq += 1;
  }

  #issue({ scope }: Tenant, generation: number): number {
    const expiresAt = this.at + LIFETIME_MS;
    this.#write('sp', 'credential.issued', null, {
      scope,
      generation,
      issuedAt: this.at,
      expiresAt,
      lifetimeMs: LIFETIME_MS,
      protocolLifetimeMs: LIFETIME_MS,
      keyId: `${scope}#${generation}`,
      issuer: 'sts',
      issuerMaximumMs: LIFETIME_MS,
    });
    this.#write('sp', 'credential.saved', null, { scope, generation });
    return expiresAt;
  }

  #connect(tenant: Tenant, id: string, node: string): void {
    const { scope, generation } = tenant;
    const heldExpiresAt = generation === 0 ? null : tenant.expiresAt;
    const leftMs = heldExpiresAt === null ? 0 : heldExpiresAt - this.at;
    const isRenewed = heldExpiresAt === null || leftMs < 24 * HOUR_MS;
    this.#write('sp', 'gateway.connected', id, { heldGeneration: generation, heldExpiresAt });
    this.#write(node, 'credential.checked', id, {
      by: 'tenant',
      trigger: 'connect',
      expiresAt: heldExpiresAt,
      leftMs,
      renewBelowMs: 24 * HOUR_MS,
      includesLine: false,
      decision: isRenewed ? 'renew' : 'keep',
    });
    const asked = { scope, trigger: 'connect', renew: isRenewed };
    this.#write('sp', 'credential.requested', id, asked);
    if (!isRenewed) return;
    tenant.generation += 1;
    tenant.expiresAt = this.#issue(tenant, tenant.generation);
  }

  #quota(type: string, id: string, scope: string, [used, reserved]: number[], own: JsonObject) {
    const ledger = { usedBytes: used ?? 0, reservedBytes: reserved ?? 0, quotaBytes: 10_000 };
    this.#write('sp', `quota.${type}`, id, { scope, ...own, ...ledger });
  }

  session(tenant: Tenant, id: string): void {
    const { scope, name } = tenant;
    const node = `tenant:${name}`;
    this.#write(node, 'session.started', id, {
      tenant: name,
      subtenant: null,
      repository: 'vault',
      operation: 'backup',
      jobKind: 'server',
      backup: 'main',
    });
    this.#write('sp', 'route.selected', id, ROUTE);
    this.#write(node, 'session.state', id, { state: 'active.starting' });
    this.#write(node, 'mover.started', id, { role: 'source', host: 'sourceProxy' });
    this.#write(node, 'mover.started', id, { role: 'target', host: 'sourceProxy' });
    this.#connect(tenant, id, node);
    const { generation, expiresAt } = tenant;
    this.#quota('granted', id, scope, [0, 100], { grantedBytes: 100 });
    this.#write('sp', 'credential.delivered', id, {
      scope,
      generation,
      expiresAt,
      degraded: false,
      operation: 'backup',
      keyId: `${scope}#${generation}`,
      quotaBytes: 100,
    });
    this.#write(node, 'session.state', id, { state: 'active.running' });
    for (let part = 1; part <= 3; part += 1) {
      const startedAt = this.at;
      this.at += 1;
      this.#write(`mover:${id}:target`, 'storage.used', id, {
        generation,
        operation: 'put',
        key: `Veeam/Backup/vault/Clients/${name}/main/CloudStg/x`,
        bytes: 30,
        startedAt,
        endedAt: this.at,
        status: 'ok',
      });
      this.#quota('spent', id, scope, [30 * part, 100 - 30 * part], { spentBytes: 30 });
    }
    this.#write(`mover:${id}:target`, 'hop.bytes', id, {
      from: 'target',
      to: 'storage',
      bytes: 90,
    });
    this.#quota('returned', id, scope, [90, 0], { returnedBytes: 10 });
    this.#write(node, 'session.state', id, { state: 'done' });
    this.#write(node, 'session.ended', id, {
      state: 'done',
      bytes: { source: 90, gateway: 0, storage: 90 },
      verified: null,
    });
    this.at += SESSION_MS;
  }
}

const ROUTE: JsonObject = {
  storage: 's3-compatible',
  mode: 'direct',
  access: 'iam-sts',
  jobKind: 'server',
  hasGatewayServer: true,
  hasMountServer: true,
  strictGateway: false,
  needsHttpProxy: false,
  isTenantConfigBackup: false,
  hasImmutability: false,
  dataPath: 'direct',
  sourceHost: 'sourceProxy',
  targetHost: 'sourceProxy',
  credential: 'limited',
  assumed: false,
  rules: ['M3', 'C7'],
};

/** Returns how many events were written. */
function writeFleet(tenantCount: number, days: number, hand: (event: LogEvent) => void): number {
  const log = new FleetLog(hand);
  const tenants = Array.from({ length: tenantCount }, (_, index): Tenant => {
    const name = `tenant-${index}`;
    return { name, scope: `${name}/vault`, generation: 0, expiresAt: 0 };
  });
  for (let day = 0; day < days; day += 1) {
    log.at = Math.max(log.at, START_AT + day * DAY_MS);
    for (const tenant of tenants) log.session(tenant, `${tenant.name}-${day}`);
  }
  return log.seq;
}

function checkFleet(tenantCount: number, days: number): number {
  const run = createCheckRun();
  const events = writeFleet(tenantCount, days, (event) => run.see(event));
  const { violations } = run.end();
  const [first] = violations;
  if (first !== undefined) throw new Error(`a clean log broke ${first.invariant}: ${first.text}`);
  return events;
}

export const check: Benchmark = {
  name: 'check',
  title: 'All checkers over the log of a fleet, event by event',
  notes: [
    'A made-up log: direct backups once a day, a renewal every 13 days, 22 facts a session.',
    'The bare figures write the same events and check nothing; the difference is the checkers.',
  ],
  async run({ runs }): Promise<readonly Figure[]> {
    const sizes = [
      [100, 90],
      [2_000, 30],
    ] as const;
    const jobs = sizes.flatMap(([tenants, days]) => [
      () => checkFleet(tenants, days),
      () => writeFleet(tenants, days, () => {}),
    ]);
    const samples = sampleAll(runs ?? RUNS, jobs);
    return sizes.flatMap(([tenants, days], index): Figure[] => {
      const size = `${tenants} tenants, ${days} days`;
      return [
        { name: `checked: ${size}`, unit: 'events/s', samples: samples[2 * index] ?? [] },
        { name: `bare: ${size}`, unit: 'events/s', samples: samples[2 * index + 1] ?? [] },
      ];
    });
  },
};
