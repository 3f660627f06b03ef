import {
  availableBytes,
  grantQuota,
  type QuotaLedger,
  reservedBytes,
  returnGrant,
  spendQuota,
} from '../../machines/rules/quota.ts';
import type { Choice, HubLogic, Notes, Outlook } from './cell.ts';
import { NOW } from './life-line.ts';
import type { LedgerMessage, LedgerWord, MoverMessage, MoverWord } from './quota-messages.ts';
import type { MoverSettings } from './settings.ts';

/** What the SP knows of one session beside the ledger: sums, so that no frame can be missed. */
interface Account {
  readonly granted: number;
  readonly spent: number;
  readonly hasInitialGrant: boolean;
  readonly needsRecount: boolean;
}

export interface LedgerLocal {
  readonly ledger: QuotaLedger;
  /** By place; `null`: no session of the SP's. */
  readonly accounts: readonly (Account | null)[];
  /** What truly lies in the storage. Nobody reads it but a recount, and the check of I52. */
  readonly stored: number;
}

const NEW: Account = { granted: 0, spent: 0, hasInitialGrant: false, needsRecount: false };

/**
 * The SP's side of a quota (Q1, Q2): the ledger's own functions, called as `contact-desk.ts`,
 * `session-closer.ts` and `quota-book.ts` in `adapters/roles/sp-server` call them.
 */
export class LedgerCell implements HubLogic<LedgerLocal, LedgerMessage, MoverMessage> {
  readonly who = 'SP';
  readonly steppers = [];
  readonly initial: LedgerLocal;
  readonly #settings: MoverSettings;
  #notes: Notes<MoverMessage> = { sendings: [], broken: [] };

  constructor(settings: MoverSettings) {
    this.#settings = settings;
    const ledger = { quotaBytes: settings.quotaBytes, usedBytes: 0, reserved: {} };
    this.initial = { ledger, accounts: [null, null, null], stored: 0 };
  }

  key({ ledger, accounts, stored }: LedgerLocal): string {
    const { quotaBytes, usedBytes, reserved } = ledger;
    const held = accounts.map((_, session) => reserved[String(session)] ?? -1);
    return JSON.stringify([quotaBytes, usedBytes, held, accounts, stored]);
  }

  placed(message: LedgerMessage, session: number): LedgerMessage {
    return 'session' in message ? { ...message, session } : message;
  }

  permuted(places: readonly number[]): LedgerMessage {
    return { type: 'permute', places };
  }

  take(local: LedgerLocal, message: LedgerMessage, notes: Notes<MoverMessage>): LedgerLocal {
    this.#notes = notes;
    const next = this.#react(local, message);
    this.#check(next);
    return next;
  }

