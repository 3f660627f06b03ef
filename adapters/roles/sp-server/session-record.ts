import type { TenantCheck } from '../../../machines/backup-session/index.ts';
import type { JsonObject } from '../../../machines/ports/event-log.ts';
import type { Link, LinkMessage } from '../../../machines/ports/link.ts';
import type { RenewalRule } from '../../../machines/rules/lifetimes.ts';
import type { Route } from '../../../machines/rules/route.ts';
import type { CredentialScope } from '../../../machines/rules/scope.ts';
import type { TransferSpec } from '../../transfer/types.ts';
import type { QuotaAccount } from './quota-book.ts';

/** One session as the SP sees it. The route and the scope never change (M8, I35). */
export interface SessionRecord {
  readonly id: string;
  readonly scope: CredentialScope;
  readonly route: Route;
  readonly rule: RenewalRule | null;
  /** How the tenant checks (C2, C11); told again when the answer to `session.open` was lost. */
  readonly check: TenantCheck | null;
  readonly spec: TransferSpec;
  /** Follows a changed quota (I56). */
  accounts: readonly QuotaAccount[];
  /** Proves that a mover or a data connection belongs to the session; made at random. */
  readonly ticket: string;
  /**
   * What a mover on an SP host shows instead; the tenant never learns it, so that no tenant can
   * have the repository's own credential sealed to a key of its own (I2, I41).
   */
  readonly hostTicket: string;
  /** Where orders and reports of a mover on an SP host go. */
  readonly host: string | null;
  tenantLink: Link;
  /** What the tenant could not be told because its connection was gone; told when it is back. */
  readonly unheard: LinkMessage[];
  contactLink: Link | null;
  publicKey: string | null;
  /** Cumulative bytes that the present mover has reported as stored. */
  spentBytes: number;
  hasInitialGrant: boolean;
  /** All that was granted to its present target mover; told as a sum, so no frame can be missed. */
  grantedBytes: number;
  /** Something was stored or removed that the reports do not cover: count by listing (F35). */
  needsRecount: boolean;
  /** A target mover runs on the SP's host, or is being started there. */
  isTargetUp: boolean;
  /** How often the SP has ordered a target mover on one of its hosts: a copy of an order is none. */
  targetStarts: number;
  /** It has said that it is ready; a tenant that missed it asks again. */
  isTargetReady: boolean;
  /** How the present target mover ended its transfer; told again to a tenant that missed it. */
  verdict: JsonObject | null;
}

/** Tells the tenant of the session, now or as soon as it is connected again (F5). */
export function tellTenant(record: SessionRecord, type: string, header: JsonObject): void {
  const message: LinkMessage = { type, header: { ...header, session: record.id } };
  record.tenantLink.send(message).catch(() => record.unheard.push(message));
}

/**
 * The tenant of the session has a fresh connection. What was sent on the old one may have been lost
 * on the way, so how its target mover stands is said again; hearing it twice changes nothing.
 */
export function reconnectTenant(record: SessionRecord, link: Link): void {
  record.tenantLink = link;
  if (record.isTargetReady) tellTenant(record, 'target.report', { report: 'mover.ready' });
  for (const { type, header } of record.unheard.splice(0)) tellTenant(record, type, header);
  if (record.verdict !== null) tellTenant(record, 'target.report', record.verdict);
}

export function isStoring(record: SessionRecord): boolean {
  return record.spec.operation === 'backup';
}
