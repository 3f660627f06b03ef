import type { LogEvent } from '../../machines/ports/event-log.ts';
import { type Checker, notes } from './checker.ts';
import { asCount, count } from './facts.ts';
import type { ScopeFacts } from './scope-facts.ts';

/** Quota facts that tell how the ledger stands afterwards. */
const LEDGER_FACTS = [
  'quota.granted',
  'quota.refused',
  'quota.spent',
  'quota.returned',
  'quota.freed',
] as const;

/** The last word about a ledger; `event` is null as long as there was none. */
interface Ledger {
  event: LogEvent | null;
  usedBytes: number;
  reservedBytes: number;
  quotaBytes: number;
  /** The fact that told of a smaller quota than before; null again when it is raised. */
  lowered: LogEvent | null;
}

const ledgers = notes<Ledger>(() => ({
  event: null,
  usedBytes: 0,
  reservedBytes: 0,
  quotaBytes: 0,
  lowered: null,
}));

/**
 * I51: used + reserved never passes the quota. After the SP has lowered the quota below what is
 * stored already, nothing may make it worse: no larger sum, and no grant (I56). A subtenant's
 * facts tell the ledger of the whole tenant, so that it stands for the sum of all (I55).
 */
export const checkQuotaLimit: Checker = {
  name: 'quota-limit',
  invariants: ['I51', 'I55', 'I56'],
  start: ({ witness, report }) => {
    const sawLedger = witness('I51');
    const sawLowered = witness('I56');
    const sawSubtenant = witness('I55');
    const onFact = (event: LogEvent, _session: unknown, scope: ScopeFacts | null): void => {
      const usedBytes = asCount(event.data.usedBytes);
      const reservedBytes = asCount(event.data.reservedBytes);
      const quotaBytes = asCount(event.data.quotaBytes);
      if (usedBytes === null || reservedBytes === null || quotaBytes === null) return;
      if (scope === null) return;
      sawLedger();
      const last = ledgers.of(scope);
      const sum = usedBytes + reservedBytes;
      const isGrant = event.type === 'quota.granted';
      const isWorse = isGrant || sum > last.usedBytes + last.reservedBytes;
      if (last.event !== null && quotaBytes < last.quotaBytes) last.lowered = event;
      else if (quotaBytes > last.quotaBytes) last.lowered = null;
      if (last.lowered !== null) sawLowered();
      if (sum > quotaBytes && isWorse) {
        const what = `${scope.id}: ${sum} bytes are used or reserved, the quota is ${quotaBytes}`;
        report('I51', 'Q2', what, [event]);
        if (isGrant && last.lowered !== null) {
          const grant = `${scope.id}: a grant above the quota, which had been lowered to ${quotaBytes}`;
          report('I56', 'Q2', grant, [last.lowered, event]);
        }
      }
      if (usedBytes < 0 || reservedBytes < 0) {
        report('I51', 'Q2', `${scope.id}: the ledger went below zero`, [event]);
      }
      if (scope.id.includes('@') && isGrant) {
        sawSubtenant();
        if (sum > quotaBytes) {
          const what = `${scope.id}: a grant to a subtenant above what its tenant has`;
          report('I55', 'Q4', what, [event]);
        }
      }
      last.event = event;
      last.usedBytes = usedBytes;
      last.reservedBytes = reservedBytes;
      last.quotaBytes = quotaBytes;
    };
    return { sees: Object.fromEntries(LEDGER_FACTS.map((type) => [type, onFact])) };
  },
};

/** What one session holds of one scope's ledger. */
interface Held {
  readonly scope: ScopeFacts;
  bytes: number;
  granted: LogEvent | null;
  /** The last fact that gave back more than nothing; null again after a grant. */
  returned: LogEvent | null;
}

/** By session, for the few scopes that it draws from; facts of no session are kept by scope. */
const holdings = notes<Held[]>(() => []);
const reservedBefore = notes<{ bytes: number | null }>(() => ({ bytes: null }));

function heldOf(holder: { readonly notes: unknown[] }, scope: ScopeFacts): Held {
  const all = holdings.of(holder);
  for (const held of all) if (held.scope === scope) return held;
  const fresh: Held = { scope, bytes: 0, granted: null, returned: null };
  all.push(fresh);
  return fresh;
}

/**
 * I58: what a session is granted is spent or returned exactly once: never more than it holds, and
 * nothing is left when the session has ended and the log is over. `quota.spent` and
 * `quota.returned` may name their `spentBytes` and `returnedBytes`; else the ledger tells.
 * I70: what was given back is not given back again, however often it is asked for.
 */
export const checkGrantsReturned: Checker = {
  name: 'grants-returned',
  invariants: ['I58', 'I70'],
  start: ({ witness, report }) => {
    const sawTaken = witness('I58');
    const sawRepeated = witness('I70');

    /** How much of the reservation a fact takes; null when it cannot be told. */
    const takenBy = (event: LogEvent, before: number | null, reservedBytes: number) => {
      const key = event.type === 'quota.spent' ? 'spentBytes' : 'returnedBytes';
      return count(event, key) ?? (before === null ? null : before - reservedBytes);
    };
    const onFact = (
      event: LogEvent,
      session: { readonly notes: unknown[]; readonly scope: ScopeFacts | null } | null,
      scope: ScopeFacts | null,
    ): void => {
      const reservedBytes = asCount(event.data.reservedBytes);
      if (scope === null || reservedBytes === null) return;
      if (asCount(event.data.usedBytes) === null || asCount(event.data.quotaBytes) === null) return;
      const last = reservedBefore.of(scope);
      const before = last.bytes;
      last.bytes = reservedBytes;
      const isGrant = event.type === 'quota.granted';
      if (!isGrant && event.type !== 'quota.spent' && event.type !== 'quota.returned') return;
      // A restarted SP tells by account what a subtenant's session had held (Q4).
      const held = heldOf(session ?? scope, session?.scope ?? scope);
      if (isGrant) {
        held.bytes += asCount(event.data.grantedBytes) ?? 0;
        held.granted = event;
        held.returned = null;
        return;
      }
      const taken = takenBy(event, before, reservedBytes);
      if (taken === null) return;
      sawTaken();
      if (taken > held.bytes) {
        const verb = event.type === 'quota.spent' ? 'spent' : 'returned';
        const what = `${taken} bytes were ${verb}; the session holds ${held.bytes}`;
        report('I58', 'Q2', what, held.granted === null ? [event] : [held.granted, event]);
      }
      held.bytes = Math.max(0, held.bytes - taken);
      if (event.type !== 'quota.returned') return;
      if (held.returned !== null) {
        sawRepeated();
        if (taken > 0) {
          const what = `${taken} bytes were returned a second time`;
          report('I70', 'Q2', what, [held.returned, event]);
        }
      }
      if (taken > 0) held.returned = event;
    };
    return {
      sees: Object.fromEntries(LEDGER_FACTS.map((type) => [type, onFact])),
      holds: (session) => holdings.known(session)?.some(({ bytes }) => bytes > 0) === true,
      leaves: (session) => {
        if (session.ended === null) return;
        for (const { bytes, granted } of holdings.known(session) ?? []) {
          if (bytes === 0 || granted === null) continue;
          const what = `${bytes} granted bytes were neither spent nor returned`;
          report('I58', 'Q2', what, [granted, session.ended]);
        }
      },
    };
  },
};