  #react(local: LedgerLocal, message: LedgerMessage): LedgerLocal {
    switch (message.type) {
      case 'elapse':
      case 'renumber':
        return local;
      case 'permute':
        return permuted(local, message.places);
      case 'open':
        return withAccount(local, message.session, NEW);
      case 'word':
        return this.#hear(local, message.session, message.word);
      case 'parted': {
        const account = local.accounts[message.session] ?? null;
        if (account === null) return local;
        return withAccount(local, message.session, { ...account, needsRecount: true });
      }
      case 'close':
        return this.#close(local, message.session, message.isDone);
      case 'stored':
        return { ...local, stored: local.stored + 1 };
      case 'removed':
        return { ...local, stored: local.stored - message.bytes };
      case 'quota':
        // L9: only the sessions that wait listen to it.
        if (message.bytes > local.ledger.quotaBytes) {
          this.#notes.sendings.push({ to: 'spokes', message: { type: 'raised' } });
        }
        return { ...local, ledger: { ...local.ledger, quotaBytes: message.bytes } };
      case 'deleteBackups':
        return { ...local, stored: 0, ledger: { ...local.ledger, usedBytes: 0 } };
      default:
        return message satisfies never;
    }
  }

  #hear(local: LedgerLocal, session: number, word: MoverWord): LedgerLocal {
    const account = local.accounts[session] ?? null;
    if (account === null) return local;
    switch (word.type) {
      case 'credential':
        return this.#deliver(local, session, account);
      case 'quota':
        return this.#grant(this.#spend(local, session, word.spent), session, word);
      case 'report':
        return this.#spend(local, session, word.spent);
      default:
        return word satisfies never;
    }
  }

  /** I53: the credential and the first grant in one frame. */
  #deliver(local: LedgerLocal, session: number, account: Account): LedgerLocal {
    const { lifetimeMs, chunkBytes } = this.#settings;
    const expiresAt = lifetimeMs === null ? null : NOW + lifetimeMs;
    const next = account.hasInitialGrant
      ? local
      : this.#granted(
          withAccount(local, session, { ...account, hasInitialGrant: true }),
          session,
          0,
          chunkBytes,
        );
    const total = next?.accounts[session]?.granted ?? 0;
    this.#say(session, { type: 'delivered', expiresAt, total });
    return next ?? local;
  }

  #grant(
    local: LedgerLocal,
    session: number,
    { bytes, received }: Extract<MoverWord, { type: 'quota' }>,
  ): LedgerLocal {
    const { granted } = local.accounts[session] as Account;
    // Granted before, and the frame was lost on the way: that comes first.
    const missed = Math.max(0, granted - received);
    if (missed > 0 && missed >= bytes) {
      this.#say(session, { type: 'granted', total: granted });
      return local;
    }
    const next = this.#granted(local, session, bytes - missed, this.#settings.chunkBytes);
    const total = next?.accounts[session]?.granted ?? 0;
    this.#say(session, next === null ? { type: 'refused' } : { type: 'granted', total });
    return next ?? local;
  }

  /** `null`: there is not so much. */
  #granted(local: LedgerLocal, session: number, needed: number, chunk: number): LedgerLocal | null {
    const result = grantQuota(local.ledger, String(session), needed, chunk);
    if (!result.ok) return null;
    const { ledger, grantedBytes } = result;
    if (grantedBytes > 0 && ledger.usedBytes + reservedBytes(ledger) > ledger.quotaBytes) {
      this.#breaks('I51, I56', 'no grant takes used and reserved bytes above the quota');
    }
    const account = local.accounts[session] as Account;
    const granted = account.granted + grantedBytes;
    return withAccount({ ...local, ledger }, session, { ...account, granted });
  }

  #spend(local: LedgerLocal, session: number, spent: number): LedgerLocal {
    const account = local.accounts[session] as Account;
    const bytes = Math.max(0, spent - account.spent);
    if (bytes === 0) return local;
    const held = local.ledger.reserved[String(session)] ?? 0;
    const ledger = spendQuota(local.ledger, String(session), Math.min(bytes, held));
    return withAccount({ ...local, ledger }, session, { ...account, spent });
  }

  /** I58: what was not spent goes back once; then what lies there is counted (F35). */
  #close(local: LedgerLocal, session: number, isDone: boolean): LedgerLocal {
    const account = local.accounts[session] ?? null;
    const { ledger, returnedBytes } = returnGrant(local.ledger, String(session));
    const expected = account === null ? 0 : account.granted - account.spent;
    const backBytes = availableIn(ledger) - availableIn(local.ledger);
    if (returnedBytes !== expected || backBytes !== expected) {
      const sentence = `what was granted and not spent goes back once: ${backBytes} of ${expected}`;
      this.#breaks('Q2, I58', sentence);
    }
    const next = withAccount({ ...local, ledger }, session, null);
    const isShared = next.accounts.some((one) => one !== null);
    if (account === null || isShared || (isDone && !account.needsRecount)) return next;
    return { ...next, ledger: { ...ledger, usedBytes: next.stored } };
  }

  #say(session: number, word: LedgerWord): void {
    this.#notes.sendings.push({ to: session, message: { type: 'told', word } });
  }

  #breaks(ids: string, sentence: string): void {
    this.#notes.broken.push({ ids, sentence });
  }

  #check({ ledger, stored, accounts }: LedgerLocal): void {
    if (stored > ledger.usedBytes + reservedBytes(ledger)) {
      this.#breaks('Q2, I52', 'the ledger knows of every byte that may lie in the storage');
    }
    for (const [session, account] of accounts.entries()) {
      const held = ledger.reserved[String(session)] ?? 0;
      const expected = account === null ? 0 : account.granted - account.spent;
      if (held !== expected) this.#breaks('Q2', 'reserved is what was granted and not yet spent');
    }
    const isWhole = Number.isSafeInteger(ledger.usedBytes) && availableBytes(ledger) >= 0;
    if (!isWhole || ledger.usedBytes < 0) this.#breaks('Q2', 'no byte is counted below nothing');
  }

  choices({ ledger, accounts }: LedgerLocal): readonly Choice<LedgerMessage>[] {
    const choices: Choice<LedgerMessage>[] = [];
    if (this.#settings.faults.includes('quota')) {
      for (const bytes of this.#settings.quotas) {
        if (bytes === ledger.quotaBytes) continue;
        choices.push({ message: { type: 'quota', bytes }, kind: 'user', cost: 1 });
      }
    }
    if (ledger.usedBytes > 0 && accounts.every((one) => one === null)) {
      choices.push({ message: { type: 'deleteBackups' }, kind: 'user', cost: 0 });
    }
    return choices;
  }

  outlook(): Outlook {
    return {
      generations: 0,
      isUrgent: false,
      boundaryMs: Number.POSITIVE_INFINITY,
      waitMaxMs: Number.POSITIVE_INFINITY,
      isBusy: false,
    };
  }

  titleOf(_local: LedgerLocal, message: LedgerMessage): string {
    if (message.type === 'quota') return `the quota becomes ${message.bytes}`;
    return message.type;
  }
}

function availableIn(ledger: QuotaLedger): number {
  return ledger.quotaBytes - ledger.usedBytes - reservedBytes(ledger);
}

function withAccount(local: LedgerLocal, session: number, account: Account | null): LedgerLocal {
  return {
    ...local,
    accounts: local.accounts.map((one, at) => (at === session ? account : one)),
  };
}

function permuted(local: LedgerLocal, places: readonly number[]): LedgerLocal {
  const { ledger } = local;
  const accounts = [...local.accounts];
  const reserved: Record<string, number> = {};
  for (const [from, to] of places.entries()) {
    accounts[to] = local.accounts[from] ?? null;
    const held = ledger.reserved[String(from)];
    if (held !== undefined) reserved[String(to)] = held;
  }
  return { ...local, accounts, ledger: { ...ledger, reserved } };
}
