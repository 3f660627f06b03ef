import type { ErrorCode } from '../../../machines/rules/errors.ts';
import { errorClass } from '../../../machines/rules/errors.ts';
import { type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import type { FluidLink } from '../model/fluid-link.ts';
import type { Network } from './network.ts';
import type { FleetSession, HeldCredential, WorldParts } from './parts.ts';
import type { Provider, SessionFact, TenantSide } from './provider.ts';

/** So long a mover tries what may be tried again before it reports a failure. */
const RETRY_BUDGET_MS = 5 * MINUTE_MS;
const RETRY_WAIT_MS = 10 * SECOND_MS;
/** C19: so long a fresh credential may be unknown to the storage. */
const PROPAGATION_MS_MAX = 60 * SECOND_MS;
/** How often a long transfer looks at the end of its credential. */
const WATCH_MS_MAX = 6 * HOUR_MS;

/**
 * The movers as a fluid: bytes flow at the rate that the links give. Which requests are made one by
 * one is not simulated; a stretch of them is told as one `storage.used`, which names the start of
 * its last request: if that was allowed to start, so were all before it (I37, I42).
 */
export class Transfers {
  readonly #parts: WorldParts;
  readonly #network: Network;
  readonly #provider: Provider;
  readonly #tenantSide: TenantSide;

  constructor(parts: WorldParts, network: Network, provider: Provider, tenantSide: TenantSide) {
    this.#parts = parts;
    this.#network = network;
    this.#provider = provider;
    this.#tenantSide = tenantSide;
  }

  /** Starts, or goes on from what is stored; also with a new credential in the middle (C15). */
  go(session: FleetSession): void {
    this.#order(session, () => {
      if (session.verdict !== null) {
        this.#report(session, session.verdict as SessionFact);
        return;
      }
      if (session.flow !== null) this.#cut(session);
      session.isMoving = true;
      session.stalledSince = null;
      this.#proceed(session);
    });
  }

  pause(session: FleetSession): void {
    this.#order(session, () => {
      session.isMoving = false;
      this.#cut(session);
      // What is in flight is finished (I38).
      this.#after(session, this.#requestMs(session), () =>
        this.#report(session, { type: 'transfer.drained' }),
      );
    });
  }

  abort(session: FleetSession, code: ErrorCode): void {
    this.#order(session, () => {
      session.isMoving = false;
      this.#cut(session);
      this.#after(session, this.#requestMs(session), () =>
        this.#report(session, { type: 'transfer.failed', code }),
      );
    });
  }

  /** Q3: what the failed session has stored is removed. */
  cleanUp(session: FleetSession): void {
    this.#order(session, () =>
      this.#after(session, this.#requestMs(session), () =>
        this.#report(session, { type: 'transfer.cleaned' }),
      ),
    );
  }

  /** The movers are gone: nothing more is said. */
  stop(session: FleetSession): void {
    session.isMoving = false;
    session.isAskingGrant = false;
    session.order += 1;
    this.#cut(session);
  }

  holdCredential(session: FleetSession, credential: HeldCredential): void {
    if (session.flow !== null) this.#cut(session);
    session.credential = credential;
    if (session.isMoving) this.#proceed(session);
  }

  /** P8: what could not be asked without contact is asked now. */
  contactMade(session: FleetSession): void {
    if (session.isAskingGrant) this.#askGrant(session);
  }

  grantArrived(session: FleetSession, isGranted: boolean): void {
    if (session.isOver || !session.isTargetUp) return;
    session.isAskingGrant = false;
    if (isGranted) {
      session.receivedBytes = session.grantedBytes;
      if (session.isMoving && session.flow === null) this.#proceed(session);
      return;
    }
    if (!session.isMoving) return;
    session.isMoving = false;
    this.#report(session, { type: 'quota.exhausted' });
  }

  /** A storage or a gateway has gone down or come back. */
  relook(session: FleetSession): void {
    if (session.isOver || !session.isMoving) return;
    if (session.flow !== null) this.#cut(session);
    this.#proceed(session);
  }

  /** F5: the data connection through the cloud gateway is broken. */
  breakLink(session: FleetSession): void {
    if (session.isOver || session.opening?.route.dataPath !== 'gateway') return;
    if (!session.isMoving) return;
    session.isMoving = false;
    this.#cut(session);
    this.#parts.inbox.push(() =>
      this.#tenantSide.tell(session, { type: 'transfer.failed', code: 'link.lost' }),
    );
  }

  /** An order reaches a target mover on an SP host over the control connection only. */
  #order(session: FleetSession, act: () => void): void {
    session.order += 1;
    const { order } = session;
    const carryOut = (): void => {
      if (!session.isOver && session.order === order) act();
    };
    if (session.opening?.route.dataPath === 'gateway') {
      this.#network.toProvider(session.unit.tenant, carryOut);
    } else this.#parts.inbox.push(carryOut);
  }

  #report(session: FleetSession, fact: SessionFact): void {
    if (session.opening?.route.dataPath === 'gateway') {
      this.#network.toTenant(session.unit.tenant, () => this.#tenantSide.tell(session, fact));
    } else this.#tenantSide.tell(session, fact);
  }

  #after(session: FleetSession, delayMs: number, act: () => void): void {
    const { order } = session;
    this.#parts.agenda.in(delayMs, () => {
      if (!session.isOver && session.order === order) act();
    });
  }

  #requestMs(session: FleetSession): number {
    const { chance } = this.#parts;
    const { unit } = session;
    const { requestLatency } = unit.tenant.repository.storage.settings;
    return chance.spread('request', unit.index, session.number, requestLatency);
  }

  #linkOf(session: FleetSession): FluidLink {
    const { repository } = session.unit.tenant;
    const isDirect = session.opening?.route.dataPath === 'direct';
    return isDirect ? repository.storage.link : repository.gateway.link;
  }

  /** Looks at everything that a request needs, and lets as many bytes flow as may. */
  #proceed(session: FleetSession): void {
    const { agenda, faults } = this.#parts;
    const { repository, group } = session.unit.tenant;
    if (!session.isMoving || session.flow !== null) return;
    const now = agenda.now();
    const leftBytes = session.sizeBytes - session.storedBytes;
    const grantBytes = session.receivedBytes - session.storedBytes;
    if (leftBytes > 0 && grantBytes <= 0) {
      this.#askGrant(session);
      return;
    }
    const { credential } = session;
    if (credential !== null && credential.expiresAt !== null) {
      const endAt = this.#endOf(session, credential.expiresAt);
      if (endAt <= now) {
        session.isMoving = false;
        this.#report(session, { type: 'transfer.credentialExpired' });
        return;
      }
      const refused = this.#provider.desks.refusal(session.unit, credential.generation);
      if (refused === 'access.denied') {
        this.#fail(session, 'access.denied');
        return;
      }
      if (credential.usableFrom > now) {
        this.#awaitPropagation(session, credential);
        return;
      }
    }
    if (repository.storage.isDown || (repository.gateway.isDown && !this.#isDirect(session))) {
      this.#stall(session, 'storage.unreachable');
      return;
    }
    const fault = faults.strike('storage', repository.storage.settings.name);
    if (fault?.effect.kind === 'error') {
      this.#onStorageError(session, fault.effect.code);
      return;
    }
    if (fault?.effect.kind === 'delay') {
      this.#after(session, fault.effect.byMs, () => this.#flow(session));
      return;
    }
    session.stalledSince = null;
    this.#flow(session);
    if (session.flow === null) return;
    const crash = faults.strike('mover', group.name, 'crash');
    if (crash?.effect.kind === 'crash') this.#crash(session, crash.effect.role);
  }

  #isDirect(session: FleetSession): boolean {
    return session.opening?.route.dataPath === 'direct';
  }

  #flow(session: FleetSession): void {
    if (!session.isMoving || session.flow !== null) return;
    const { agenda } = this.#parts;
    const { group } = session.unit.tenant;
    const leftBytes = session.sizeBytes - session.storedBytes;
    const bytes = Math.min(leftBytes, session.receivedBytes - session.storedBytes);
    if (leftBytes === 0) {
      this.#finish(session);
      return;
    }
    session.flowStartedAt = agenda.now();
    session.flowBytes = bytes;
    session.flow = this.#linkOf(session).join(bytes, group.throughput, () => {
      this.#parts.inbox.push(() => this.#onStretchDone(session));
    });
    this.#watchExpiry(session);
  }

  #onStretchDone(session: FleetSession): void {
    if (session.flow === null || !session.flow.isGone) return;
    session.flow = null;
    this.#note(session, session.flowBytes);
    if (session.storedBytes === session.sizeBytes) this.#finish(session);
    else this.#proceed(session);
  }

  /** The manifest is one request more. */
  #finish(session: FleetSession): void {
    this.#after(session, this.#requestMs(session), () => {
      if (!session.isMoving) return;
      session.isMoving = false;
      session.verdict = { type: 'transfer.completed' };
      this.#report(session, session.verdict);
    });
  }

  /** Ends the stretch that flows now; what came through is stored. */
  #cut(session: FleetSession): void {
    const { flow } = session;
    if (flow === null) return;
    session.flow = null;
    // Done at this very instant: its own word is still on the way.
    const bytes = flow.isGone ? session.flowBytes : this.#linkOf(session).leave(flow);
    this.#note(session, bytes);
  }

  #note(session: FleetSession, bytes: number): void {
    if (bytes === 0) return;
    const { agenda, log } = this.#parts;
    const now = agenda.now();
    session.storedBytes += bytes;
    const requestMs = Math.min(this.#requestMs(session), now - session.flowStartedAt);
    log.write(`mover:${session.id}:target`, 'storage.used', session.id, {
      generation: session.credential?.generation ?? 0,
      operation: 'PutObject',
      key: session.unit.scope,
      bytes,
      firstStartedAt: session.flowStartedAt,
      startedAt: now - requestMs,
      endedAt: now,
      status: 'ok',
    });
  }

  /** C16: the end on the mover's clock or on the storage's, whichever comes first. */
  #endOf(session: FleetSession, expiresAt: EpochMs): EpochMs {
    const now = this.#parts.agenda.now();
    const { clock } = session.unit.tenant;
    if (clock.read(now) >= expiresAt) return now;
    return Math.min(expiresAt, Math.max(now + 1, clock.wakeAt(expiresAt, now)));
  }

  #watchExpiry(session: FleetSession): void {
    const { agenda } = this.#parts;
    const expiresAt = session.credential?.expiresAt ?? null;
    const { flow } = session;
    if (expiresAt === null || flow === null) return;
    const now = agenda.now();
    const endAt = this.#endOf(session, expiresAt);
    const wakeAt = Math.min(endAt, now + WATCH_MS_MAX);
    agenda.at(wakeAt, () => {
      if (session.flow !== flow || flow.isGone) return;
      if (this.#endOf(session, expiresAt) > agenda.now()) return this.#watchExpiry(session);
      session.isMoving = false;
      this.#cut(session);
      this.#report(session, { type: 'transfer.credentialExpired' });
    });
  }

  #askGrant(session: FleetSession): void {
    session.isAskingGrant = true;
    const needed = Math.min(1_048_576, session.sizeBytes - session.storedBytes);
    const ask = (): void => this.#provider.requestGrant(session, needed, session.storedBytes);
    if (!this.#isDirect(session)) {
      // On an SP host the mover speaks to the SP without the tenant's connection.
      if (!this.#network.isProviderDown) this.#parts.inbox.push(ask);
      return;
    }
    if (session.hasContact) this.#network.toProvider(session.unit.tenant, ask);
  }

  #awaitPropagation(session: FleetSession, credential: HeldCredential): void {
    const waitMs = credential.usableFrom - this.#parts.agenda.now();
    this.#noteRetry(session, 'credential.unknownKey');
    if (waitMs <= PROPAGATION_MS_MAX) {
      this.#after(session, waitMs, () => this.#proceed(session));
    } else {
      this.#after(session, PROPAGATION_MS_MAX, () => this.#fail(session, 'credential.unknownKey'));
    }
  }

  #onStorageError(session: FleetSession, code: ErrorCode): void {
    if (code === 'credential.expired') {
      session.isMoving = false;
      this.#report(session, { type: 'transfer.credentialExpired' });
    } else if (errorClass(code) === 'retry') this.#stall(session, code);
    else this.#fail(session, code);
  }

  /** Tries again and again, and gives up after a while (M9: never another way). */
  #stall(session: FleetSession, code: ErrorCode): void {
    const now = this.#parts.agenda.now();
    session.stalledSince ??= now;
    this.#noteRetry(session, code);
    if (now - session.stalledSince >= RETRY_BUDGET_MS) {
      session.stalledSince = null;
      this.#fail(session, code);
      return;
    }
    this.#after(session, RETRY_WAIT_MS, () => this.#proceed(session));
  }

  #noteRetry(session: FleetSession, code: ErrorCode): void {
    this.#parts.log.write(`mover:${session.id}:target`, 'storage.retried', session.id, { code });
  }

  #fail(session: FleetSession, code: ErrorCode): void {
    session.isMoving = false;
    this.#report(session, { type: 'transfer.failed', code });
  }

  #crash(session: FleetSession, role: 'source' | 'target'): void {
    this.#after(session, SECOND_MS, () => this.#tenantSide.crashMover(session, role));
  }
}
