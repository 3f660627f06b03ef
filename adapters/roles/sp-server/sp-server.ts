import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { ConfigDatabase, CredentialRecord } from '../../../machines/ports/config-database.ts';
import type { EventLog } from '../../../machines/ports/event-log.ts';
import type { Link, Listener, ListenerFactory } from '../../../machines/ports/link.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import {
  contactMessageSchema,
  type Hello,
  helloSchema,
  parseMessage,
  proofSchema,
  tell,
} from '../messages.ts';
import { isSameText } from '../same-text.ts';
import { answerChallenge, isProof, proveMover, sessionKeyOf } from '../tenant-proof.ts';
import { ContactDesk } from './contact-desk.ts';
import { DeskShelf } from './desk-shelf.ts';
import { HostDesk } from './host-desk.ts';
import { sweepAll } from './leftovers.ts';
import { accountsOf } from './opening.ts';
import { isRaised, ledgerFacts, QuotaBook } from './quota-book.ts';
import { recount } from './recount.ts';
import { SpRegister } from './register.ts';
import { SessionCloser } from './session-closer.ts';
import { reconnectTenant, type SessionRecord, tellTenant } from './session-record.ts';
import type { SpRepository, SpStorageAccess, SpTenant } from './settings.ts';
import { TenantDesk } from './tenant-desk.ts';
import { TenantListing } from './tenant-listing.ts';

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

/** Longer than any session waits for its channel, so that the tenant always ends it first. */
const ABANDONED_AFTER_MS = 2 * HOUR_MS;

/**
 * The SP backup server: chooses routes, keeps credentials and quotas, and answers tenants, movers,
 * hosts and the cloud gateway over links. It is the only one that asks for credentials (C5, I18).
 * This class knows who speaks; what they say goes to a desk each.
 */
export class SpServer {
  readonly #options: SpServerOptions;
  readonly #register: SpRegister;
  readonly #desks: DeskShelf;
  readonly #contacts: ContactDesk;
  readonly #hosts: HostDesk;
  readonly #tenants: TenantDesk;
  readonly #closer: SessionCloser;
  readonly #links = new Set<Link>();
  #listener: Listener | null = null;

