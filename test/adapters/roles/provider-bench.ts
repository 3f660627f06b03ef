import { createHash } from 'node:crypto';
import { MemoryBucket } from '../../../adapters/memory/bucket.ts';
import { createMemoryConfigDatabase } from '../../../adapters/memory/config-database.ts';
import { createMemoryIssuer } from '../../../adapters/memory/issuer.ts';
import { memoryNetwork } from '../../../adapters/memory/link.ts';
import { createMemoryObjectStore } from '../../../adapters/memory/object-store.ts';
import { CloudGateway } from '../../../adapters/roles/cloud-gateway.ts';
import { CredentialBox } from '../../../adapters/roles/mover/credential-box.ts';
import type { SpRepository, SpTenant } from '../../../adapters/roles/sp-server/settings.ts';
import { SpServer } from '../../../adapters/roles/sp-server/sp-server.ts';
import {
  answerChallenge,
  proveMover,
  sessionKeyOf,
  tenantKeyOf,
} from '../../../adapters/roles/tenant-proof.ts';
import type { JsonObject } from '../../../machines/ports/event-log.ts';
import type { Link, LinkMessage } from '../../../machines/ports/link.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import type { IssuerCapabilities } from '../../../machines/rules/issuers.ts';
import { createDriver, createEventLog, createVirtualClock } from '../../../sim/kernel/index.ts';

export const REPOSITORY: SpRepository = {
  name: 'vault',
  storage: 's3-compatible',
  location: { storage: 's3-compatible', endpoint: null, region: 'memory', bucket: 'vault' },
  mode: 'direct',
  access: 'iam-sts',
  gatewayServer: null,
  mountServer: null,
  strictGateway: false,
  needsHttpProxy: false,
  hasImmutability: false,
  checkClock: 'tenant',
  strictRenewal: false,
  adaptThreshold: false,
  renewalFloorMs: null,
  sasOverride: null,
  entraId: false,
  issuer: 'assume-role',
  storedAccessPolicy: false,
  softLimitBytes: null,
};

export function tenant(name: string, changes: Partial<SpTenant> = {}): SpTenant {
  return {
    name,
    secretSha256: createHash('sha256').update(`secret of ${name}`).digest('hex'),
    quotaBytes: 1_000,
    disabled: false,
    subtenants: [],
    ...changes,
  };
}

/** One raw connection: what a hostile or honest client sends and hears. */
export class RawClient {
  readonly heard: LinkMessage[] = [];
  closedBecause: string | null = null;
  readonly #link: Link;
  readonly #settle: () => Promise<unknown>;

  constructor(link: Link, settle: () => Promise<unknown>) {
    this.#link = link;
    this.#settle = settle;
    link.onMessage((message) => {
      this.heard.push(message);
    });
    link.onClose((reason) => {
      this.closedBecause = reason;
    });
  }

  /** Sends, lets everybody act, and gives what was heard since. */
  async say(type: string, header: JsonObject = {}): Promise<readonly LinkMessage[]> {
    const before = this.heard.length;
    this.#link.send({ type, header }).catch(() => {});
    await this.#settle();
    return this.heard.slice(before);
  }

  /** Answers the SP's challenge as a tenant server does; the SP's last word. */
  async proveTenant(name: string, secret: string): Promise<LinkMessage | undefined> {
    const [challenge] = await this.say('hello', { kind: 'tenant', tenant: name });
    if (challenge?.type !== 'hello.challenge') return challenge;
    const proof = answerChallenge(tenantKeyOf(secret), String(challenge.header.nonce));
    const [answer] = await this.say('hello.proof', { proof });
    return answer;
  }

  close(): void {
    this.#link.close();
  }
}

const START = Date.parse('2026-01-05T08:00:00Z');

