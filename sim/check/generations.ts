import type { LogEvent } from '../../machines/ports/event-log.ts';
import { effectiveLifetime, renewalRule } from '../../machines/rules/lifetimes.ts';
import { STORAGE_KINDS } from '../../machines/rules/settings.ts';
import { count, scopeOf, text } from './facts.ts';
import { readSessions, storageByScope } from './sessions.ts';
import { type Checker, ignoreWitness, type Violation, violation } from './violation.ts';

/** I32: generations only rise, in what a scope is issued and in what a session is delivered. */
export const checkGenerationsRise: Checker = (events, witness = ignoreWitness) => {
  const violations: Violation[] = [];
  const lastIssued = new Map<string, LogEvent>();
  const lastDelivered = new Map<string, LogEvent>();
  const before = (last: LogEvent | undefined): number =>
    last === undefined ? 0 : (count(last, 'generation') ?? 0);
  for (const event of events) {
    const generation = count(event, 'generation');
    const scope = scopeOf(event);
    if (generation === null || scope === null) continue;
    if (event.type === 'credential.issued') {
      witness('I32');
      const last = lastIssued.get(scope);
      if (generation <= before(last)) {
        const what = `generation ${generation} of ${scope} was issued after ${before(last)}`;
        violations.push(
          violation('I32', 'C12', what, last === undefined ? [event] : [last, event]),
        );
      }
      lastIssued.set(scope, event);
    }
    if (event.type === 'credential.delivered' && event.session !== null) {
      const last = lastDelivered.get(event.session);
      if (last !== undefined) witness('I32');
      if (last !== undefined && generation < before(last)) {
        const what = `generation ${generation} was delivered after ${before(last)}`;
        violations.push(violation('I32', 'C12', what, [last, event]));
      }
      lastDelivered.set(event.session, event);
    }
  }
  return violations;
};

/** The line that the last check of the scope used; else what the rules say for the storage. */
function lineOf(
  events: readonly LogEvent[],
  storages: ReadonlyMap<string, string>,
): (scope: string, issued: LogEvent) => number {
  const sessions = readSessions(events);
  const lines = new Map<string, number>();
  for (const event of events) {
    const scope = sessions.get(event.session ?? '')?.scope ?? null;
    const renewBelowMs = count(event, 'renewBelowMs');
    if (event.type !== 'credential.checked' || scope === null || renewBelowMs === null) continue;
    lines.set(scope, renewBelowMs);
  }
  return (scope, issued) => {
    const known = lines.get(scope);
    if (known !== undefined) return known;
    const storage = STORAGE_KINDS.find((kind) => kind === storages.get(scope)) ?? 's3-compatible';
    const rule = renewalRule(storage, storage === 'azure' ? 'sas' : 'limited');
    const lifetimeMs = count(issued, 'lifetimeMs') ?? 0;
    return rule === null ? 0 : effectiveLifetime(rule, lifetimeMs).renewBelowMs;
  };
}

/**
 * I33: at most ceil(V / (V - T)) generations of a scope are alive at once, for a lifetime V and
 * a line T: two for 14 d / 24 h and for 30 d / 15 d. Where T >= V every connect renews and no
 * bound follows (C14). What was issued and never saved does not count: nobody holds it.
 */
