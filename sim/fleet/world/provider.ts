import type { SessionEvent } from '../../../machines/backup-session/index.ts';
import { selectRoute } from '../../../machines/mode-selection/index.ts';
import { type ErrorCode, isErrorCode } from '../../../machines/rules/errors.ts';
import { renewalRule } from '../../../machines/rules/lifetimes.ts';
import type { JobKind } from '../../../machines/rules/settings.ts';
import { routeSettingsOf } from '../../scenario/index.ts';
import { CredentialDesks, type Delivery, lifetimeOf } from './desk.ts';
import { Ledgers } from './ledgers.ts';
import type { Network } from './network.ts';
import type { FleetSession, Opening, RepositoryNode, TenantNode, WorldParts } from './parts.ts';

type Stamped<Event> = Event extends { at: number } ? Omit<Event, 'at'> : never;
export type SessionFact = Stamped<SessionEvent>;

/** The tenant's side, as the SP speaks to it. */
export interface TenantSide {
  tell(session: FleetSession, fact: SessionFact): void;
  /** A target mover on one of the SP's hosts may start. */
  startRemoteTarget(session: FleetSession): void;
  credentialArrived(session: FleetSession, delivery: Delivery | null): void;
  grantArrived(session: FleetSession, isGranted: boolean): void;
  crashMover(session: FleetSession, role: 'source' | 'target'): void;
}

/** The SP backup server: opens sessions, hears movers, keeps quota, closes sessions. */
export class Provider {
  readonly desks: CredentialDesks;
  readonly ledgers: Ledgers;
  readonly #parts: WorldParts;
  readonly #network: Network;
  readonly #tenantSide: TenantSide;
  /** X5. */
  isInMaintenance = false;

  constructor(parts: WorldParts, network: Network, tenantSide: TenantSide) {
    this.#parts = parts;
    this.#network = network;
    this.#tenantSide = tenantSide;
    this.ledgers = new Ledgers(parts);
    this.desks = new CredentialDesks(parts, {
      onDelivery: (session, _requestId, delivery) => this.#deliver(session, delivery),
      onRefusal: (session, _requestId, code) =>
        this.#tell(session, { type: 'credential.refused', code }),
    });
  }

