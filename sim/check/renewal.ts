import type { LogEvent } from '../../machines/ports/event-log.ts';
import { checkRenewal } from '../../machines/rules/renewal.ts';
import { type Checker, notes, type PlacedHandler } from './checker.ts';
import { asCount, asFlag, asText } from './facts.ts';
import type { SessionFacts } from './session-facts.ts';

/**
 * I21, I22 (14-day kinds) and I24 (Azure), recomputed at every check: what was left, and what
 * follows from it. `at` of the fact is the time on the clock of whoever checked (C11). I23 is
 * witnessed where a check fell within 1 ms of the line.
 */
export const checkRenewalDecision: Checker = {
  name: 'renewal-decision',
  invariants: ['I21', 'I22', 'I23', 'I24'],
  start: ({ witness, report }) => {
    const saw = { I21: witness('I21'), I22: witness('I22'), I24: witness('I24') };
    const sawLine = witness('I23');
    const judge = (event: LogEvent, session: SessionFacts | null): void => {
      const renewBelowMs = asCount(event.data.renewBelowMs);
      const includesLine = asFlag(event.data.includesLine);
      if (renewBelowMs === null || includesLine === null) return;
      const expiresAt = asCount(event.data.expiresAt);
      const isSas = session?.isAzure === true;
      const right = checkRenewal(expiresAt, event.at, { renewBelowMs, includesLine });
      const invariant = isSas ? 'I24' : right.decision === 'keep' ? 'I21' : 'I22';
      saw[invariant]();
      const isAtLine = Math.abs(right.leftMs - renewBelowMs) <= 1;
      if (expiresAt !== null && isAtLine) sawLine();
      const leftMs = asCount(event.data.leftMs);
      if (leftMs !== right.leftMs) {
        const what = `the check saw ${leftMs} ms left; expiry minus its own time is ${right.leftMs}`;
        report(invariant, 'C10', what, [event]);
      }
      const decision = asText(event.data.decision);
      if (decision === right.decision) return;
      const what =
        `decided "${decision}" with ${right.leftMs} ms left and the line at ` +
        `${renewBelowMs} ms: must be "${right.decision}" (${right.because})`;
      report(invariant, isSas ? 'C3' : 'C2', what, [event]);
    };
    return {
      sees: {
        'credential.checked': (event, session) => {
          if (session === null) judge(event, null);
        },
      },
      placed: { 'credential.checked': judge },
    };
  },
};

/** What was checked and held in a session since its last delivery. */
interface Round {
  byTenant: LogEvent | null;
  bySp: LogEvent | null;
  heldGeneration: number;
}

const rounds = notes<Round>(() => ({ byTenant: null, bySp: null, heldGeneration: 0 }));

/**
 * The check that decides: the tenant's own (C2), except that the SP renews by itself what is
 * expired on its clock (C11), and decides alone where the tenant did not check (C3, `checkClock`).
 */
function decisiveCheck({ byTenant, bySp }: Round): LogEvent | null {
  if (byTenant === null)
    return bySp === null || asText(bySp.data.trigger) === 'forced' ? null : bySp;
  return bySp !== null && isExpiredAtCheck(bySp) ? bySp : byTenant;
}

function isExpiredAtCheck(check: LogEvent): boolean {
  return asCount(check.data.expiresAt) !== null && (asCount(check.data.leftMs) ?? 1) <= 0;
}

/**
 * I22, I24: a check that says "renew" is followed by a newer generation, unless the delivery says
 * that it is degraded (C17). I25, I26: which then has more left than the line, unless it is so
 * short-lived that no new one could (C14).
 */
export const checkRenewalOutcome: Checker = {
  name: 'renewal-outcome',
  invariants: ['I22', 'I24', 'I25', 'I26'],
  start: ({ witness, report }) => {
    const saw = {
      I22: witness('I22'),
      I24: witness('I24'),
      I25: witness('I25'),
      I26: witness('I26'),
    };
    const judge: PlacedHandler = (event, session, scope) => {
      const round = rounds.of(session);
      const check = decisiveCheck(round);
      if (check === null || asText(check.data.decision) !== 'renew') return;
      if (asFlag(event.data.degraded) !== false) return;
      const [renewRule, leftRule] = session.isAzure
        ? (['I24', 'I26'] as const)
        : (['I22', 'I25'] as const);
      const generation = asCount(event.data.generation) ?? 0;
      saw[renewRule]();
      if (generation <= round.heldGeneration) {
        const what = `the check said renew, yet generation ${generation} was delivered again`;
        report(renewRule, 'C2', what, [check, event]);
      }
      const expiresAt = asCount(event.data.expiresAt);
      const issued = scope?.generation(generation)?.issued ?? null;
      const issuedAt = issued === null ? null : asCount(issued.data.issuedAt);
      if (expiresAt === null || issued === null || issuedAt === null) return;
      if (asCount(issued.data.expiresAt) !== expiresAt) return;
      const lineMs = asCount(check.data.renewBelowMs) ?? 0;
      if (expiresAt - issuedAt <= lineMs) return;
      saw[leftRule]();
      const leftMs = expiresAt - check.at;
      if (leftMs >= lineMs) return;
      const what = `a renewed credential has ${leftMs} ms left, the line is ${lineMs}`;
      report(leftRule, 'C2', what, [check, event]);
    };
    return {
      placed: {
        'gateway.connected': (event, session) => {
          const round = rounds.of(session);
          const held = asCount(event.data.heldGeneration) ?? 0;
          round.heldGeneration = Math.max(round.heldGeneration, held);
        },
        'credential.checked': (event, session) => {
          const round = rounds.of(session);
          if (asText(event.data.by) === 'sp') round.bySp = event;
          else round.byTenant = event;
        },
        'credential.refused': (_event, session) => {
          const round = rounds.of(session);
          round.byTenant = null;
          round.bySp = null;
        },
        'credential.delivered': (event, session, scope) => {
          judge(event, session, scope);
          const round = rounds.of(session);
          round.byTenant = null;
          round.bySp = null;
          round.heldGeneration = asCount(event.data.generation) ?? 0;
        },
      },
    };
  },
};
