import { areDeadlinesWhole, hasOnlyDeadlines, type Invariant } from '../ports/invariant.ts';
import type { SessionContext } from './backup-session.events.ts';

const TERMINAL = ['done', 'failed', 'cancelled'];

/** States in which the session waits for somebody else, who may never answer. */
const NEEDS_BUDGET = [
  'active.connecting',
  'active.opening',
  'active.startingSource',
  'active.startingTarget',
  'active.startingBoth',
  'active.contacting',
  'active.awaitingCredential',
  'active.draining',
  'active.detached',
  'active.awaitingQuota',
  'active.restarting',
  'active.reattaching',
  'ending.aborting',
  'ending.cleaningUp',
  'ending.stoppingMovers',
  'ending.closing',
];

/** What the explorer and the properties ask after every step of a session. */
export const sessionInvariants: readonly Invariant<SessionContext>[] = [
  {
    id: 'I71',
    sentence: 'the outcome is there from the first step of the end on, and only then',
    holds: (state, { outcome }) =>
      (outcome !== null) === (state.startsWith('ending.') || TERMINAL.includes(state)),
  },
  {
    id: 'I71',
    sentence: 'the last state is the one that the outcome names',
    holds: (state, { outcome }) => !TERMINAL.includes(state) || outcome?.state === state,
  },
  {
    id: 'P7',
    sentence: 'no byte moves before both movers are ready and, direct, the credential is there',
    holds: (state, { isSourceReady, isTargetReady, route, credential }) =>
      state !== 'active.running' ||
      (isSourceReady && isTargetReady && (route?.dataPath === 'gateway' || credential !== null)),
  },
  {
    id: 'I2',
    sentence: 'on a gateway route the tenant holds no credential',
    holds: (_state, { route, credential }) => route?.dataPath !== 'gateway' || credential === null,
  },
  {
    id: 'P3',
    sentence: 'contact, credential and drains for them exist on direct routes only',
    holds: (state, { route }) =>
      !['active.startingBoth', 'active.contacting', 'active.awaitingCredential'].includes(state) ||
      route?.dataPath === 'direct',
  },
  {
    id: 'L1',
    sentence: 'every wait for somebody else has a budget',
    holds: (state, { deadlines }) => !NEEDS_BUDGET.includes(state) || deadlines.budget !== null,
  },
  {
    id: 'C15',
    sentence: 'a running session watches the end of its credential',
    holds: (state, { credential, input, deadlines }) => {
      if (state !== 'active.running' || (credential?.expiresAt ?? null) === null) return true;
      return (input.inSession === 'strict' ? deadlines.expiry : deadlines.stopStarting) !== null;
    },
  },
  {
    id: 'decision 1',
    sentence: 'deadlines are whole instants and none is left behind',
    holds: (state, { deadlines }) =>
      areDeadlinesWhole(deadlines) && hasOnlyDeadlines(deadlines, deadlinesOf(state)),
  },
];

function deadlinesOf(state: string): readonly string[] {
  if (TERMINAL.includes(state) || state === 'active.pausedByUser') return [];
  if (state === 'active.running') return ['stopStarting', 'expiry', 'heartbeat'];
  if (state === 'active.detached') return ['budget', 'stopStarting', 'expiry'];
  return ['budget'];
}
