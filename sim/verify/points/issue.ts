import { formatDuration } from '../../../machines/rules/duration.ts';
import { renewalRule } from '../../../machines/rules/lifetimes.ts';
import { DAY_MS, HOUR_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import { answerOf, type Outcome, Tally } from '../outcome.ts';
import { PROPAGATION_MAX_MS, type Subject } from '../subject.ts';
import type { Point } from './point.ts';

const ISSUE: Point = {
  id: 'C5-issue',
  rules: ['C5', 'C7', 'I8'],
  title: 'A limited credential is issued, and the storage accepts it',
  remedy: 'check that the owner may issue (role, trust, rights on IAM, organisation policy)',
  isGate: true,
  async run(subject) {
    const { capabilities } = subject;
    const tally = new Tally();
    const credential = await subject.shared();
    const isOther = credential.keyId !== subject.ownerCredential.keyId;
    tally.check("its key is not the owner's", isOther, "it is the owner's own key");
    const lifetimeMs = credential.expiresAt - subject.clock.now();
    const isInTime = lifetimeMs <= subject.usualLifetimeMs();
    tally.check('it ends no later than asked for', isInTime, formatDuration(lifetimeMs));
    const sent = `${capabilities.name}, ${formatDuration(subject.usualLifetimeMs())}`;
    return tally.outcome(sent, `a credential of kind ${credential.kind}`);
  },
};

const ASKED_MS = [30 * DAY_MS, 14 * DAY_MS, 7 * DAY_MS, 36 * HOUR_MS, 12 * HOUR_MS, 6 * HOUR_MS];
/** Ends are told in whole seconds, and issuing takes a moment. */
const ROUNDING_MS = 5 * SECOND_MS;

/** C1, C3, C18 and C21: what the protocol wants of this kind. */
function wantedMs({ target }: Subject): number {
  const entraId = target.issuer === 'user-delegation-sas';
  const held = target.kind === 'azure' ? 'sas' : 'limited';
  return renewalRule(target.kind, held, { entraId })?.lifetimeMs ?? 0;
}

const LIFETIME: Point = {
  id: 'C14-lifetime',
  rules: ['C1', 'C3', 'C14', 'C18', 'C21'],
  title: 'Credentials live as long as the protocol wants, or as the settings say',
  remedy:
    'let the storage issue longer credentials (a role: MaxSessionDuration), or tell the repository its limit: longestSession',
  async run(subject) {
    const { access, capabilities, names } = subject;
    const expectedMs = Math.min(wantedMs(subject), capabilities.lifetimeMaxMs);
    const { lifetimeMaxMs, lifetimeMinMs } = access.unlimitedIssuer.capabilities;
    const asked = [...new Set([...ASKED_MS, expectedMs])]
      .filter((ms) => ms <= lifetimeMaxMs && ms >= lifetimeMinMs)
      .sort((one, other) => other - one);
    const told: string[] = [];
    let lastDetail = '';
    const attempts = [
      ...asked.map((ms) => ({ ms, issuer: access.unlimitedIssuer })),
      { ms: expectedMs, issuer: access.issuer },
    ];
    for (const { issuer, ms } of attempts) {
      const at = subject.clock.now();
      const issue = subject.issue(names.tenant, ms, issuer);
      const { answer, detail } = await answerOf(issue);
      if (answer !== 'resolved') {
        told.push(`${formatDuration(ms)} → ${answer}`);
        lastDetail = detail;
        continue;
      }
      const credential = await issue;
      const grantedMs = credential.expiresAt - at;
      await subject.settle(names.tenant, credential);
      await subject.discard(credential);
      told.push(`${formatDuration(ms)} → ${roughly(grantedMs)} granted`);
      return lifetimeOutcome(grantedMs, expectedMs, asked, told);
    }
    const sent = `asked for ${asked.map(formatDuration).join(', ')}`;
    return { verdict: 'fail', sent, answered: `${told.join('; ')} (${lastDetail})` };
  },
};

function roughly(ms: number): string {
  return formatDuration(Math.round(ms / SECOND_MS) * SECOND_MS);
}

function lifetimeOutcome(
  grantedMs: number,
  expectedMs: number,
  asked: readonly number[],
  told: readonly string[],
): Outcome {
  const sent = `asked for ${asked.map(formatDuration).join(', ')} until one is granted`;
  const isEnough = grantedMs >= expectedMs - ROUNDING_MS;
  const need = `${formatDuration(expectedMs)} ${isEnough ? 'are' : 'would be'} needed`;
  return { verdict: isEnough ? 'pass' : 'fail', sent, answered: [...told, need].join('; ') };
}

const PROPAGATION: Point = {
  id: 'C19-propagation',
  rules: ['C19'],
  title: 'A fresh credential is known to the storage soon',
  remedy: 'a mover waits for a minute at most: make new keys known faster',
  async run(subject) {
    const { names, propagationAnswers } = subject;
    const credential = await subject.issueUsable(names.tenant, subject.usualLifetimeMs());
    await subject.discard(credential);
    const { propagationMs } = subject;
    const before = [...propagationAnswers];
    const answered =
      before.length === 0
        ? 'every credential was accepted at its first use'
        : `accepted after ${formatDuration(propagationMs)} at most; before that ${before.join(', ')}`;
    const boundMs = Math.max(PROPAGATION_MAX_MS, subject.capabilities.propagationMaxMs);
    const verdict = propagationMs <= boundMs ? 'pass' : 'fail';
    return { verdict, sent: 'each new credential used at once, then every 500ms', answered };
  },
};

export const ISSUE_POINTS: readonly Point[] = [ISSUE, LIFETIME, PROPAGATION];
