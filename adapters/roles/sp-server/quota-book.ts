import type { ConfigDatabase } from '../../../machines/ports/config-database.ts';
import {
  availableBytes,
  grantQuota,
  type QuotaLedger,
  reservedBytes,
  returnGrant,
  spendQuota,
} from '../../../machines/rules/quota.ts';

/** One account that a session draws from: the tenant's, and the subtenant's besides (Q4). */
export interface QuotaAccount {
  readonly id: string;
  readonly quotaBytes: number;
}

type StrayListener = (
  accountId: string,
  sessionId: string,
  bytes: number,
  ledger: QuotaLedger,
) => void;

export type GrantAnswer =
  | { readonly ok: true; readonly grantedBytes: number; readonly ledger: QuotaLedger }
  | { readonly ok: false; readonly availableBytes: number };

/**
 * Keeps the SP's ledgers (Q2). Operations run one after the other and are saved before they are
 * answered, so that a grant that somebody holds is always on disk.
 */
export class QuotaBook {
  readonly #database: ConfigDatabase;
  readonly #ledgers = new Map<string, QuotaLedger>();
  /** Accounts whose `usedBytes` is an upper bound since the SP was started again (F35). */
  readonly #estimated = new Set<string>();
  readonly #onStray: StrayListener;
  #last: Promise<unknown> = Promise.resolve();

  /** `onStray` hears what counts as used although the session that held it is forgotten. */
  constructor(database: ConfigDatabase, onStray: StrayListener = () => {}) {
    this.#database = database;
    this.#onStray = onStray;
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #load(account: QuotaAccount): Promise<QuotaLedger> {
    const known = this.#ledgers.get(account.id) ?? (await this.#restore(account));
    return { ...known, quotaBytes: account.quotaBytes };
  }

  /**
   * What an SP before this one had granted may have been written: it counts as used, until the
   * storage's listing knows better. No session of this SP holds it, so nobody can return it again.
   */
  async #restore(account: QuotaAccount): Promise<QuotaLedger> {
    const saved = await this.#database.loadLedger(account.id);
    if (saved === null) {
      // A quota that is new may stand on a folder that is not (Q4): the listing says.
      this.#estimated.add(account.id);
      const fresh = { quotaBytes: account.quotaBytes, usedBytes: 0, reserved: {} };
      this.#ledgers.set(account.id, fresh);
      return fresh;
    }
    const strayBytes = reservedBytes(saved);
    if (strayBytes > 0) this.#estimated.add(account.id);
    const restored = { ...saved, usedBytes: saved.usedBytes + strayBytes, reserved: {} };
    this.#ledgers.set(account.id, restored);
    let ledger: QuotaLedger = saved;
    for (const [session, bytes] of Object.entries(saved.reserved)) {
      ledger = spendQuota(ledger, session, bytes);
      if (bytes > 0) this.#onStray(account.id, session, bytes, ledger);
    }
    return restored;
  }

  /** F35: whether an account must be counted before more is granted on it. */
  needsCount(accounts: readonly QuotaAccount[]): Promise<boolean> {
    return this.#inTurn(async () => {
      for (const account of accounts) await this.#load(account);
      return accounts.some(({ id }) => this.#estimated.has(id));
    });
  }

  async #save(account: QuotaAccount, ledger: QuotaLedger): Promise<void> {
    await this.#database.saveLedger(account.id, ledger);
    this.#ledgers.set(account.id, ledger);
  }

  /** Grants from every account or from none (I55). */
  grant(
    accounts: readonly QuotaAccount[],
    sessionId: string,
    neededBytes: number,
    chunkBytes: number,
  ): Promise<GrantAnswer> {
    return this.#inTurn(async () => {
      const ledgers = await Promise.all(accounts.map((account) => this.#load(account)));
      const available = Math.min(...ledgers.map(availableBytes));
      if (neededBytes > available) return { ok: false, availableBytes: available };
      const wantedBytes = Math.min(available, Math.max(neededBytes, chunkBytes));
      const granted: QuotaLedger[] = [];
      for (const ledger of ledgers) {
        const result = grantQuota(ledger, sessionId, wantedBytes, 0);
        if (!result.ok) return { ok: false, availableBytes: result.availableBytes };
        granted.push(result.ledger);
      }
      for (const [index, account] of accounts.entries()) {
        await this.#save(account, granted[index] as QuotaLedger);
      }
      return { ok: true, grantedBytes: wantedBytes, ledger: granted[0] as QuotaLedger };
    });
  }

  /** Bytes that a mover says it has stored since its last word; never more than it was granted. */
  spend(
    accounts: readonly QuotaAccount[],
    sessionId: string,
    bytes: number,
  ): Promise<QuotaLedger | null> {
    return this.#inTurn(async () => {
      let first: QuotaLedger | null = null;
      for (const account of accounts) {
        const ledger = await this.#load(account);
        const held = ledger.reserved[sessionId] ?? 0;
        const next = spendQuota(ledger, sessionId, Math.min(bytes, held));
        await this.#save(account, next);
        first ??= next;
      }
      return first;
    });
  }

  /** Everything that is still reserved counts as stored, until a listing knows better. */
  spendAll(accounts: readonly QuotaAccount[], sessionId: string): Promise<QuotaLedger | null> {
    return this.spend(accounts, sessionId, Number.MAX_SAFE_INTEGER);
  }

  /** I58: once; a second call finds nothing. */
  giveBack(accounts: readonly QuotaAccount[], sessionId: string): Promise<number> {
    return this.#inTurn(async () => {
      let returned = 0;
      for (const [index, account] of accounts.entries()) {
        const result = returnGrant(await this.#load(account), sessionId);
        await this.#save(account, result.ledger);
        if (index === 0) returned = result.returnedBytes;
      }
      return returned;
    });
  }

  /** F35: the storage's own listing decides what is used. */
  setUsed(account: QuotaAccount, usedBytes: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#save(account, { ...(await this.#load(account)), usedBytes });
      this.#estimated.delete(account.id);
    });
  }

  read(account: QuotaAccount): Promise<QuotaLedger> {
    return this.#inTurn(() => this.#load(account));
  }
}

export function ledgerFacts(ledger: QuotaLedger): {
  readonly usedBytes: number;
  readonly reservedBytes: number;
  readonly quotaBytes: number;
} {
  return {
    usedBytes: ledger.usedBytes,
    reservedBytes: reservedBytes(ledger),
    quotaBytes: ledger.quotaBytes,
  };
}

/** L9: whether a session may get more than before; a limit that is gone counts as raised. */
export function isRaised(before: readonly QuotaAccount[], after: readonly QuotaAccount[]): boolean {
  return before.some((account) => {
    const now = after.find(({ id }) => id === account.id);
    return now === undefined || now.quotaBytes > account.quotaBytes;
  });
}