  #tell(session: FleetSession, fact: SessionFact): void {
    this.#network.toTenant(session.unit.tenant, () => this.#tenantSide.tell(session, fact));
  }

  /** M8: decided once, also when the tenant asks again. */
  open(session: FleetSession): void {
    const { tenant } = session.unit;
    if (session.opening !== null && session.isKnown) {
      const { route, check } = session.opening;
      this.#tell(session, { type: 'session.opened', route, check });
      return;
    }
    const refuse = (code: ErrorCode): void => {
      this.#parts.log.write('sp', 'session.refused', session.id, { code });
      this.#tell(session, { type: 'session.refused', code });
    };
    if (tenant.isDisabled) {
      refuse('tenant.disabled');
      return;
    }
    const standstill = this.#standstill(tenant);
    if (standstill !== null) {
      refuse(standstill);
      return;
    }
    const opening = openingOf(tenant.repository, tenant.group.jobKind);
    if (!opening.ok) {
      const { code, rule } = opening;
      this.#parts.log.write('sp', 'route.refused', session.id, { code, rule });
      refuse(isErrorCode(code) ? code : 'unknown');
      return;
    }
    session.opening = opening;
    session.isKnown = true;
    this.#parts.log.write('sp', 'route.selected', session.id, opening.facts);
    const { route, check } = opening;
    this.#tell(session, { type: 'session.opened', route, check });
  }

  /** X4, X5, Q5: why nothing new starts now, as the SP server says it; `null`: it may. */
  #standstill(tenant: TenantNode): ErrorCode | null {
    const { repository, group } = tenant;
    if (this.isInMaintenance) return 'maintenance.mode';
    if (group.jobKind === 'agent' && tenant.modeVersionSeen < repository.modeVersion) {
      // X4: by asking, the agent hears of the new mode.
      tenant.modeVersionSeen = repository.modeVersion;
      return 'settings.stale';
    }
    const { softLimitBytes } = repository.settings;
    const isFull = softLimitBytes !== null && repository.usedBytes >= softLimitBytes;
    return isFull ? 'quota.softLimit' : null;
  }

  /** P6, P2: the target mover runs on the SP's side, with the repository's own credential. */
  startTarget(session: FleetSession): void {
    if (!session.isKnown) {
      this.#tellGone(session);
      return;
    }
    if (!session.hasInitialGrant) this.#initialGrant(session);
    this.#tenantSide.startRemoteTarget(session);
  }

  /** P3: a target mover has reached the SP; it hears what is held (C11). */
  contact(session: FleetSession): void {
    if (!session.isKnown) {
      this.#tellGone(session);
      return;
    }
    const isExpiring = isLimited(session);
    const held = isExpiring ? this.desks.held(session.unit) : NOTHING_HELD;
    this.#parts.log.write('sp', 'gateway.connected', session.id, { ...held });
    this.#tell(session, { type: 'contact.made', ...held });
  }

  requestCredential(session: FleetSession, asked: Parameters<CredentialDesks['request']>[1]): void {
    if (!session.isKnown) {
      this.#tellGone(session);
      return;
    }
    if (session.unit.tenant.isDisabled) {
      this.#tell(session, { type: 'credential.refused', code: 'tenant.disabled' });
      return;
    }
    if (isLimited(session)) this.desks.request(session, asked);
    else this.#deliver(session, null);
  }

  /** Q2: after the mover has said what it stored. */
  requestGrant(session: FleetSession, bytes: number, storedBytes: number): void {
    if (!session.isKnown) {
      this.#tellGone(session);
      return;
    }
    this.ledgers.book(session, storedBytes);
    const isRefused = session.unit.tenant.isDisabled;
    const answer = isRefused
      ? null
      : this.ledgers.grant(session, bytes, this.#parts.fleet.grantChunkBytes);
    this.#answerGrant(session, answer?.ok === true);
  }

  #answerGrant(session: FleetSession, isGranted: boolean): void {
    const arrive = (): void => this.#tenantSide.grantArrived(session, isGranted);
    if (session.opening?.route.dataPath === 'gateway') this.#parts.inbox.push(arrive);
    else this.#network.toTenant(session.unit.tenant, arrive);
  }

  /** The same answer again when asked again. */
  close(session: FleetSession, state: string, storedBytes: number): void {
    if (session.isKnown) {
      session.isKnown = false;
      this.ledgers.book(session, storedBytes);
      this.ledgers.giveBack(session, state);
      if (state === 'done') this.#keepPoint(session);
      else this.ledgers.free(session.unit, session.bookedBytes, 'failed');
    }
    this.#tell(session, { type: 'session.closed' });
  }

  /** F4, F35: the process has ended. What it knew of sessions is gone; its records are not. */
  crash(sessions: Iterable<FleetSession>): void {
    this.desks.crash();
    for (const session of sessions) {
      if (!session.isKnown) continue;
      this.ledgers.bookAll(session);
      session.isKnown = false;
      session.isForgotten = true;
    }
  }

  /** A session is over whose record the SP had lost: the next count finds what truly lies there. */
  settleForgotten(session: FleetSession, isDone: boolean): void {
    const { tenant } = session.unit;
    session.isForgotten = false;
    tenant.strayBytes += session.bookedBytes - (isDone ? session.storedBytes : 0);
    if (isDone) this.#keepPoint(session);
  }

  /** C22: nothing new; what runs is stopped; what can be revoked is. */
  disable(tenant: TenantNode): void {
    if (tenant.isDisabled) return;
    tenant.isDisabled = true;
    this.#parts.log.write('sp', 'tenant.disabled', null, { tenant: tenant.name });
    for (const session of tenant.sessions) {
      if (session.isKnown) this.#tell(session, { type: 'session.cancelled' });
    }
    for (const unit of tenant.units) this.desks.disable(unit);
  }

  enable(tenant: TenantNode): void {
    if (!tenant.isDisabled) return;
    tenant.isDisabled = false;
    this.#parts.log.write('sp', 'tenant.enabled', null, { tenant: tenant.name });
    for (const unit of tenant.units) this.desks.enable(unit);
  }

  /** L9: sessions that wait for space ask again. */
  raiseQuota(tenant: TenantNode, quotaBytes: number): void {
    const isRaised = quotaBytes > tenant.quotaBytes;
    this.ledgers.setQuota(tenant, quotaBytes);
    if (!isRaised) return;
    for (const session of tenant.sessions) {
      if (session.isKnown) this.#tell(session, { type: 'quota.raised' });
    }
  }

  #tellGone(session: FleetSession): void {
    this.#tell(session, { type: 'transfer.failed', code: 'session.unknown' });
  }

  /** P3: the credential and the quota travel together (I53). */
  #deliver(session: FleetSession, delivery: Delivery | null): void {
    const { tenant, scope } = session.unit;
    // The answer may have taken long: the session is over, or its contact is lost (C8).
    if (!session.isKnown || tenant.isDisabled || !tenant.isUp) return;
    if (!session.hasInitialGrant) this.#initialGrant(session);
    const { generation, expiresAt, degraded } = delivery ?? OWN_CREDENTIAL;
    this.#parts.log.write('sp', 'credential.delivered', session.id, {
      scope,
      generation,
      expiresAt,
      degraded,
      operation: 'backup',
      keyId:
        delivery === null ? `${tenant.repository.settings.name}#own` : `${scope}#${generation}`,
      quotaBytes: session.grantedBytes,
    });
    this.#network.toTenant(tenant, () => this.#tenantSide.credentialArrived(session, delivery));
  }

  #initialGrant(session: FleetSession): void {
    session.hasInitialGrant = true;
    this.ledgers.grant(session, 0, this.#parts.fleet.grantChunkBytes);
  }

  #keepPoint(session: FleetSession): void {
    const { unit } = session;
    const before = session.isFull ? unit.increments.splice(0) : [];
    unit.hasFull = true;
    for (const bytes of before) this.ledgers.free(unit, bytes, 'retention');
    if (session.isFull) return;
    unit.increments.push(session.storedBytes);
    while (unit.increments.length >= unit.tenant.group.keep) {
      this.ledgers.free(unit, unit.increments.shift() as number, 'retention');
    }
  }
}

