import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';

export const VERDICTS = ['pass', 'fail', 'not-applicable', 'inconclusive'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What one point found out. */
export interface Outcome {
  readonly verdict: Verdict;
  /** What was asked of the storage, in words. */
  readonly sent: string;
  /** What it answered: codes of the catalogue and the storage's own words, free of secrets. */
  readonly answered: string;
  /** Instead of the point's own remedy. */
  readonly remedy?: string;
}

/** A point as it is told: every field is there, whatever the verdict. */
export interface PointReport extends Outcome {
  readonly id: string;
  readonly rules: readonly string[];
  readonly title: string;
  /** Empty when there is nothing to do. */
  readonly remedy: string;
  readonly durationMs: number;
}

export type Answer = ErrorCode | 'resolved';

export interface Answered {
  readonly answer: Answer;
  /** The storage's own words. */
  readonly detail: string;
}

/** What a call was answered with; anything but an expected error is thrown on. */
export async function answerOf(call: Promise<unknown>): Promise<Answered> {
  try {
    await call;
    return { answer: 'resolved', detail: '' };
  } catch (thrown) {
    if (!(thrown instanceof FortnightError)) throw thrown;
    return { answer: thrown.code, detail: thrown.detail };
  }
}

/** Nothing was said about the question: the network, a load or a fault of the server was in the way. */
const SAYS_NOTHING: ReadonlySet<Answer> = new Set<Answer>([
  'storage.unreachable',
  'storage.unavailable',
  'storage.throttled',
  'issuer.unavailable',
  'session.cancelled',
  'unknown',
]);

export function saysNothing(answer: Answer): boolean {
  return SAYS_NOTHING.has(answer);
}

/** As people read it: what went through was allowed. */
function wordOf(answer: Answer): string {
  return answer === 'resolved' ? 'allowed' : answer;
}

/**
 * Answers of one point beside those that were expected. One wrong answer fails the point, one that
 * says nothing leaves it open; good ones are counted.
 */
export class Tally {
  readonly #wrong: string[] = [];
  readonly #open: string[] = [];
  readonly #good = new Map<string, number>();

  /** Waits for the call and notes its answer. */
  async expect(what: string, call: Promise<unknown>, ...wanted: readonly Answer[]): Promise<void> {
    this.note(what, await answerOf(call), wanted);
  }

  note(what: string, answered: Answered, wanted: readonly Answer[]): void {
    const { answer, detail } = answered;
    if (wanted.includes(answer)) {
      this.#count(wordOf(answer));
      return;
    }
    const line = `${what} → ${wordOf(answer)}${detail === '' ? '' : ` (${detail})`}`;
    (saysNothing(answer) ? this.#open : this.#wrong).push(line);
  }

  /** Something that is no answer of one call. */
  check(what: string, isRight: boolean, found: string): void {
    if (isRight) this.#count('as it should be');
    else this.#wrong.push(`${what} → no: ${found}`);
  }

  #count(word: string): void {
    this.#good.set(word, (this.#good.get(word) ?? 0) + 1);
  }

  outcome(sent: string, remark = ''): Outcome {
    const told = [...this.#wrong, ...this.#open];
    const verdict = this.#wrong.length > 0 ? 'fail' : told.length > 0 ? 'inconclusive' : 'pass';
    if (verdict === 'pass' && this.#good.size === 0) {
      return { verdict: 'inconclusive', sent, answered: 'nothing was asked' };
    }
    const counts = [...this.#good].map(([word, count]) => `${word} ×${count}`).join(', ');
    const lines = told.slice(0, LINES_MAX);
    if (told.length > LINES_MAX) lines.push(`and ${told.length - LINES_MAX} more`);
    const parts = told.length > 0 ? lines : [counts];
    return { verdict, sent, answered: [...parts, remark].filter((part) => part !== '').join('; ') };
  }
}

/** What fails fails everywhere in the same way: a few examples say it all. */
const LINES_MAX = 6;

export function notApplicable(why: string): Outcome {
  return { verdict: 'not-applicable', sent: '', answered: why };
}

export function inconclusive(why: string, remedy?: string): Outcome {
  const outcome = { verdict: 'inconclusive', sent: '', answered: why } as const;
  return remedy === undefined ? outcome : { ...outcome, remedy };
}
