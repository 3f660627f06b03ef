import type { LogEvent } from '../../machines/ports/event-log.ts';
import { effectiveLifetime, renewalRule } from '../../machines/rules/lifetimes.ts';
import { STORAGE_KINDS } from '../../machines/rules/settings.ts';
import { type Checker, notes } from './checker.ts';
import { asCount } from './facts.ts';
import type { ScopeFacts } from './scope-facts.ts';

/** Of a scope: the last issue. Of a session: the last delivery. */
const lastNumber = notes<{ event: LogEvent | null; number: number }>(() => ({
  event: null,
  number: 0,
}));

/**
 * I32: generations only rise, in what a scope is issued and in what a session is delivered.
 */
export const checkGenerationsRise: Checker = {
  name: 'generations-rise',
  invariants: ['I32'],
  start: ({ witness, report }) => {
    const sawNumber = witness('I32');
    return {
      sees: {
        'credential.issued': (event, _session, scope) => {
          const generation = asCount(event.data.generation);
          if (generation === null || scope === null) return;
          sawNumber();
          const last = lastNumber.of(scope);
          if (generation <= last.number) {
            const what = `generation ${generation} of ${scope.id} was issued after ${last.number}`;
            report('I32', 'C12', what, last.event === null ? [event] : [last.event, event]);
          }
          last.event = event;
          last.number = generation;
        },
        'credential.delivered': (event, session, scope) => {
          const generation = asCount(event.data.generation);
          if (generation === null || scope === null || session === null) return;
          const last = lastNumber.of(session);
          if (last.event !== null) {
            sawNumber();
            if (generation < last.number) {
              const what = `generation ${generation} was delivered after ${last.number}`;
              report('I32', 'C12', what, [last.event, event]);
            }
          }
          last.event = event;
          last.number = generation;
        },
      },
    };
  },
};

/** The line that the last check of the scope used; else what the rules say for the storage. */
function lineFor(scope: ScopeFacts, lifetimeMs: number): number {
  if (scope.renewBelowMs !== null) return scope.renewBelowMs;
  const storage = STORAGE_KINDS.find((kind) => kind === scope.storage) ?? 's3-compatible';
  const rule = renewalRule(storage, storage === 'azure' ? 'sas' : 'limited');
  return rule === null ? 0 : effectiveLifetime(rule, lifetimeMs).renewBelowMs;
}

/** The issues of what was saved and is alive. */
const alive = notes<{ issues: LogEvent[] }>(() => ({ issues: [] }));

/**
 * I33: at most ceil(V / (V - T)) generations of a scope are alive at once, for a lifetime V and
 * a line T: two for 14 d / 24 h and for 30 d / 15 d. Where T >= V every connect renews and no
 * bound follows (C14). What was issued and never saved does not count: nobody holds it.
 */
export const checkLiveGenerations: Checker = {
  name: 'live-generations',
  invariants: ['I33'],
  start: ({ witness, report }) => {
    const sawBound = witness('I33');
    return {
      sees: {
        'credential.revoked': (_event, _session, scope) => {
          if (scope === null) return;
          const own = alive.of(scope);
          own.issues = own.issues.filter((issued) => {
            const number = asCount(issued.data.generation) ?? 0;
            const generation = scope.generation(number);
            return generation?.issued !== issued || generation.revoked === null;
          });
        },
        'credential.saved': (event, _session, scope) => {
          const number = asCount(event.data.generation);
          if (scope === null || number === null) return;
          const issued = scope.generation(number)?.issued ?? null;
          if (issued === null || asCount(issued.data.generation) !== number) return;
          const own = alive.of(scope);
          const older = own.issues.filter(
            (one) => one !== issued && (asCount(one.data.expiresAt) ?? 0) > event.at,
          );
          own.issues = [...older, issued];
          const lifetimeMs = asCount(issued.data.lifetimeMs) ?? 0;
          const lineMs = lineFor(scope, lifetimeMs);
          if (lifetimeMs <= lineMs) return;
          sawBound();
          const aliveMax = Math.ceil(lifetimeMs / (lifetimeMs - lineMs));
          if (own.issues.length <= aliveMax) return;
          const what = `${own.issues.length} generations of ${scope.id} are alive; the rules allow ${aliveMax}`;
          report('I33', 'C13', what, [event, ...own.issues]);
        },
      },
    };
  },
};

/** So many checks are kept as evidence between two saves. */
const CHECKS_KEPT_MAX = 16;

interface Flight {
  /** The generation that was saved last, and the checks since the one before it was saved. */
  previous: { readonly issued: LogEvent; readonly saved: LogEvent } | null;
  before: LogEvent[];
  since: LogEvent[];
  /** All checks that said "renew" up to the save of `previous`, also those not kept. */
  beforeCount: number;
  sinceCount: number;
}

const flights = notes<Flight>(() => ({
  previous: null,
  before: [],
  since: [],
  beforeCount: 0,
  sinceCount: 0,
}));

/** Whether a check asks for what comes after `previous` (or for the first one of the log). */
function isAbout(check: LogEvent, previous: Flight['previous']): boolean {
  if (previous === null) return true;
  const expiresAt = asCount(check.data.expiresAt);
  if (expiresAt === null) return check.seq > previous.saved.seq;
  return expiresAt === asCount(previous.issued.data.expiresAt);
}

/**
 * I31: however many sessions find the same generation below the line, one new generation follows.
 * I21: and none follows where no check said "renew". A check is about the generation whose expiry
 * it names; one that names none is about an empty scope (new, or emptied by a revocation).
 */
export const checkSingleFlight: Checker = {
  name: 'single-flight',
  invariants: ['I21', 'I31'],
  start: ({ witness, report }) => {
    const sawFlight = witness('I31');
    witness('I21');

    const judge = (scope: ScopeFacts, flight: Flight, issued: LogEvent): void => {
      const { previous, before, since, beforeCount } = flight;
      sawFlight();
      const isWanted = (check: LogEvent): boolean =>
        check.seq < issued.seq && isAbout(check, previous);
      if (since.some(isWanted) || before.some(isWanted)) return;
      const generation = asCount(issued.data.generation);
      const used = before.filter((check) => check.seq < issued.seq);
      if (previous === null || beforeCount - before.length + used.length < 2) {
        const what = `generation ${generation} of ${scope.id} was issued although no check said renew`;
        report('I21', 'C2', what, [issued]);
        return;
      }
      const what = `generation ${generation} of ${scope.id} repeats an issue that was under way`;
      report('I31', 'C12', what, [issued, previous.issued, ...used]);
    };
    return {
      sees: {
        'credential.checked': (event, session) => {
          const scope = session?.scope ?? null;
          if (scope === null || event.data.decision !== 'renew') return;
          const flight = flights.of(scope);
          flight.sinceCount += 1;
          const expiresAt = asCount(event.data.expiresAt);
          const alike = flight.since.filter((one) => asCount(one.data.expiresAt) === expiresAt);
          if (alike.length < CHECKS_KEPT_MAX) flight.since.push(event);
        },
        'credential.saved': (event, _session, scope) => {
          const number = asCount(event.data.generation);
          if (scope === null || number === null) return;
          const issued = scope.generation(number)?.issued ?? null;
          if (issued === null || asCount(issued.data.generation) !== number) return;
          const flight = flights.of(scope);
          judge(scope, flight, issued);
          flight.previous = { issued, saved: event };
          flight.before = flight.since;
          flight.beforeCount += flight.sinceCount;
          flight.since = [];
          flight.sinceCount = 0;
        },
      },
    };
  },
};