export const checkLiveGenerations: Checker = (events, witness = ignoreWitness) => {
  const lineFor = lineOf(events, storageByScope(events));
  const violations: Violation[] = [];
  const issuedByName = new Map<string, LogEvent>();
  const alive = new Map<string, LogEvent[]>();
  for (const event of events) {
    const scope = scopeOf(event);
    if (scope === null) continue;
    const name = `${scope} ${count(event, 'generation')}`;
    if (event.type === 'credential.issued') issuedByName.set(name, event);
    // C13: what cannot be revoked is still alive, whatever the database calls it.
    if (event.type === 'credential.revoked' && text(event, 'state') !== 'irrevocable') {
      const rest = (alive.get(scope) ?? []).filter((one) => one !== issuedByName.get(name));
      alive.set(scope, rest);
    }
    const issued = issuedByName.get(name);
    if (event.type !== 'credential.saved' || issued === undefined) continue;
    const older = (alive.get(scope) ?? []).filter(
      (one) => one !== issued && (count(one, 'expiresAt') ?? 0) > event.at,
    );
    const all = [...older, issued];
    alive.set(scope, all);
    const lifetimeMs = count(issued, 'lifetimeMs') ?? 0;
    const lineMs = lineFor(scope, issued);
    if (lifetimeMs <= lineMs) continue;
    witness('I33');
    const aliveMax = Math.ceil(lifetimeMs / (lifetimeMs - lineMs));
    if (all.length > aliveMax) {
      const what = `${all.length} generations of ${scope} are alive; the rules allow ${aliveMax}`;
      violations.push(violation('I33', 'C13', what, [event, ...all]));
    }
  }
  return violations;
};

interface Saved {
  readonly issued: LogEvent;
  readonly saved: LogEvent;
  readonly expiresAt: number | null;
}

/** The generations of each scope that were issued in this log and saved, in their order. */
function savedGenerations(events: readonly LogEvent[]): ReadonlyMap<string, readonly Saved[]> {
  const issued = new Map<string, LogEvent>();
  const byScope = new Map<string, Saved[]>();
  for (const event of events) {
    const scope = scopeOf(event);
    if (scope === null) continue;
    const name = `${scope} ${count(event, 'generation')}`;
    if (event.type === 'credential.issued') issued.set(name, event);
    const own = issued.get(name);
    if (event.type !== 'credential.saved' || own === undefined) continue;
    const entry = { issued: own, saved: event, expiresAt: count(own, 'expiresAt') };
    const known = byScope.get(scope);
    if (known === undefined) byScope.set(scope, [entry]);
    else known.push(entry);
  }
  return byScope;
}

/**
 * I31: however many sessions find the same generation below the line, one new generation follows.
 * I21: and none follows where no check said "renew". A check is about the generation whose expiry
 * it names; one that names none is about an empty scope (new, or emptied by a revocation).
 */
export const checkSingleFlight: Checker = (events, witness = ignoreWitness) => {
  const sessions = readSessions(events);
  const checksByScope = new Map<string, LogEvent[]>();
  for (const event of events) {
    const scope = sessions.get(event.session ?? '')?.scope ?? null;
    if (event.type !== 'credential.checked' || text(event, 'decision') !== 'renew') continue;
    if (scope === null) continue;
    const known = checksByScope.get(scope);
    if (known === undefined) checksByScope.set(scope, [event]);
    else known.push(event);
  }
  const violations: Violation[] = [];
  for (const [scope, generations] of savedGenerations(events)) {
    const checks = checksByScope.get(scope) ?? [];
    generations.forEach(({ issued }, index) => {
      const earlier = checks.filter((check) => check.seq < issued.seq);
      const previous = generations[index - 1];
      witness('I31');
      if (earlier.some((check) => isAbout(check, previous))) return;
      const generation = count(issued, 'generation');
      const used =
        previous === undefined ? [] : earlier.filter((one) => one.seq < previous.saved.seq);
      if (previous === undefined || used.length < 2) {
        const what = `generation ${generation} of ${scope} was issued although no check said renew`;
        violations.push(violation('I21', 'C2', what, [issued]));
      } else {
        const what = `generation ${generation} of ${scope} repeats an issue that was under way`;
        violations.push(violation('I31', 'C12', what, [issued, previous.issued, ...used]));
      }
    });
  }
  return violations;
};

/** Whether a check asks for what comes after `previous` (or for the first one of the log). */
function isAbout(check: LogEvent, previous: Saved | undefined): boolean {
  if (previous === undefined) return true;
  const expiresAt = count(check, 'expiresAt');
  return expiresAt === null ? check.seq > previous.saved.seq : expiresAt === previous.expiresAt;
}
