import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { EventLog, JsonObject } from '../../../machines/ports/event-log.ts';
import type { Link, LinkMessage } from '../../../machines/ports/link.ts';
import type { ErrorCode } from '../../../machines/rules/errors.ts';
import { parseMessage, type TenantMessage, tell, tenantMessageSchema } from '../messages.ts';
import type { HostDesk } from './host-desk.ts';
import {
  accountsOf,
  decideOpening,
  type OpenMessage,
  openingProblem,
  routeFacts,
  routeSettingsOf,
  sasLimitsFact,
} from './opening.ts';
import type { QuotaBook } from './quota-book.ts';
import type { SpRegister } from './register.ts';
import type { SessionCloser } from './session-closer.ts';
import { type SessionRecord, tellTenant } from './session-record.ts';
import type { SpRepository, SpStorageAccess } from './settings.ts';

export interface TenantDeskOptions {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly storage: SpStorageAccess;
  readonly register: SpRegister;
  readonly hosts: HostDesk;
  readonly closer: SessionCloser;
  readonly quota: QuotaBook;
  readonly parallelRequests: number;
}

/** The SP's side of a tenant server's conversation: opens sessions, hands on orders, closes them. */
export class TenantDesk {
  readonly #options: TenantDeskOptions;

  constructor(options: TenantDeskOptions) {
    this.#options = options;
  }

  async handle(link: Link, tenant: string, message: LinkMessage): Promise<void> {
    const asked = parseMessage(tenantMessageSchema, message);
    switch (asked.type) {
      case 'heartbeat':
        tell(link, 'heartbeat.ack');
        return;
      case 'session.open':
        return this.#open(link, tenant, asked);
      default:
        return this.#withinSession(link, tenant, asked);
    }
  }