  constructor(options: SpServerOptions) {
    const { clock, log, database, storage, onError, parallelRequests } = options;
    this.#options = options;
    const register = new SpRegister(options.repositories, options.tenants);
    const quota = new QuotaBook(database, (scope, session, spentBytes, ledger) => {
      // Q4: what a subtenant holds stands on its tenant's account as well, and is told once.
      if (scope.includes('@')) return;
      const data = { scope, spentBytes, ...ledgerFacts(ledger) };
      log.write({ node: 'sp', type: 'quota.spent', session, data });
    });
    const hosts = new HostDesk(log, () => this.address);
    const desks = new DeskShelf({ clock, log, database, storage, register, onError });
    const count = (record: SessionRecord): Promise<void> =>
      recount(record, { log, database, storage, quota, register });
    const closer = new SessionCloser({ log, quota, hosts, register, recount: count });
    this.#register = register;
    this.#closer = closer;
    this.#hosts = hosts;
    this.#desks = desks;
    this.#tenants = new TenantDesk({
      clock,
      log,
      storage,
      register,
      hosts,
      closer,
      quota,
      parallelRequests,
    });
    this.#contacts = new ContactDesk({
      log,
      database,
      quota,
      grantChunkBytes: options.grantChunkBytes,
      isOpen: (record) => register.isOpen(record),
      isDisabled: (record) => register.tenants.get(record.scope.tenant)?.disabled === true,
      trueUp: async (record) => {
        if (await quota.needsCount(record.accounts)) await count(record);
      },
      deskFor: (record) => desks.deskFor(record.scope),
      locate: ({ scope }) => storage.locate(register.repository(scope.repository), scope),
      listing: new TenantListing({
        clock,
        database,
        storage,
        register,
        deskFor: (record) => desks.deskFor(record.scope),
      }),
    });
  }

  async start(): Promise<void> {
    const { database, log, storage } = this.#options;
    await sweepAll(this.#register.repositories.values(), storage, { database, log });
    // L7, C22: a revocation that was under way when the server before this one died is due again.
    for (const { name, disabled } of this.#register.tenants.values()) {
      if (disabled) await this.#desks.setDisabled(name, true);
    }
    // In the background: a storage that does not answer must not keep tenants out.
    this.#desks.settleIntents().catch(this.#options.onError);
    this.#listener = await this.#options.listeners.listen((link) => this.#greet(link));
  }

  get address(): string {
    if (this.#listener === null) throw new Error('the SP server does not listen yet');
    return this.#listener.address;
  }

  /** Nothing is said to anybody: the end of a process looks like this from outside (F3, F4). */
  async close(): Promise<void> {
    this.#register.sessions.clear();
    await this.#desks.stopAll();
    await this.#listener?.close();
    for (const link of [...this.#links]) link.close('the SP server has stopped');
  }

  /** M8: counts from the next session on. */
  setRepository(repository: SpRepository): void {
    this.#register.setRepository(repository);
    this.#desks.forgetRepository(repository.name);
  }

  /** X5. */
  setMaintenance(isOn: boolean): void {
    this.#register.isInMaintenance = isOn;
  }

  /** C22: a disabled tenant's sessions stop and its credentials end as far as they can. */
  async setTenant(tenant: SpTenant): Promise<void> {
    const before = this.#register.tenants.get(tenant.name);
    this.#register.tenants.set(tenant.name, tenant);
    const sessions = this.#register.sessionsOf(tenant.name);
    for (const record of sessions) {
      const { repository, subtenant } = record.scope;
      const accountsBefore = record.accounts;
      record.accounts = accountsOf(tenant, repository, subtenant);
      if (!isRaised(accountsBefore, record.accounts)) continue;
      tellTenant(record, 'quota.raised', {});
    }
    if ((before?.disabled ?? false) === tenant.disabled) return;
    for (const record of tenant.disabled ? sessions : []) {
      tellTenant(record, 'session.stop', { code: 'tenant.disabled' });
    }
    await this.#desks.setDisabled(tenant.name, tenant.disabled);
  }

  credentials(): Promise<readonly CredentialRecord[]> {
    return this.#options.database.listCredentials();
  }

  #greet(link: Link): void {
    this.#links.add(link);
    link.onClose(() => this.#links.delete(link));
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
        this.#challengeTenant(link, hello.tenant);
        return;
      case 'mover': {
        const record = this.#register.sessions.get(hello.session);
        if (record === undefined || !this.#isGenuine(record, hello)) {
          tell(link, 'hello.refused', { code: 'session.unknown' });
          return;
        }
        return this.#acceptMover(link, record, hello.publicKey);
      }
      case 'host':
        this.#hosts.addHost(hello.host, link, {
          onReport: (session, type, header) => this.#tenants.fromHost(session, type, header),
          onLost: () => this.#tenants.hostLost(hello.host),
        });
        return;
      case 'gateway':
        this.#hosts.setGateway(link);
        return;
      default:
        hello satisfies never;
    }
  }

  /**
   * A tenant's own mover proves its key with the tenant's secret (F44); one on an SP host shows the
   * ticket that only hosts get. Neither can pass for the other.
   */
  #isGenuine(record: SessionRecord, hello: Extract<Hello, { kind: 'mover' }>): boolean {
    if (record.host !== null) return isSameText(record.hostTicket, hello.ticket);
    const tenant = this.#register.tenants.get(record.scope.tenant);
    if (tenant === undefined || !isSameText(record.ticket, hello.ticket)) return false;
    const sessionKey = sessionKeyOf(Buffer.from(tenant.secretSha256, 'hex'), record.id);
    return isProof(proveMover(sessionKey, hello.publicKey), hello.proof);
  }

  /** Unknown names are challenged as well: the answer alone says no. */
  #challengeTenant(link: Link, name: string): void {
    const nonce = randomBytes(24).toString('base64url');
    link.onMessage((message) => {
      const { proof } = parseMessage(proofSchema, message);
      this.#acceptTenant(link, name, nonce, proof);
    });
    tell(link, 'hello.challenge', { nonce });
  }

  #acceptTenant(link: Link, name: string, nonce: string, proof: string): void {
    const tenant = this.#register.tenants.get(name);
    const key = Buffer.from(tenant?.secretSha256 ?? '', 'hex');
    if (tenant === undefined || !isProof(answerChallenge(key, nonce), proof)) {
      tell(link, 'hello.refused', { code: 'channel.refused' });
      return;
    }
    if (tenant.disabled) {
      tell(link, 'hello.refused', { code: 'tenant.disabled' });
      // C22: it cannot close its sessions any more, so the SP does (I58).
      for (const record of this.#register.sessionsOf(name)) this.#abandon(record);
      return;
    }
    link.onMessage((message) => this.#tenants.handle(link, name, message));
    this.#register.noteConnected(link);
    tell(link, 'hello.accepted');
    for (const record of this.#register.sessionsOf(name)) reconnectTenant(record, link);
    const note = (type: 'channel.up' | 'channel.down'): void =>
      this.#options.log.write({
        node: 'sp',
        type,
        session: null,
        data: { role: 'tenant', tenant: name },
      });
    note('channel.up');
    link.onClose(() => {
      note('channel.down');
      this.#expireSessionsOf(name, link);
    });
  }

  /** Q2: a tenant that does not come back leaves its grants behind; they are not lost for ever. */
  #expireSessionsOf(tenant: string, link: Link): void {
    const { clock } = this.#options;
    const left = this.#register.sessionsOf(tenant).filter((record) => record.tenantLink === link);
    for (const record of left) {
      clock.wakeAt(clock.now() + ABANDONED_AFTER_MS, () => {
        if (this.#register.isOpen(record) && record.tenantLink === link) this.#abandon(record);
      });
    }
  }

  #abandon(record: SessionRecord): void {
    this.#closer.close(record.scope.tenant, record.id, 'failed').catch(this.#options.onError);
  }

  async #acceptMover(link: Link, record: SessionRecord, publicKey: string): Promise<void> {
    const isReplaced = record.publicKey !== null && record.publicKey !== publicKey;
    if (record.contactLink !== null && record.contactLink !== link) record.contactLink.close();
    record.contactLink = link;
    record.publicKey = publicKey;
    link.onMessage((message) =>
      this.#contacts.handle(record, link, parseMessage(contactMessageSchema, message)),
    );
    // P4: the last word about what was stored may have been lost with the connection.
    link.onClose(() => {
      if (this.#register.isOpen(record) && record.contactLink === link) record.needsRecount = true;
    });
    if (isReplaced) await this.#closer.replaceMover(record);
    await this.#contacts.welcome(record, link);
  }
}