/** An SP server with its gateway on the virtual clock, and nothing else: every client is raw. */
export async function openProvider(
  tenants: readonly SpTenant[],
  issuerLatencyMs = 0,
  capabilities: Partial<IssuerCapabilities> = {},
) {
  const clock = createVirtualClock(START);
  const driver = createDriver(clock);
  const log = createEventLog({ clock });
  const network = memoryNetwork(clock, 0);
  const database = createMemoryConfigDatabase();
  const owner = {
    kind: 's3-keys',
    keyId: 'owner',
    secretKey: new Secret('canary-owner-secret'),
    sessionToken: null,
    generation: 0,
    expiresAt: null,
  } as const;
  const bucket = new MemoryBucket(owner);
  const issuer = createMemoryIssuer({ bucket, clock, latencyMs: issuerLatencyMs, capabilities });
  await database.saveRepositoryCredential('vault', owner);
  const errors: unknown[] = [];
  /** A second of the clock: enough for everything that is not a deadline. */
  const settle = (): Promise<number> => driver.advanceTo(clock.now() + 1_000);
  const advanceBy = (byMs: number): Promise<number> => driver.advanceTo(clock.now() + byMs);
  const inTime = async <Result>(work: Promise<Result>): Promise<Result> => {
    await settle();
    return work;
  };
  const startServer = async (): Promise<SpServer> => {
    const server = new SpServer({
      clock,
      log,
      database,
      listeners: network,
      storage: {
        issuerFor: () => issuer,
        locate: async ({ location }) => location,
        storeFor: (_location, credential) => createMemoryObjectStore({ bucket, credential, clock }),
      },
      repositories: [REPOSITORY],
      tenants,
      grantChunkBytes: 400,
      parallelRequests: 4,
      onError: (error) => errors.push(error),
    });
    await server.start();
    return server;
  };
  const server = await startServer();
  const gateway = new CloudGateway({
    transportClock: clock,
    dialer: network,
    listeners: network,
    spAddress: server.address,
    onError: (error) => errors.push(error),
  });
  await inTime(gateway.start());
  const connect = async (to: SpServer | CloudGateway = gateway): Promise<RawClient> =>
    new RawClient(await network.dial(to.address), settle);
  return {
    clock,
    log,
    network,
    bucket,
    issuer,
    owner,
    database,
    errors,
    gateway,
    server,
    settle,
    advanceBy,
    inTime,
    startServer,
    connect,
    /** A connection that the SP has accepted as the tenant's. */
    connectTenant: async (name: string, to: SpServer | CloudGateway = gateway) => {
      const client = await connect(to);
      const answer = await client.proveTenant(name, `secret of ${name}`);
      if (answer?.type !== 'hello.accepted') throw new Error('the tenant was not let in');
      return client;
    },
  };
}

export type Provider = Awaited<ReturnType<typeof openProvider>>;

export function openMessage(session: string, changes: JsonObject = {}): JsonObject {
  return {
    session,
    subtenant: null,
    repository: 'vault',
    operation: 'backup',
    jobKind: 'server',
    backup: 'files',
    restorePoint: null,
    blockBytes: 65_536,
    needsHttpProxy: false,
    isTenantConfigBackup: false,
    ...changes,
  };
}

/** A mover of the session, as far as the SP can tell. */
export async function connectMover(
  provider: Provider,
  session: string,
  ticket: string,
  to: SpServer | CloudGateway = provider.gateway,
  tenantName = 'acme',
) {
  const box = new CredentialBox();
  const client = await provider.connect(to);
  const sessionKey = sessionKeyOf(tenantKeyOf(`secret of ${tenantName}`), session);
  const proof = proveMover(sessionKey, box.publicKey);
  const hello = { kind: 'mover', session, ticket, publicKey: box.publicKey, proof };
  const [answer] = await client.say('hello', hello);
  return { box, client, answer };
}

export const CREDENTIAL_REQUEST: JsonObject = {
  requestId: 'r1',
  trigger: 'connect',
  renew: true,
  heldGeneration: 0,
};
