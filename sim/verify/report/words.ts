import type { Verdict } from '../outcome.ts';
import type { VerifyEnd, VerifyReport } from '../run.ts';

/** Short enough for a column. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  pass: 'pass',
  fail: 'FAIL',
  'not-applicable': 'n/a',
  inconclusive: 'open',
};

const ENDS: Readonly<Record<VerifyEnd, string>> = {
  passed: 'OK: this storage can carry direct mode by this way of issuing.',
  failed: 'NOT OK: at least one point failed.',
  unreachable: 'NOT REACHED: nothing was found out about direct mode.',
  inconclusive: 'INCONCLUSIVE: no point failed, but not every point was answered.',
  stopped: 'STOPPED: not every point was asked.',
};

export function endSentence({ end }: VerifyReport): string {
  return ENDS[end];
}

export function countSentence({ counts }: VerifyReport): string {
  return `${counts.pass} passed, ${counts.fail} failed, ${counts.inconclusive} open, ${counts['not-applicable']} not applicable`;
}
