import type { EventLog } from '../../../machines/ports/event-log.ts';
import { scopeId } from '../../../machines/rules/scope.ts';
import type { HostDesk } from './host-desk.ts';
import { ledgerFacts, type QuotaBook } from './quota-book.ts';
import type { SpRegister } from './register.ts';
import { isStoring, type SessionRecord } from './session-record.ts';

export type EndState = 'done' | 'failed' | 'cancelled';

/** Closed sessions that are remembered for a tenant that asks again after a lost answer. */
const REMEMBERED_MAX = 1_000;

export interface SessionCloserOptions {
  readonly log: EventLog;
  readonly quota: QuotaBook;
  readonly hosts: HostDesk;
  readonly register: SpRegister;
  readonly recount: (record: SessionRecord) => Promise<void>;
}

/** Ends sessions on the SP's side: the data route, the contact, the grants, the count. */
export class SessionCloser {
  readonly #options: SessionCloserOptions;
  readonly #closed = new Map<string, Promise<number>>();

  constructor(options: SessionCloserOptions) {
    this.#options = options;
  }

  /** Also when nobody remembers it any more, for those that were closed last. */
  wasClosed(tenant: string, session: string): boolean {
    return this.#closed.has(`${tenant}/${session}`);
  }

  /** Resolves with the data bytes that passed the cloud gateway; the same again when asked again. */
  close(tenant: string, session: string, state: EndState): Promise<number> {
    const { register } = this.#options;
    const name = `${tenant}/${session}`;
    const record = register.sessions.get(session);
    if (record === undefined || record.scope.tenant !== tenant) {
      return this.#closed.get(name) ?? Promise.resolve(0);
    }
    register.sessions.delete(session);
    const closing = this.#close(record, state).catch((error: unknown) => {
      // What could not be settled is asked for again; the grants are still there (I58).
      register.sessions.set(session, record);
      this.#closed.delete(name);
      throw error;
    });
    this.#closed.set(name, closing);
    for (const oldest of this.#closed.keys()) {
      if (this.#closed.size <= REMEMBERED_MAX) break;
      this.#closed.delete(oldest);
    }
    return closing;
  }

  async #close(record: SessionRecord, state: EndState): Promise<number> {
    const { hosts, recount } = this.#options;
    const gatewayBytes = await hosts.closeDataRoute(record);
    record.contactLink?.close();
    if (isStoring(record)) await this.#settleGrants(record, state);
    if (record.needsRecount || (isStoring(record) && state !== 'done')) await recount(record);
    return gatewayBytes;
  }

  /**
   * F1: a fresh mover takes the place of one that is gone, and counts from zero. What the old one
   * held goes back and what lies in the storage is counted; while others write there too, nobody
   * can tell whose is what, and all that it held counts as used until the session's end.
   */
  async replaceMover(record: SessionRecord): Promise<void> {
    const { log, quota, register, recount } = this.#options;
    record.spentBytes = 0;
    record.hasInitialGrant = false;
    record.grantedBytes = 0;
    record.needsRecount = true;
    if (!isStoring(record)) return;
    if (!register.isShared(record)) {
      await this.#settleGrants(record, 'replaced');
      await recount(record);
      return;
    }
    const account = record.accounts[0];
    if (account === undefined) return;
    const before = (await quota.read(account)).reserved[record.id] ?? 0;
    const ledger = await quota.spendAll(record.accounts, record.id);
    if (ledger === null) return;
    log.write({
      node: 'sp',
      type: 'quota.spent',
      session: record.id,
      data: { scope: scopeId(record.scope), spentBytes: before, ...ledgerFacts(ledger) },
    });
  }

  async #settleGrants(record: SessionRecord, state: EndState | 'replaced'): Promise<void> {
    const { log, quota } = this.#options;
    const returnedBytes = await quota.giveBack(record.accounts, record.id);
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
        ...ledgerFacts(await quota.read(account)),
      },
    });
  }
}
