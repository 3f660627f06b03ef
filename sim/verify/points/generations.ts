import { formatDuration } from '../../../machines/rules/duration.ts';
import { MINUTE_MS } from '../../../machines/rules/time.ts';
import { pattern } from '../content.ts';
import { type Answer, answerOf, notApplicable, saysNothing, Tally } from '../outcome.ts';
import type { Point } from './point.ts';

const STEP_MS = 500;

const OVERLAP: Point = {
  id: 'C13-overlap',
  rules: ['C12', 'C13'],
  title: 'A new generation does not end the old one',
  remedy: 'let two credentials of one folder live side by side: sessions change over one by one',
  async run(subject) {
    const { access, names } = subject;
    const first = await subject.shared();
    const second = await subject.issueUsable(names.tenant, subject.usualLifetimeMs());
    const tally = new Tally();
    tally.check('they have keys of their own', first.keyId !== second.keyId, 'it is the same key');
    for (const [which, credential] of [
      ['old', first],
      ['new', second],
    ] as const) {
      const store = access.store(names.tenant, credential);
      const put = store.put(`${names.own}overlap`, pattern(9));
      await tally.expect(`put with the ${which} one`, put, 'resolved');
      const get = store.get(`${names.own}own`);
      await tally.expect(`get with the ${which} one`, get, 'resolved');
    }
    await subject.discard(second);
    return tally.outcome('two generations, used in turn');
  },
};

const REVOKED: readonly Answer[] = [
  'credential.unknownKey',
  'credential.invalid',
  'credential.expired',
  'access.denied',
];

const REVOCATION: Point = {
  id: 'C22-revocation',
  rules: ['C13', 'C22'],
  title: 'A revoked credential opens nothing soon, and its neighbour goes on',
  remedy: 'let the removal of a key or policy be known faster',
  isSlow: true,
  async run(subject) {
    const { access, capabilities, clock, names } = subject;
    if (capabilities.revocation === 'never') {
      return notApplicable('this way of issuing cannot revoke: credentials die at their own end');
    }
    const neighbour = await subject.shared();
    const credential = await subject.issueUsable(names.tenant, subject.usualLifetimeMs());
    const isRevoked = await subject.revoke(credential);
    const tally = new Tally();
    tally.check('the issuer revokes it', isRevoked, 'it says that it cannot');
    const from = clock.now();
    const boundMs = Math.max(MINUTE_MS, capabilities.propagationMaxMs);
    const store = access.store(names.tenant, credential);
    let answered = await answerOf(store.get(`${names.own}own`));
    const goesOn = (): boolean => answered.answer === 'resolved' || saysNothing(answered.answer);
    while (goesOn() && clock.now() - from < boundMs) {
      await subject.waitUntil(clock.now() + STEP_MS);
      answered = await answerOf(store.get(`${names.own}own`));
    }
    const tookMs = clock.now() - from;
    tally.note(`get ${formatDuration(tookMs)} after the revocation`, answered, REVOKED);
    const other = access.store(names.tenant, neighbour).get(`${names.own}own`);
    await tally.expect('get with another generation', other, 'resolved');
    return tally.outcome(
      'a credential, revoked and used until it is refused',
      `refused after ${formatDuration(tookMs)}`,
    );
  },
};

export const GENERATION_POINTS: readonly Point[] = [OVERLAP, REVOCATION];
