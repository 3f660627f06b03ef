import type { LogEvent } from '../../machines/ports/event-log.ts';
import { checkRenewal, type RenewalLine } from '../../machines/rules/renewal.ts';
import { count, flag, text } from './facts.ts';
import { readSessions, type SessionHistory } from './sessions.ts';
import { type Checker, ignoreWitness, type Violation, violation } from './violation.ts';

function isAzure(session: SessionHistory | undefined): boolean {
  const route = session?.route ?? null;
  return route !== null && text(route, 'storage') === 'azure';
}

function lineOf(event: LogEvent): RenewalLine | null {
  const renewBelowMs = count(event, 'renewBelowMs');
  const includesLine = flag(event, 'includesLine');
  return renewBelowMs === null || includesLine === null ? null : { renewBelowMs, includesLine };
}

/**
 * I21, I22 (14-day kinds) and I24 (Azure), recomputed at every check: what was left, and what
 * follows from it. `at` of the fact is the time on the clock of whoever checked (C11). I23 is
 * witnessed where a check fell within 1 ms of the line.
 */
export const checkRenewalDecision: Checker = (events, witness = ignoreWitness) => {
  const sessions = readSessions(events);
  const violations: Violation[] = [];
  for (const event of events) {
    const line = lineOf(event);
    const expiresAt = count(event, 'expiresAt');
    if (event.type !== 'credential.checked' || line === null) continue;
    const isSas = isAzure(sessions.get(event.session ?? ''));
    const right = checkRenewal(expiresAt, event.at, line);
    const renewRule = isSas ? 'I24' : right.decision === 'keep' ? 'I21' : 'I22';
    const rule = isSas ? 'C3' : 'C2';
    witness(renewRule);
    const isAtLine = Math.abs(right.leftMs - line.renewBelowMs) <= 1;
    if (expiresAt !== null && isAtLine) witness('I23');
    const leftMs = count(event, 'leftMs');
    if (leftMs !== right.leftMs) {
      const what = `the check saw ${leftMs} ms left; expiry minus its own time is ${right.leftMs}`;
      violations.push(violation(renewRule, 'C10', what, [event]));
    }
    if (text(event, 'decision') !== right.decision) {
      const what =
        `decided "${text(event, 'decision')}" with ${right.leftMs} ms left and the line at ` +
        `${line.renewBelowMs} ms: must be "${right.decision}" (${right.because})`;
      violations.push(violation(renewRule, rule, what, [event]));
    }
  }
  return violations;
};

/** What was checked and held in a session since its last delivery. */
interface Round {
  byTenant: LogEvent | null;
  bySp: LogEvent | null;
  heldGeneration: number;
}

/**
 * The check that decides: the tenant's own (C2), except that the SP renews by itself what is
 * expired on its clock (C11), and decides alone where the tenant did not check (C3, `checkClock`).
 */
function decisiveCheck({ byTenant, bySp }: Round): LogEvent | null {
  if (byTenant === null) return bySp === null || text(bySp, 'trigger') === 'forced' ? null : bySp;
  return bySp !== null && isExpiredAtCheck(bySp) ? bySp : byTenant;
}

function isExpiredAtCheck(check: LogEvent): boolean {
  return count(check, 'expiresAt') !== null && (count(check, 'leftMs') ?? 1) <= 0;
}

/**
 * I22, I24: a check that says "renew" is followed by a newer generation, unless the delivery says
 * that it is degraded (C17). I25, I26: which then has more left than the line, unless it is so
 * short-lived that no new one could (C14).
 */
export const checkRenewalOutcome: Checker = (events, witness = ignoreWitness) => {
  const lifetimes = new Map<number, number>();
  for (const event of events) {
    const expiresAt = count(event, 'expiresAt');
    const issuedAt = count(event, 'issuedAt');
    if (event.type !== 'credential.issued' || expiresAt === null || issuedAt === null) continue;
    lifetimes.set(expiresAt, expiresAt - issuedAt);
  }
  return [...readSessions(events).values()].flatMap((session) =>
    checkSession(session, lifetimes, witness),
  );
};

function checkSession(
  session: SessionHistory,
  lifetimeByExpiry: ReadonlyMap<number, number>,
  witness: (invariant: string) => void,
): Violation[] {
  const violations: Violation[] = [];
  const [renewRule, leftRule] = isAzure(session) ? ['I24', 'I26'] : ['I22', 'I25'];
  let round: Round = { byTenant: null, bySp: null, heldGeneration: 0 };
  for (const event of session.events) {
    if (event.type === 'gateway.connected') {
      const held = count(event, 'heldGeneration') ?? 0;
      round.heldGeneration = Math.max(round.heldGeneration, held);
    }
    if (event.type === 'credential.checked') {
      if (text(event, 'by') === 'sp') round.bySp = event;
      else round.byTenant = event;
    }
    if (event.type === 'credential.refused') round = { ...round, byTenant: null, bySp: null };
    if (event.type !== 'credential.delivered') continue;
    const check = decisiveCheck(round);
    const generation = count(event, 'generation') ?? 0;
    const mustBeNew = check !== null && text(check, 'decision') === 'renew';
    if (check !== null && mustBeNew && flag(event, 'degraded') === false) {
      witness(renewRule);
      if (generation <= round.heldGeneration) {
        const what = `the check said renew, yet generation ${generation} was delivered again`;
        violations.push(violation(renewRule, 'C2', what, [check, event]));
      }
      const expiresAt = count(event, 'expiresAt');
      const line = lineOf(check)?.renewBelowMs ?? 0;
      const lifetimeMs = expiresAt === null ? undefined : lifetimeByExpiry.get(expiresAt);
      if (expiresAt !== null && lifetimeMs !== undefined && lifetimeMs > line) {
        witness(leftRule);
        if (expiresAt - check.at < line) {
          const what = `a renewed credential has ${expiresAt - check.at} ms left, the line is ${line}`;
          violations.push(violation(leftRule, 'C2', what, [check, event]));
        }
      }
    }
    round = { byTenant: null, bySp: null, heldGeneration: generation };
  }
  return violations;
}
