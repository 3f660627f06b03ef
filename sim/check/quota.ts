import type { LogEvent } from '../../machines/ports/event-log.ts';
import { count, scopeOf } from './facts.ts';
import { readSessions } from './sessions.ts';
import { type Checker, ignoreWitness, type Violation, violation } from './violation.ts';

interface Ledger {
  readonly event: LogEvent;
  readonly usedBytes: number;
  readonly reservedBytes: number;
  readonly quotaBytes: number;
}

/** The SP ledger after a quota fact; null where the fact is malformed. */
function ledgerAfter(event: LogEvent): Ledger | null {
  if (!event.type.startsWith('quota.')) return null;
  const usedBytes = count(event, 'usedBytes');
  const reservedBytes = count(event, 'reservedBytes');
  const quotaBytes = count(event, 'quotaBytes');
  if (usedBytes === null || reservedBytes === null || quotaBytes === null) return null;
  return { event, usedBytes, reservedBytes, quotaBytes };
}

/**
 * I51: used + reserved never passes the quota. After the SP has lowered the quota below what is
 * stored already, nothing may make it worse (I56): no grant, and no larger sum.
 */
export const checkQuotaLimit: Checker = (events, witness = ignoreWitness) => {
  const violations: Violation[] = [];
  const last = new Map<string, Ledger>();
  for (const event of events) {
    const ledger = ledgerAfter(event);
    const scope = scopeOf(event);
    if (ledger === null || scope === null) continue;
    witness('I51');
    const previous = last.get(scope);
    const sum = ledger.usedBytes + ledger.reservedBytes;
    const previousSum = previous === undefined ? 0 : previous.usedBytes + previous.reservedBytes;
    const isWorse = event.type === 'quota.granted' || sum > previousSum;
    if (sum > ledger.quotaBytes && isWorse) {
      const what = `${scope}: ${sum} bytes are used or reserved, the quota is ${ledger.quotaBytes}`;
      violations.push(violation('I51', 'Q2', what, [event]));
    }
    if (ledger.usedBytes < 0 || ledger.reservedBytes < 0) {
      const what = `${scope}: the ledger went below zero`;
      violations.push(violation('I51', 'Q2', what, [event]));
    }
    last.set(scope, ledger);
  }
  return violations;
};

/** What one quota fact takes out of the reservation of its session; null when it cannot be told. */
function takenBytes(ledger: Ledger, previous: Ledger | undefined): number | null {
  const { event } = ledger;
  const named = count(event, event.type === 'quota.spent' ? 'spentBytes' : 'returnedBytes');
  if (named !== null) return named;
  return previous === undefined ? null : previous.reservedBytes - ledger.reservedBytes;
}

/**
 * I58: what a session is granted is spent or returned exactly once: never more than it holds, and
 * nothing is left when the session has ended and the log is over. `quota.spent` and
 * `quota.returned` may name their `spentBytes` and `returnedBytes`; else the ledger tells.
 */
export const checkGrantsReturned: Checker = (events, witness = ignoreWitness) => {
  const violations: Violation[] = [];
  const last = new Map<string, Ledger>();
  const held = new Map<string, { bytes: number; granted: LogEvent }>();
  for (const event of events) {
    const ledger = ledgerAfter(event);
    const scope = scopeOf(event);
    if (ledger === null || scope === null) continue;
    const previous = last.get(scope);
    last.set(scope, ledger);
    const name = `${event.session} ${scope}`;
    const own = held.get(name);
    if (event.type === 'quota.granted') {
      const bytes = (own?.bytes ?? 0) + (count(event, 'grantedBytes') ?? 0);
      held.set(name, { bytes, granted: event });
    }
    if (event.type !== 'quota.spent' && event.type !== 'quota.returned') continue;
    const taken = takenBytes(ledger, previous);
    if (taken === null) continue;
    witness('I58');
    const heldBytes = own?.bytes ?? 0;
    if (taken > heldBytes) {
      const verb = event.type === 'quota.spent' ? 'spent' : 'returned';
      const what = `${taken} bytes were ${verb}; the session holds ${heldBytes}`;
      violations.push(violation('I58', 'Q2', what, own ? [own.granted, event] : [event]));
    }
    if (own !== undefined) own.bytes = Math.max(0, own.bytes - taken);
  }
  const sessions = readSessions(events);
  for (const { bytes, granted } of held.values()) {
    const ended = sessions.get(granted.session ?? '')?.ended ?? null;
    if (ended === null || bytes === 0) continue;
    const what = `${bytes} granted bytes were neither spent nor returned`;
    violations.push(violation('I58', 'Q2', what, [granted, ended]));
  }
  return violations;
};
