import { createHash, randomBytes } from 'node:crypto';
import type { LifecycleSettings } from '../../../machines/credential-lifecycle/index.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { ConfigDatabase, CredentialRecord } from '../../../machines/ports/config-database.ts';
import type { EventLog, JsonObject } from '../../../machines/ports/event-log.ts';
import type { Link, LinkMessage, Listener, ListenerFactory } from '../../../machines/ports/link.ts';
import { type ErrorCode, FortnightError } from '../../../machines/rules/errors.ts';
import { clientPrefix } from '../../../machines/rules/layout.ts';
import { renewalRule } from '../../../machines/rules/lifetimes.ts';
import { type CredentialScope, scopeId } from '../../../machines/rules/scope.ts';
import { MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import {
  contactMessageSchema,
  type Hello,
  helloSchema,
  parseMessage,
  tell,
  tenantMessageSchema,
} from '../messages.ts';
import { ContactDesk } from './contact-desk.ts';
import { CredentialDesk } from './credential-desk.ts';
import { HostDesk } from './host-desk.ts';
import {
  accountsOf,
  decideOpening,
  isSameText,
  lifetimeOf,
  type OpenMessage,
  openingProblem,
  routeFacts,
  routeSettingsOf,
} from './opening.ts';
import { ledgerFacts, QuotaBook } from './quota-book.ts';
import { isStoring, type SessionRecord } from './session-record.ts';
import type { SpRepository, SpStorageAccess, SpTenant } from './settings.ts';

export interface SpServerOptions {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly database: ConfigDatabase;
  readonly listeners: ListenerFactory;
  readonly storage: SpStorageAccess;
  readonly repositories: readonly SpRepository[];
  readonly tenants: readonly SpTenant[];
  /** Bytes of one grant (Q2). */
  readonly grantChunkBytes: number;
  readonly parallelRequests: number;
  readonly onError: (error: unknown) => void;
}

/**
 * The SP backup server: chooses routes, keeps credentials and quotas, and answers tenants, movers,
 * hosts and the cloud gateway over links. It is the only one that asks for credentials (C5, I18).
 */
export class SpServer {
  readonly #options: SpServerOptions;
  readonly #repositories = new Map<string, SpRepository>();
  readonly #tenants = new Map<string, SpTenant>();
  readonly #sessions = new Map<string, SessionRecord>();
  readonly #desks = new Map<string, Promise<CredentialDesk>>();
  readonly #quota: QuotaBook;
  readonly #contacts: ContactDesk;
  readonly #hosts: HostDesk;
  readonly #tenantLinks = new Map<string, Link>();
  #listener: Listener | null = null;

  constructor(options: SpServerOptions) {
    this.#options = options;
    for (const repository of options.repositories) {
      this.#repositories.set(repository.name, repository);
    }
    for (const tenant of options.tenants) this.#tenants.set(tenant.name, tenant);
    this.#quota = new QuotaBook(options.database);
    this.#hosts = new HostDesk(options.log, () => this.address);
    this.#contacts = new ContactDesk({
      log: options.log,
      database: options.database,
      quota: this.#quota,
      grantChunkBytes: options.grantChunkBytes,
      deskFor: (record) => this.#deskFor(record.scope),
      locationOf: (record) => this.#repository(record.scope.repository).location,
    });
  }

  async start(): Promise<void> {
    this.#listener = await this.#options.listeners.listen((link) => this.#greet(link));
  }

  get address(): string {
    if (this.#listener === null) throw new Error('the SP server does not listen yet');
    return this.#listener.address;
  }

  async close(): Promise<void> {
    for (const desk of this.#desks.values()) (await desk).stop();
    await this.#listener?.close();
  }

  /** M8: counts from the next session on. */
  setRepository(repository: SpRepository): void {
    this.#repositories.set(repository.name, repository);
    for (const [id] of this.#desks) {
      if (id.endsWith(`/${repository.name}`)) this.#forgetDesk(id);
    }
  }

  /** C22: a disabled tenant's sessions stop and its credentials end as far as they can. */
  async setTenant(tenant: SpTenant): Promise<void> {
    const before = this.#tenants.get(tenant.name);
    this.#tenants.set(tenant.name, tenant);
    if (before !== undefined && before.quotaBytes !== tenant.quotaBytes) {
      for (const record of this.#sessions.values()) {
        if (record.scope.tenant !== tenant.name) continue;
        record.accounts = accountsOf(tenant, record.scope.repository, record.scope.subtenant);
        tell(record.tenantLink, 'quota.raised', { session: record.id });
      }
    }
    if ((before?.disabled ?? false) === tenant.disabled) return;
    for (const record of this.#sessions.values()) {
      if (tenant.disabled && record.scope.tenant === tenant.name) {
        tell(record.tenantLink, 'session.stop', { session: record.id, code: 'tenant.disabled' });
      }
    }
    for (const scope of await this.#scopesOf(tenant.name)) {
      const desk = await this.#deskFor(scope);
      if (tenant.disabled) desk.disable();
      else desk.enable();
    }
  }

  async #scopesOf(tenant: string): Promise<readonly CredentialScope[]> {
    const scopes = new Map<string, CredentialScope>();
    for (const { scope } of await this.#options.database.listCredentials()) {
      if (scope.tenant === tenant) scopes.set(scopeId(scope), scope);
    }
    return [...scopes.values()];
  }

  credentials(): Promise<readonly CredentialRecord[]> {
    return this.#options.database.listCredentials();
  }

  #repository(name: string): SpRepository {
    const repository = this.#repositories.get(name);
    if (repository === undefined) throw new FortnightError('settings.unknown');
    return repository;
  }

  #forgetDesk(id: string): void {
    const desk = this.#desks.get(id);
    this.#desks.delete(id);
    void desk?.then((opened) => opened.stop());
  }

  #deskFor(scope: CredentialScope): Promise<CredentialDesk> {
    const id = scopeId(scope);
    const known = this.#desks.get(id);
    if (known !== undefined) return known;
    const repository = this.#repository(scope.repository);
    const issuer = this.#options.storage.issuerFor(repository);
    const { clock, log, database, onError } = this.#options;
    const settings = lifecycleSettings(id, repository, issuer.capabilities.lifetimeMaxMs);
    const options = { clock, log, database, scope, settings, issuer, onError };
    const opened = CredentialDesk.open(options);
    this.#desks.set(id, opened);
    return opened;
  }

  #greet(link: Link): void {
    link.onMessage(async (message) => {
      if (message.type !== 'hello') throw new FortnightError('protocol.violation');
      const hello = helloSchema.safeParse(message.header);
      if (!hello.success) throw new FortnightError('protocol.violation', 'A malformed hello.');
      await this.#accept(link, hello.data);
    });
  }

  async #accept(link: Link, hello: Hello): Promise<void> {
    switch (hello.kind) {
      case 'tenant':
        return this.#acceptTenant(link, hello.tenant, hello.secret);
      case 'mover': {
        const record = this.#sessions.get(hello.session);
        if (record === undefined || !isSameText(record.ticket, hello.ticket)) {
          tell(link, 'hello.refused', { code: 'session.unknown' });
          return;
        }
        return this.#acceptMover(link, record, hello.publicKey);
      }
      case 'host':
        this.#hosts.addHost(hello.host, link, (session, type, header) =>
          this.#fromHost(session, type, header),
        );
        return;
      case 'gateway':
        this.#hosts.setGateway(link);
        return;
      default:
        hello satisfies never;
    }
  }

  #acceptTenant(link: Link, name: string, secret: string): void {
    const tenant = this.#tenants.get(name);
    const hash = createHash('sha256').update(secret).digest('hex');
    if (tenant === undefined || !isSameText(tenant.secretSha256, hash)) {
      tell(link, 'hello.refused', { code: 'channel.refused' });
      return;
    }
    if (tenant.disabled) {
      tell(link, 'hello.refused', { code: 'tenant.disabled' });
      return;
    }
    this.#tenantLinks.set(name, link);
    for (const record of this.#sessions.values()) {
      if (record.scope.tenant === name) record.tenantLink = link;
    }
    link.onMessage((message) => this.#fromTenant(link, name, message));
    tell(link, 'hello.accepted');
    this.#options.log.write({
      node: 'sp',
      type: 'channel.up',
      session: null,
      data: { role: 'tenant', tenant: name },
    });
    link.onClose(() =>
      this.#options.log.write({
        node: 'sp',
        type: 'channel.down',
        session: null,
        data: { role: 'tenant', tenant: name },
      }),
    );
  }

  async #acceptMover(link: Link, record: SessionRecord, publicKey: string): Promise<void> {
    if (record.publicKey !== null && record.publicKey !== publicKey) settlePresentMover(record);
    record.contactLink = link;
    record.publicKey = publicKey;
    link.onMessage((message) =>
      this.#contacts.handle(record.id, this.#sessions, parseMessage(contactMessageSchema, message)),
    );
    await this.#contacts.welcome(record, link);
  }

  async #fromTenant(link: Link, tenant: string, message: LinkMessage): Promise<void> {
    const asked = parseMessage(tenantMessageSchema, message);
    if (asked.type === 'heartbeat') return tell(link, 'heartbeat.ack');
    if (asked.type === 'session.open') return this.#open(link, tenant, asked);
    const record = this.#sessions.get(asked.session);
    if (record === undefined || record.scope.tenant !== tenant) {
      if (asked.type === 'session.close') tell(link, 'session.closed', { session: asked.session });
      return;
    }
    switch (asked.type) {
      case 'target.start':
        return this.#startTarget(record);
      case 'target.stop':
        if (!this.#hosts.order(record, 'order.stop')) {
          tell(link, 'target.stopped', { session: record.id });
        }
        return;
      case 'mover.order':
        this.#hosts.order(record, `order.${asked.order}`, { code: asked.code ?? null });
        return;
      case 'session.close':
        return this.#close(record, link, asked.state);
      default:
        asked satisfies never;
    }
  }

  #refuse(link: Link, session: string, code: ErrorCode): void {
    this.#options.log.write({ node: 'sp', type: 'session.refused', session, data: { code } });
    tell(link, 'session.refused', { session, code });
  }

  #open(link: Link, tenantName: string, asked: OpenMessage): void {
    const { log, clock, storage } = this.#options;
    const tenant = this.#tenants.get(tenantName);
    const repository = this.#repositories.get(asked.repository);
    const known = this.#sessions.get(asked.session);
    if (known !== undefined && known.scope.tenant === tenantName) {
      return tell(link, 'session.opened', openedHeader(known, null));
    }
    const problem = openingProblem(tenant, repository, asked);
    if (problem !== null || tenant === undefined || repository === undefined) {
      return this.#refuse(link, asked.session, problem ?? 'settings.unknown');
    }
    const issuerMaximumMs = storage.issuerFor(repository).capabilities.lifetimeMaxMs;
    const decision = decideOpening(repository, asked, issuerMaximumMs);
    if (!decision.ok) {
      const data = { code: decision.code, rule: decision.rule };
      log.write({ node: 'sp', type: 'route.refused', session: asked.session, data });
      return this.#refuse(link, asked.session, decision.code);
    }
    const { route } = decision;
    const scope = { tenant: tenant.name, subtenant: asked.subtenant, repository: repository.name };
    const record: SessionRecord = {
      id: asked.session,
      scope,
      route,
      rule: decision.rule,
      spec: {
        sessionId: asked.session,
        operation: asked.operation,
        scope,
        backup: asked.backup,
        restorePoint: asked.restorePoint,
        blockBytes: asked.blockBytes,
        startedAt: clock.now(),
      },
      accounts: accountsOf(tenant, repository.name, asked.subtenant),
      ticket: randomBytes(24).toString('base64url'),
      host: hostOf(repository, route.targetHost),
      tenantLink: link,
      contactLink: null,
      publicKey: null,
      spentBytes: 0,
      hasInitialGrant: false,
      needsRecount: asked.operation === 'delete',
    };
    this.#sessions.set(record.id, record);
    const facts = routeFacts(routeSettingsOf(repository, asked), route, decision.reasons);
    log.write({ node: 'sp', type: 'route.selected', session: record.id, data: facts });
    tell(link, 'session.opened', openedHeader(record, decision.check));
  }

  /** P2, P6: the target mover on the gateway server or on the mount server. */
  #startTarget(record: SessionRecord): void {
    const started = this.#hosts.start(record, this.#options.parallelRequests);
    if (started) return;
    tell(record.tenantLink, 'target.report', {
      session: record.id,
      report: 'mover.failed',
      code: 'mover.notStarted',
    });
  }

  #fromHost(session: string, type: string, header: JsonObject): void {
    const record = this.#sessions.get(session);
    if (record === undefined) return;
    if (type === 'log') {
      this.#options.log.write({
        node: `mover:${session}:target`,
        type: String(header.type),
        session,
        data: header.data as JsonObject,
      });
      return;
    }
    if (type === 'mover.ready') {
      this.#hosts.openDataRoute(record, String(header.dataAddress));
      this.#options.log.write({
        node: 'sp',
        type: 'mover.started',
        session,
        data: { role: 'target', host: record.route.targetHost },
      });
    }
    if (type === 'mover.exited') {
      tell(record.tenantLink, 'target.stopped', { session });
      this.#options.log.write({
        node: 'sp',
        type: 'mover.exited',
        session,
        data: { role: 'target', host: record.route.targetHost },
      });
    }
    tell(record.tenantLink, 'target.report', { ...header, session, report: type });
  }

  async #close(
    record: SessionRecord,
    link: Link,
    state: 'done' | 'failed' | 'cancelled',
  ): Promise<void> {
    this.#sessions.delete(record.id);
    const gatewayBytes = await this.#hosts.closeDataRoute(record);
    record.contactLink?.close();
    if (isStoring(record)) await this.#settleGrants(record, state);
    if (record.needsRecount || (isStoring(record) && state !== 'done')) await this.#recount(record);
    tell(link, 'session.closed', { session: record.id, gatewayBytes });
  }

  async #settleGrants(record: SessionRecord, state: string): Promise<void> {
    const { log } = this.#options;
    const returnedBytes = await this.#quota.giveBack(record.accounts, record.id);
    const account = record.accounts[0];
    if (account === undefined) return;
    log.write({
      node: 'sp',
      type: 'quota.returned',
      session: record.id,
      data: {
        scope: scopeId(record.scope),
        returnedBytes,
        state,
        ...ledgerFacts(await this.#quota.read(account)),
      },
    });
  }

  /** F35: what lies in the tenant's folder is what is used; only when nobody else writes there. */
  async #recount(record: SessionRecord): Promise<void> {
    const { database, storage } = this.#options;
    const { scope } = record;
    const isBusy = [...this.#sessions.values()].some(
      (other) => other.scope.tenant === scope.tenant && other.scope.repository === scope.repository,
    );
    if (isBusy) return;
    const repository = this.#repository(scope.repository);
    const credential = await database.openRepositoryCredential(repository.name);
    if (credential === null) return;
    const store = storage.storeFor(repository, credential);
    try {
      for (const account of record.accounts) {
        const subtenant =
          account.id === scopeId({ ...scope, subtenant: null }) ? null : scope.subtenant;
        const folders = subtenant === null ? this.#foldersOf(scope) : [{ ...scope, subtenant }];
        let usedBytes = 0;
        for (const folder of folders) {
          for await (const object of store.list(clientPrefix(folder)))
            usedBytes += object.sizeBytes;
        }
        await this.#quota.setUsed(account, usedBytes);
      }
      // I75, F48: a mover that died may have left an upload that only the SP can see.
      await store.abortUploads(clientPrefix(scope));
    } catch (error) {
      const code = error instanceof FortnightError ? error.code : 'unknown';
      this.#options.log.write({
        node: 'sp',
        type: 'quota.recountFailed',
        session: record.id,
        data: { scope: scopeId(scope), code },
      });
    } finally {
      store.close();
    }
  }

  #foldersOf(scope: CredentialScope): readonly CredentialScope[] {
    const subtenants = this.#tenants.get(scope.tenant)?.subtenants ?? [];
    return [null, ...subtenants.map(({ name }) => name)].map((subtenant) => ({
      ...scope,
      subtenant,
    }));
  }
}