  async #withinSession(
    link: Link,
    tenant: string,
    asked: Exclude<TenantMessage, { type: 'heartbeat' | 'session.open' }>,
  ): Promise<void> {
    const { register, hosts, closer } = this.#options;
    const found = register.sessions.get(asked.session);
    // Another tenant's session is as unknown as one that was never opened (I49).
    const record = found?.scope.tenant === tenant ? found : undefined;
    if (asked.type === 'session.close') {
      const gatewayBytes = await closer.close(tenant, asked.session, asked.state);
      tell(link, 'session.closed', { session: asked.session, gatewayBytes });
      return;
    }
    if (record === undefined) {
      // The SP was started again meanwhile: the tenant must not wait for what nobody will do.
      if (asked.type === 'target.stop') tell(link, 'target.stopped', { session: asked.session });
      else tell(link, 'session.gone', { session: asked.session, code: 'session.unknown' });
      return;
    }
    switch (asked.type) {
      case 'target.start':
        this.#startTarget(record);
        return;
      case 'target.stop':
        if (!hosts.order(record, 'order.stop')) {
          tell(link, 'target.stopped', { session: record.id });
        }
        return;
      case 'mover.order':
        this.#order(record, link, asked);
        return;
      default:
        asked satisfies never;
    }
  }

  /** F5: an order that comes too late shows that the tenant has missed how the transfer ended. */
  #order(
    record: SessionRecord,
    link: Link,
    asked: Extract<TenantMessage, { type: 'mover.order' }>,
  ): void {
    const isGoingOn = asked.order === 'resume';
    if (isGoingOn && !record.isTargetUp) tell(link, 'target.stopped', { session: record.id });
    else if (isGoingOn && record.verdict !== null) {
      tellTenant(record, 'target.report', record.verdict);
    } else {
      this.#options.hosts.order(record, `order.${asked.order}`, { code: asked.code ?? null });
    }
  }

  #refuse(link: Link, session: string, code: ErrorCode): void {
    this.#options.log.write({ node: 'sp', type: 'session.refused', session, data: { code } });
    tell(link, 'session.refused', { session, code });
  }

  /** X4, X5, Q5: why nothing new starts now; `null` when nothing speaks against it. */
  async #standstill(
    link: Link,
    repository: SpRepository,
    asked: OpenMessage,
  ): Promise<ErrorCode | null> {
    const { register, quota } = this.#options;
    if (register.isInMaintenance) return 'maintenance.mode';
    if (asked.jobKind === 'agent' && register.isStale(link, repository.name)) {
      return 'settings.stale';
    }
    if (repository.softLimitBytes === null || asked.operation !== 'backup') return null;
    let usedBytes = 0;
    for (const tenant of register.tenants.values()) {
      for (const account of accountsOf(tenant, repository.name, null)) {
        usedBytes += (await quota.read(account)).usedBytes;
      }
    }
    return usedBytes >= repository.softLimitBytes ? 'quota.softLimit' : null;
  }

  async #open(link: Link, tenantName: string, asked: OpenMessage): Promise<void> {
    const { log, clock, storage, register } = this.#options;
    const known = register.sessions.get(asked.session);
    if (known !== undefined) {
      // Asked again after a lost answer; an id that somebody else uses is nobody's to take (I49).
      if (known.scope.tenant === tenantName) tell(link, 'session.opened', openedHeader(known));
      else tell(link, 'session.refused', { session: asked.session, code: 'request.invalid' });
      return;
    }
    if (this.#options.closer.wasClosed(tenantName, asked.session)) {
      // I71: a copy that comes late; opened again, nobody would ever close it.
      tell(link, 'session.refused', { session: asked.session, code: 'session.unknown' });
      return;
    }
    const tenant = register.tenants.get(tenantName);
    const repository = register.repositories.get(asked.repository);
    const problem = openingProblem(tenant, repository, asked);
    if (problem !== null || tenant === undefined || repository === undefined) {
      this.#refuse(link, asked.session, problem ?? 'settings.unknown');
      return;
    }
    const standstill = await this.#standstill(link, repository, asked);
    if (standstill !== null) {
      this.#refuse(link, asked.session, standstill);
      return;
    }
    const issuerMaximumMs = storage.issuerFor(repository).capabilities.lifetimeMaxMs;
    const decision = decideOpening(repository, asked, issuerMaximumMs);
    if (!decision.ok) {
      const data = { code: decision.code, rule: decision.rule };
      log.write({ node: 'sp', type: 'route.refused', session: asked.session, data });
      this.#refuse(link, asked.session, decision.code);
      return;
    }
    const { route, rule, check } = decision;
    const scope = { tenant: tenant.name, subtenant: asked.subtenant, repository: repository.name };
    const record: SessionRecord = {
      id: asked.session,
      scope,
      route,
      rule,
      check,
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
      hostTicket: randomBytes(24).toString('base64url'),
      host: hostOf(repository, route.targetHost),
      tenantLink: link,
      unheard: [],
      contactLink: null,
      publicKey: null,
      spentBytes: 0,
      hasInitialGrant: false,
      grantedBytes: 0,
      needsRecount: asked.operation === 'delete',
      isTargetUp: false,
      targetStarts: 0,
      isTargetReady: false,
      verdict: null,
    };
    register.sessions.set(record.id, record);
    const facts = {
      ...routeFacts(routeSettingsOf(repository, asked), route, decision.reasons),
      ...sasLimitsFact(repository),
    };
    log.write({ node: 'sp', type: 'route.selected', session: record.id, data: facts });
    tell(link, 'session.opened', openedHeader(record));
  }

  /** P2, P6: the target mover on the gateway server or on the mount server. */
  #startTarget(record: SessionRecord): void {
    const { hosts, parallelRequests } = this.#options;
    if (record.isTargetUp) {
      // I15, I70: asked again after a lost answer; there is one target mover a session.
      if (record.isTargetReady) tellTenant(record, 'target.report', { report: 'mover.ready' });
      return;
    }
    record.verdict = null;
    record.isTargetUp = hosts.start(record, parallelRequests);
    if (record.isTargetUp) return;
    tellTenant(record, 'target.report', { report: 'mover.failed', code: 'mover.notStarted' });
  }

  /** F6: its movers went with it, or cannot be told anything any more. */
  hostLost(host: string): void {
    for (const record of this.#options.register.sessions.values()) {
      if (record.host === host && record.isTargetUp) this.fromHost(record.id, 'mover.exited', {});
    }
  }

  /** What a host of the SP reports about the target mover of a session. */
  fromHost(session: string, type: string, header: JsonObject): void {
    const { register, log, hosts } = this.#options;
    const record = register.sessions.get(session);
    if (record === undefined) return;
    if (type === 'log') {
      log.write({
        node: `mover:${session}:target`,
        type: String(header.type),
        session,
        data: header.data as JsonObject,
      });
      return;
    }
    // I15, I70: there is one target mover a session, however often it says that it is ready.
    if (type === 'mover.ready' && record.isTargetReady) return;
    const placed = { role: 'target', host: record.route.targetHost };
    if (type === 'mover.ready') {
      hosts.openDataRoute(record, String(header.dataAddress));
      log.write({ node: 'sp', type: 'mover.started', session, data: placed });
    }
    record.isTargetReady = type === 'mover.ready' || record.isTargetReady;
    if (type === 'mover.failed') {
      record.isTargetUp = false;
      record.isTargetReady = false;
    }
    if (type === 'mover.exited') {
      record.isTargetUp = false;
      record.isTargetReady = false;
      tellTenant(record, 'target.stopped', {});
      log.write({ node: 'sp', type: 'mover.exited', session, data: placed });
      return;
    }
    const report = { ...header, report: type };
    if (type === 'report.completed' || type === 'report.failed') record.verdict = report;
    tellTenant(record, 'target.report', report);
  }
}

function hostOf(repository: SpRepository, targetHost: string): string | null {
  if (targetHost === 'gatewayServer') return repository.gatewayServer;
  if (targetHost === 'mountServer') return repository.mountServer;
  return null;
}

function openedHeader(record: SessionRecord): JsonObject {
  return {
    session: record.id,
    route: { ...record.route } as unknown as JsonObject,
    check: record.check === null ? null : { ...record.check },
    ticket: record.ticket,
    startedAt: record.spec.startedAt,
  };
}
