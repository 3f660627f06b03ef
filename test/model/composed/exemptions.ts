import type { Violation } from '../../../sim/check/index.ts';

/** What has happened in a run that a log cannot tell, or that the product does not yet. */
export interface Losses {
  readonly hasGatewayCrashed: boolean;
  readonly hadWrongClock: boolean;
}

export interface Exemption {
  readonly invariant: string;
  readonly text: RegExp;
  readonly applies: (losses: Losses) => boolean;
  readonly why: string;
}

export const EXEMPTIONS: readonly Exemption[] = [
  {
    invariant: 'I3',
    text: /./,
    applies: ({ hasGatewayCrashed }) => hasGatewayCrashed,
    why: 'what a gateway had counted when it crashed, nobody knows any more',
  },
  {
    invariant: 'I71',
    text: /a storage request started after the end/,
    applies: ({ hadWrongClock }) => hadWrongClock,
    why: 'a request tells its start on its own clock, the end of a session is told on the true one',
  },
];

/** Whether a violation follows from a loss, and says nothing about a rule. */
export function isExempt(
  { invariant, text }: Violation,
  losses: Losses,
  exemptions: readonly Exemption[],
): boolean {
  return exemptions.some(
    (one) => one.invariant === invariant && one.text.test(text) && one.applies(losses),
  );
}
