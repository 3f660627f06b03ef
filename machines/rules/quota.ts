/**
 * The SP's ledger of one quota (Q2): bytes stored and bytes reserved by grants to sessions.
 * Plain JSON so that it can be stored and compared; every operation returns a new ledger.
 */
export interface QuotaLedger {
  readonly quotaBytes: number;
  readonly usedBytes: number;
  /** Unspent reservation per session id. An absent session has nothing to give back (I58). */
  readonly reserved: Readonly<Record<string, number>>;
}

export type GrantResult =
  | { readonly ok: true; readonly ledger: QuotaLedger; readonly grantedBytes: number }
  | { readonly ok: false; readonly availableBytes: number };

export function reservedBytes(ledger: QuotaLedger): number {
  let total = 0;
  for (const bytes of Object.values(ledger.reserved)) total += bytes;
  return total;
}

export function availableBytes(ledger: QuotaLedger): number {
  return Math.max(0, ledger.quotaBytes - ledger.usedBytes - reservedBytes(ledger));
}

/**
 * Grants at least `neededBytes` and at most `chunkBytes` (or `neededBytes` when that is more).
 * I51: used + reserved never passes the quota; I56: a lowered quota grants nothing above it.
 */
export function grantQuota(
  ledger: QuotaLedger,
  sessionId: string,
  neededBytes: number,
  chunkBytes: number,
): GrantResult {
  const available = availableBytes(ledger);
  if (neededBytes > available) return { ok: false, availableBytes: available };
  const grantedBytes = Math.min(available, Math.max(neededBytes, chunkBytes));
  const reserved = {
    ...ledger.reserved,
    [sessionId]: (ledger.reserved[sessionId] ?? 0) + grantedBytes,
  };
  return { ok: true, ledger: { ...ledger, reserved }, grantedBytes };
}

/** Turns reserved bytes of a session into used ones, as its mover reports them written. */
export function spendQuota(ledger: QuotaLedger, sessionId: string, bytes: number): QuotaLedger {
  const held = ledger.reserved[sessionId] ?? 0;
  if (bytes < 0 || bytes > held) {
    throw new RangeError(`session ${sessionId} spends ${bytes} of ${held} reserved bytes`);
  }
  return {
    ...ledger,
    usedBytes: ledger.usedBytes + bytes,
    reserved: { ...ledger.reserved, [sessionId]: held - bytes },
  };
}

/** Gives bytes back that were deleted from the storage. */
export function freeQuota(ledger: QuotaLedger, bytes: number): QuotaLedger {
  if (bytes < 0 || bytes > ledger.usedBytes) {
    throw new RangeError(`${bytes} bytes freed of ${ledger.usedBytes} used`);
  }
  return { ...ledger, usedBytes: ledger.usedBytes - bytes };
}

/** I58: the unspent reservation goes back once; a second call finds nothing and changes nothing. */
export function returnGrant(
  ledger: QuotaLedger,
  sessionId: string,
): { readonly ledger: QuotaLedger; readonly returnedBytes: number } {
  const returnedBytes = ledger.reserved[sessionId] ?? 0;
  if (!Object.hasOwn(ledger.reserved, sessionId)) return { ledger, returnedBytes: 0 };
  const { [sessionId]: _returned, ...reserved } = ledger.reserved;
  return { ledger: { ...ledger, reserved }, returnedBytes };
}