const NOTHING_HELD = { heldGeneration: 0, heldExpiresAt: null };
const OWN_CREDENTIAL = { generation: 0, expiresAt: null, degraded: false };

function isLimited(session: FleetSession): boolean {
  const credential = session.opening?.route.credential;
  return credential === 'limited' || credential === 'sas';
}

/** I30: by which limits a SAS of the repository is made. */
function sasLimitsOf({ entraId, sasOverride }: RepositoryNode['settings']): string {
  if (entraId) return 'entra';
  return sasOverride === null ? 'default' : 'override';
}

/** Asks the mode-selection machine; the same question has the same answer (I1). */
export function openingOf(repository: RepositoryNode, jobKind: JobKind): Opening {
  const known = repository.openings.get(jobKind);
  if (known !== undefined) return known;
  const { settings, storage } = repository;
  const asked = routeSettingsOf(storage.settings.kind, settings, {
    kind: jobKind,
    needsHttpProxy: false,
    isTenantConfigBackup: false,
  });
  const { decision, reasons } = selectRoute(asked);
  const opening = decision.ok ? openWith(decision.route) : decision;
  repository.openings.set(jobKind, opening);
  return opening;

  function openWith(route: Extract<Opening, { ok: true }>['route']): Opening {
    const rule = renewalRule(storage.settings.kind, route.credential, {
      sasOverride: settings.sasOverride,
      entraId: settings.entraId,
    });
    const check =
      rule === null
        ? null
        : {
            renewBelowMs: lifetimeOf(repository, rule).renewBelowMs,
            includesLine: rule.includesLine,
            isByTenant: rule.checkedAt === 'connect' && settings.checkClock === 'tenant',
          };
    const facts = {
      ...asked,
      ...route,
      ...(storage.settings.kind === 'azure' ? { sasLimits: sasLimitsOf(settings) } : {}),
      rules: reasons.map(({ rule: id }) => id),
    };
    return { ok: true, route, check, facts };
  }
}
