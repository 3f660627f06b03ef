import { areDeadlinesWhole, hasOnlyDeadlines, type Invariant } from '../ports/invariant.ts';
import type { LifecycleContext } from './credential-lifecycle.events.ts';

const ENDED = ['revoking', 'revoked', 'revocationFailed'];

/** Which deadlines may be set in which state; a state that is not named may set none. */
const DEADLINES_OF_STATE: Readonly<Record<string, readonly string[]>> = {
  'live.fresh': ['renewalLine', 'expiry'],
  'live.due': ['expiry'],
  'live.degraded': ['expiry', 'retry'],
  backingOff: ['retry'],
  revoking: ['retry', 'issueTimeout'],
};

function isObtaining(state: string): boolean {
  return state.startsWith('issuing.') || state.startsWith('renewing.');
}

/** What the explorer and the properties ask after every step of the credential lifecycle. */
export const lifecycleInvariants: readonly Invariant<LifecycleContext>[] = [
  {
    id: 'C12',
    sentence: 'generations only rise: older < current < in the making <= the last number used',
    holds: (_state, { older, current, issued, lastGeneration }) => {
      const rising = [...older, current, issued]
        .filter((one) => one !== null)
        .map((one) => one.generation);
      return rising.every(
        (generation, index) =>
          generation <= lastGeneration && (index === 0 || generation > (rising[index - 1] ?? 0)),
      );
    },
  },
  {
    id: 'I31',
    sentence: 'only a state that obtains or waits to try again has waiters, each once',
    holds: (state, { waiters }) =>
      new Set(waiters).size === waiters.length &&
      (waiters.length === 0 || isObtaining(state) || state === 'backingOff'),
  },
  {
    id: 'C5',
    sentence: 'what is issued and not yet saved exists only while it is being saved',
    holds: (state, { issued, lastGeneration }) =>
      state.endsWith('.saving') ? issued?.generation === lastGeneration : issued === null,
  },
  {
    id: 'C22',
    sentence: 'a disabled scope has nothing to deliver, and only a disabled scope is ended',
    holds: (state, { isDisabled, current, waiters }) =>
      isDisabled === ENDED.includes(state) &&
      (!isDisabled || (current === null && waiters.length === 0)),
  },
  {
    id: 'C2',
    sentence: 'a live state holds a credential',
    holds: (state, { current }) =>
      (!state.startsWith('live.') || current !== null) && (state !== 'absent' || current === null),
  },
  {
    id: 'L8',
    sentence: 'revocation is tried a bounded number of times',
    holds: (state, { revokeAttempt, revoking, settings }) =>
      revokeAttempt <= settings.revokeAttemptsMax && (state !== 'revoked' || revoking.length === 0),
  },
  {
    id: 'L3',
    sentence: 'every wait for an answer has a deadline',
    holds: (state, { deadlines }) => {
      if (isObtaining(state)) return deadlines.issueTimeout !== null;
      if (state === 'backingOff' || state === 'live.degraded') return deadlines.retry !== null;
      if (state === 'revoking') return deadlines.retry !== null || deadlines.issueTimeout !== null;
      return true;
    },
  },
  {
    id: 'decision 1',
    sentence: 'deadlines are whole instants and none is left behind',
    holds: (state, { deadlines }) =>
      areDeadlinesWhole(deadlines) &&
      hasOnlyDeadlines(
        deadlines,
        isObtaining(state) ? ['issueTimeout'] : (DEADLINES_OF_STATE[state] ?? []),
      ),
  },
];
