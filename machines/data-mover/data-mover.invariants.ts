import { areDeadlinesWhole, hasOnlyDeadlines, type Invariant } from '../ports/invariant.ts';
import type { MoverContext, TargetMoverContext } from './data-mover.events.ts';

/** What the explorer and the properties ask after every step of either mover. */
export const moverInvariants: readonly Invariant<MoverContext>[] = [
  {
    id: 'L1',
    sentence: 'the wait for the data link, and only that wait, has a deadline',
    holds: (state, { deadlines }) =>
      areDeadlinesWhole(deadlines) &&
      hasOnlyDeadlines(deadlines, state === 'linking' ? ['link'] : []) &&
      (state !== 'linking' || deadlines.link !== null),
  },
];

export const targetMoverInvariants: readonly Invariant<TargetMoverContext>[] = [
  ...moverInvariants,
  {
    id: 'Q2',
    sentence: 'what is asked for is a whole number of bytes',
    holds: (_state, { askedBytes }) => Number.isSafeInteger(askedBytes) && askedBytes >= 0,
  },
];
