import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { type CheckRun, createCheckRun, type Violation } from '../../check/index.ts';

/** How often each invariant was put to the test up to a position, and what was violated. */
export interface RuleReport {
  /** So many events were looked at. */
  readonly position: number;
  /** 0 to 1: how much of the work is done. */
  readonly share: number;
  readonly witnesses: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
}

export const NO_RULES: RuleReport = { position: 0, share: 0, witnesses: {}, violations: [] };

/** What each invariant says, in few words. */
export const INVARIANT_TEXTS: Readonly<Record<string, string>> = {
  LOG: 'Every event of the log has the shape that it must have',
  I1: 'The route is the one of the table',
  I2: 'AWS, GCS, Azure in gateway mode: no credential goes to the tenant',
  I3: 'Gateway route: every byte passes the cloud gateway, the same on each hop',
  I4: 'Direct route: no data byte passes the cloud gateway',
  I5: 'S3-compatible, direct, option unset: every byte through the gateway',
  I6: 'Option "backup server": no credential at the tenant',
  I7: 'Shared: the key that is delivered is the key of the repository',
  I8: 'IAM/STS: the key that is delivered is a limited one of its own',
  I18: 'Only the SP calls the credential API of the storage',
  I27: 'Each kind is checked at its own moment, and only then',
  I28: 'Overrides change the limits of SAS only',
  I30: 'Without an override exactly 30 d and 15 d',
  I41: 'Gateway route: the credential is used on the hosts of the SP only',
  I44: 'A foreign folder is denied to the credential of a tenant',
  I45: 'A foreign folder is denied between subtenants',
  I47: 'The configuration of a repository can be read and not changed',
  I55: 'All subtenants together stay within the quota of the tenant',
  I64: 'No secret stands in the log',
  I69: 'Without the control channel no new grant and no new issue',
  I13: 'Gateway route: movers run on the proxy or agent and the configured server',
  I14: 'Direct route: both movers run on the same host',
  I15: 'One mover a side; the steps in their order; no byte before both exist',
  I16: 'The route is fixed for the life of a session',
  I19: 'A limited credential is issued for 14 d, or the longest that is issued',
  I20: 'A SAS is issued for 30 d, or its override',
  I21: 'With the line left at a connect nothing is renewed',
  I22: 'Below the line at a connect: one issue comes before the delivery',
  I23: 'The line of 24 h is exact to 1 ms',
  I24: 'The line of 15 d is exact at a request',
  I25: 'After a connect the delivered credential is above its line',
  I26: 'After a request the delivered SAS is above its line',
  I31: 'At most one issue in flight for a scope',
  I32: 'Generations only rise',
  I33: 'No more unexpired generations than the lifetimes allow',
  I35: 'What is delivered is of the scope of the session',
  I36: 'Each delivery names a running operation from the list',
  I37: 'No request starts with an expired credential',
  I38: 'What is accepted after the expiry was started before it',
  I42: 'After a revocation no new request starts',
  I51: 'Used and reserved together never exceed the quota',
  I53: 'The first credential comes together with the quota',
  I54: 'No data byte before the quota is known',
  I56: 'A lowered quota is never exceeded by a new grant',
  I58: 'What was reserved comes back exactly once',
  I70: 'What comes twice or out of order changes nothing twice',
  I71: 'An ended session stays ended',
  I72: 'What was restored is what was backed up',
  S24: 'What is delivered was saved before',
};

export interface RuleRow {
  readonly id: string;
  readonly text: string;
  readonly exercised: number;
  readonly violated: number;
}

/** In the order of the checkers, also those that were never put to the test. */
export function ruleRows({ witnesses, violations }: RuleReport): readonly RuleRow[] {
  return Object.keys(witnesses).map((id) => ({
    id,
    text: INVARIANT_TEXTS[id] ?? '',
    exercised: witnesses[id] ?? 0,
    violated: violations.filter(({ invariant }) => invariant === id).length,
  }));
}

/** So many events are looked at in one go: a long log does not hold up the keys. */
const CHUNK = 20_000;

/** Looks at a log piece by piece. */
export class RuleWatch {
  #report: RuleReport = NO_RULES;
  #work: { readonly events: readonly LogEvent[]; readonly run: CheckRun; next: number } | null =
    null;

  /** Does some of the work for this position; `read` gives its events. */
  advance(position: number, read: () => readonly LogEvent[]): RuleReport {
    if (this.#work === null) {
      if (this.#report.position === position && this.#report.share === 1) return this.#report;
      this.#work = { events: read(), run: createCheckRun(), next: 0 };
    }
    const work = this.#work;
    const { events, run } = work;
    const end = Math.min(events.length, work.next + CHUNK);
    for (; work.next < end; work.next += 1) run.see(events[work.next] as LogEvent);
    if (work.next < events.length) {
      this.#report = { ...this.#report, share: work.next / events.length };
    } else {
      const { witnesses, violations } = run.end();
      this.#report = { position: events.length, share: 1, witnesses, violations };
      this.#work = null;
    }
    return this.#report;
  }
}