/** A new mover counts from zero; what the old one held and did not report must be counted. */
function settlePresentMover(record: SessionRecord): void {
  record.needsRecount = true;
  record.spentBytes = 0;
}

function hostOf(repository: SpRepository, targetHost: string): string | null {
  if (targetHost === 'gatewayServer') return repository.gatewayServer;
  if (targetHost === 'mountServer') return repository.mountServer;
  return null;
}

function openedHeader(record: SessionRecord, check: unknown): JsonObject {
  return {
    session: record.id,
    route: { ...record.route } as unknown as JsonObject,
    check: (check ?? null) as JsonObject | null,
    ticket: record.ticket,
    startedAt: record.spec.startedAt,
  };
}

function lifecycleSettings(
  id: string,
  repository: SpRepository,
  issuerMaximumMs: number,
): LifecycleSettings {
  const credential = repository.storage === 'azure' ? 'sas' : 'limited';
  const rule = decideRule(repository, credential);
  const lifetime = lifetimeOf(repository, rule, issuerMaximumMs);
  const { effectiveLifetimeMs, renewBelowMs, everyConnectRenews } = lifetime;
  return {
    scopeId: id,
    lifetimeMs: effectiveLifetimeMs,
    renewBelowMs,
    includesLine: rule.includesLine,
    checkedAt: rule.checkedAt,
    checkClock: repository.checkClock,
    strictRenewal: repository.strictRenewal,
    // I33: ceil(V / (V - T)); unbounded where every connect renews (C14).
    generationsMax: everyConnectRenews
      ? null
      : Math.ceil(effectiveLifetimeMs / (effectiveLifetimeMs - renewBelowMs)),
    issueTimeoutMs: 2 * MINUTE_MS,
    issueAttemptsMax: 5,
    retryFirstMs: SECOND_MS,
    retryCapMs: 15 * MINUTE_MS,
    revokeAttemptsMax: 6,
  };
}

function decideRule(repository: SpRepository, credential: 'sas' | 'limited') {
  const { sasOverride, entraId } = repository;
  const rule = renewalRule(repository.storage, credential, { sasOverride, entraId });
  if (rule === null) throw new Error('a credential that ends has a renewal rule');
  return rule;
}
