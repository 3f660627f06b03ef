import type { StorageCredential } from '../../../machines/ports/storage-credential.ts';
import { formatDuration } from '../../../machines/rules/duration.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import { pattern } from '../content.ts';
import {
  type Answer,
  answerOf,
  inconclusive,
  notApplicable,
  type Outcome,
  Tally,
} from '../outcome.ts';
import type { Subject } from '../subject.ts';
import type { Point } from './point.ts';

/** How a storage may call a credential that is no longer, or not yet, valid. */
const REFUSED: readonly Answer[] = [
  'credential.expired',
  'credential.notYetValid',
  'credential.unknownKey',
  'credential.invalid',
  'access.denied',
];

/** Longer waits than this are made only where they were asked for. */
const SHORT_WAIT_MS = MINUTE_MS;
/** So much later than the end, as the storage's clock is known. */
const AFTER_END_MS = 3 * SECOND_MS;

async function tryOwn(
  subject: Subject,
  credential: StorageCredential,
  when: string,
  tally: Tally,
  wanted: readonly Answer[],
): Promise<void> {
  const { access, names } = subject;
  const store = access.store(names.tenant, credential);
  const key = `${names.own}own`;
  await tally.expect(`get ${when}`, store.get(key), ...wanted);
  await tally.expect(`put ${when}`, store.put(`${names.own}timed`, pattern(3)), ...wanted);
}

/** A window that is open: what else refuses such credentials would be taken for its end. */
async function isOpen(subject: Subject): Promise<Outcome | null> {
  const { names } = subject;
  const now = subject.storageNow();
  const window = { startsAt: now - 30 * MINUTE_MS, endsAt: now + HOUR_MS };
  const credential = await subject.issueWindow(names.tenant, window);
  await subject.settle(names.tenant, credential);
  const tally = new Tally();
  await tryOwn(subject, credential, 'inside the window', tally, ['resolved']);
  await subject.discard(credential);
  const outcome = tally.outcome('a credential whose window is open');
  return outcome.verdict === 'pass' ? null : outcome;
}

const ENDED: Point = {
  id: 'C10-ended',
  rules: ['C1', 'C10', 'C16'],
  title: 'The storage itself refuses a credential whose end has passed',
  remedy:
    'enforce the end at every request: the date of a SAS, the time of a condition (aws:CurrentTime, request.time)',
  isSlow: true,
  async run(subject) {
    const { access, names } = subject;
    const problem = access.windowProblem('end');
    if (problem !== null) return notApplicable(problem);
    const control = await isOpen(subject);
    if (control !== null) return control;
    const now = subject.storageNow();
    const window = { startsAt: now - HOUR_MS, endsAt: now - 30 * SECOND_MS };
    const credential = await subject.issueWindow(names.tenant, window);
    const tally = new Tally();
    await tryOwn(subject, credential, 'after the end', tally, REFUSED);
    await subject.discard(credential);
    return tally.outcome('a credential that ended 30s ago, beside one that is valid');
  },
};

const NOT_YET: Point = {
  id: 'C10-not-yet-valid',
  rules: ['C10'],
  title: 'The storage refuses a credential that is not valid yet',
  remedy: 'enforce the start at every request (st of a SAS, DateGreaterThan aws:CurrentTime)',
  isSlow: true,
  async run(subject) {
    const { access, names } = subject;
    const problem = access.windowProblem('start');
    if (problem !== null) return notApplicable(problem);
    const now = subject.storageNow();
    const window = { startsAt: now + HOUR_MS, endsAt: now + 2 * HOUR_MS };
    const credential = await subject.issueWindow(names.tenant, window);
    const tally = new Tally();
    await tryOwn(subject, credential, 'before the start', tally, REFUSED);
    await subject.discard(credential);
    return tally.outcome('a credential that begins in an hour');
  },
};

