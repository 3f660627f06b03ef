import {
  availableBytes,
  freeQuota,
  grantQuota,
  type QuotaLedger,
  reservedBytes,
  returnGrant,
  spendQuota,
} from '../../../machines/rules/quota.ts';
import type { FleetSession, TenantNode, Unit, WorldParts } from './parts.ts';

type Answer = { readonly ok: true; readonly bytes: number } | { readonly ok: false };

/** The SP's ledgers (Q2, Q4): a tenant's own, and its subtenant's besides where that has a quota. */
export class Ledgers {
  readonly #parts: WorldParts;

  constructor(parts: WorldParts) {
    this.#parts = parts;
  }

  /** From every account or from none (I55); `needed` at least, a chunk at most unless more is needed. */
  grant(session: FleetSession, neededBytes: number, chunkBytes: number): Answer {
    const { unit } = session;
    this.#recount(unit.tenant);
    const own = unit.ledger;
    const available = Math.min(
      availableBytes(unit.tenant.ledger),
      own === null ? Number.MAX_SAFE_INTEGER : availableBytes(own),
    );
    if (neededBytes > available) {
      const data = { scope: unit.scope, neededBytes, availableBytes: available };
      this.#parts.log.write('sp', 'quota.refused', session.id, data);
      return { ok: false };
    }
    const bytes = Math.min(available, Math.max(neededBytes, chunkBytes));
    // Nothing is left: the first request for more is refused (Q3). A grant of nothing is none.
    if (bytes === 0) return { ok: true, bytes };
    const first = grantQuota(unit.tenant.ledger, holderOf(unit), bytes, 0);
    const second = own === null ? null : grantQuota(own, holderOf(unit), bytes, 0);
    if (!first.ok || second?.ok === false) throw new Error('a grant above what is available');
    unit.tenant.ledger = first.ledger;
    if (second !== null) unit.ledger = second.ledger;
    session.grantedBytes += bytes;
    this.#write('quota.granted', session, { grantedBytes: bytes });
    return { ok: true, bytes };
  }

  /** What the mover says it has stored, as a sum; never more than it was granted. */
  book(session: FleetSession, storedBytes: number): void {
    const fresh = storedBytes - session.bookedBytes;
    if (fresh <= 0) return;
    session.bookedBytes = storedBytes;
    this.#spend(session, fresh);
  }

  /** F35: nobody knows what was written; all that is held counts as stored until it is counted. */
  bookAll(session: FleetSession): void {
    const held = session.unit.tenant.ledger.reserved[holderOf(session.unit)] ?? 0;
    session.bookedBytes += held;
    if (held > 0) this.#spend(session, held);
  }

  /** I58: once. */
  giveBack(session: FleetSession, state: string): void {
    const { unit } = session;
    const { ledger, returnedBytes } = returnGrant(unit.tenant.ledger, holderOf(unit));
    unit.tenant.ledger = ledger;
    if (unit.ledger !== null) unit.ledger = returnGrant(unit.ledger, holderOf(unit)).ledger;
    this.#write('quota.returned', session, { returnedBytes, state });
  }

  /** Bytes that were removed from the storage: increments that are merged, leavings of a failure. */
  free(unit: Unit, bytes: number, because: string): void {
    const { tenant } = unit;
    const freedBytes = Math.min(bytes, tenant.ledger.usedBytes);
    if (freedBytes <= 0) return;
    tenant.ledger = freeQuota(tenant.ledger, freedBytes);
    tenant.repository.usedBytes -= freedBytes;
    if (unit.ledger !== null) {
      unit.ledger = freeQuota(unit.ledger, Math.min(freedBytes, unit.ledger.usedBytes));
    }
    const data = { scope: unit.scope, freedBytes, because, ...facts(tenant.ledger) };
    this.#parts.log.write('sp', 'quota.freed', null, data);
  }

  setQuota(tenant: TenantNode, quotaBytes: number): void {
    tenant.quotaBytes = quotaBytes;
    tenant.ledger = { ...tenant.ledger, quotaBytes };
  }

  /** F35: when nobody writes there, the storage's own listing decides. */
  #recount(tenant: TenantNode): void {
    if (tenant.strayBytes === 0) return;
    for (const session of tenant.sessions) if (session.isForgotten) return;
    const bytes = tenant.strayBytes;
    tenant.strayBytes = 0;
    this.free(tenant.units[0] as Unit, bytes, 'recount');
  }

  #spend(session: FleetSession, bytes: number): void {
    const { unit } = session;
    const before = unit.tenant.ledger.usedBytes;
    unit.tenant.ledger = spendQuota(unit.tenant.ledger, holderOf(unit), bytes);
    unit.tenant.repository.usedBytes += unit.tenant.ledger.usedBytes - before;
    if (unit.ledger !== null) unit.ledger = spendQuota(unit.ledger, holderOf(unit), bytes);
    this.#write('quota.spent', session, { spentBytes: bytes });
  }

  #write(type: string, session: FleetSession, data: Record<string, string | number>): void {
    const { unit } = session;
    const all = { scope: unit.scope, ...data, ...facts(unit.tenant.ledger) };
    this.#parts.log.write('sp', type, session.id, all);
  }
}

/**
 * Under which name a ledger keeps what is reserved. A unit has one session at a time, so its own name
 * does; millions of session ids as keys would each make a new kind of object.
 */
function holderOf(unit: Unit): string {
  return unit.subtenant ?? 'own';
}

function facts(ledger: QuotaLedger) {
  const { usedBytes, quotaBytes } = ledger;
  return { usedBytes, reservedBytes: reservedBytes(ledger), quotaBytes };
}
