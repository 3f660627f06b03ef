import type { TenantCheck } from '../../../machines/backup-session/index.ts';
import type { Link } from '../../../machines/ports/link.ts';
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
  /** Where orders and reports of a mover on an SP host go. */
  readonly host: string | null;
  tenantLink: Link;
  contactLink: Link | null;
  publicKey: string | null;
  /** Cumulative bytes that the present mover has reported as stored. */
  spentBytes: number;
  hasInitialGrant: boolean;
  /** Something was stored or removed that the reports do not cover: count by listing (F35). */
  needsRecount: boolean;
  /** A target mover runs on the SP's host, or is being started there. */
  isTargetUp: boolean;
}

export function isStoring(record: SessionRecord): boolean {
  return record.spec.operation === 'backup';
}