/** Long enough to be seen working: what a new key needs to be known, and a few requests. */
function shortestMs(subject: Subject): number {
  const { lifetimeMinMs } = subject.access.unlimitedIssuer.capabilities;
  return Math.max(lifetimeMinMs, 5 * SECOND_MS + 3 * subject.propagationMs);
}

const EXPIRY: Point = {
  id: 'C10-expiry',
  rules: ['C1', 'C10', 'C16'],
  title: 'A credential works before its end and no longer after it',
  remedy: 'end credentials at the instant that was told when they were issued',
  isSlow: true,
  async run(subject) {
    const { access, names, target } = subject;
    const lifetimeMs = shortestMs(subject);
    const wait = formatDuration(lifetimeMs);
    if (lifetimeMs > SHORT_WAIT_MS && !target.waits) {
      const why = `the shortest credential lives ${wait}; wait: true waits for its end`;
      const hasOther = access.windowProblem('end') === null;
      return hasOther
        ? notApplicable(`${why} (see C10-ended)`)
        : inconclusive(why, 'set wait: true');
    }
    const credential = await issueShort(subject, lifetimeMs);
    if (credential === null) {
      return inconclusive(
        'no credential was issued whose end could be seen',
        'let the owner make tokens of its own account (iam.serviceAccountTokenCreator), or set longestSession: 1h and wait: true',
      );
    }
    const tally = new Tally();
    await tryOwn(subject, credential, 'before its end', tally, ['resolved']);
    await subject.waitUntil(credential.expiresAt - subject.storageAheadMs + AFTER_END_MS);
    await tryOwn(subject, credential, 'after its end', tally, ['credential.expired']);
    const store = access.store(names.tenant, credential);
    const head = store.head(`${names.own}own`);
    await tally.expect('head after its end', head, 'credential.expired');
    await subject.discard(credential);
    return tally.outcome(`a credential of ${wait}, used before and after its end`);
  },
};

/** By the issuer that knows no limit: it is the one that can ask for short tokens at Google. */
async function issueShort(subject: Subject, lifetimeMs: number) {
  const { access, names } = subject;
  const asked = subject.issueUsable(names.tenant, lifetimeMs, access.unlimitedIssuer);
  const { answer } = await answerOf(asked);
  if (answer === 'resolved') return asked;
  if (access.windowProblem('end') === null || !subject.target.waits) return null;
  return subject.issueUsable(names.tenant, subject.usualLifetimeMs());
}

const SKEW_MS = 16 * MINUTE_MS;
const TOLERATED_MS = 14 * MINUTE_MS;

const SKEW: Point = {
  id: 'E-skew',
  rules: ['C16', 'C20'],
  title: 'A request that is dated 16 minutes off is told so; 14 minutes are tolerated',
  remedy: 'answer RequestTimeTooSkewed beyond 15 minutes, so that it is not taken for a denial',
  async run(subject) {
    const { access, clock, names } = subject;
    if (access.datedBy === 'nobody') return notApplicable('requests with a token carry no date');
    const isTenant = access.datedBy === 'tenant';
    const credential = isTenant ? await subject.shared() : subject.ownerCredential;
    const dated = (byMs: number) => {
      const shifted = {
        now: () => clock.now() + subject.storageAheadMs + byMs,
        wakeAt: clock.wakeAt,
      };
      // No end of its own: what is asked for is the date of the request alone.
      const endless = { ...credential, expiresAt: null } as StorageCredential;
      return access.store(names.tenant, endless, shifted).get(`${names.own}own`);
    };
    const tally = new Tally();
    await tally.expect('16m ahead', dated(SKEW_MS), 'clock.skewed');
    await tally.expect('16m behind', dated(-SKEW_MS), 'clock.skewed');
    await tally.expect('14m ahead', dated(TOLERATED_MS), 'resolved');
    await tally.expect('14m behind', dated(-TOLERATED_MS), 'resolved');
    return tally.outcome(`get, dated 16m and 14m off, by the ${access.datedBy}`);
  },
};

export const TIME_POINTS: readonly Point[] = [ENDED, NOT_YET, EXPIRY, SKEW];
