import { areDeadlinesWhole, hasOnlyDeadlines, type Invariant } from '../ports/invariant.ts';
import type { ConnectionContext } from './control-connection.events.ts';

const DEADLINES_OF_STATE: Readonly<Record<string, readonly string[]>> = {
  idle: [],
  dialing: ['handshake'],
  handshaking: ['handshake'],
  connected: ['heartbeat', 'silence'],
  backingOff: ['backoff'],
  refused: [],
};

/** What the explorer and the properties ask after every step of a control connection. */
export const connectionInvariants: readonly Invariant<ConnectionContext>[] = [
  {
    id: 'L6',
    sentence: 'every state sets exactly its own deadlines, so none waits for ever',
    holds: (state, { deadlines }) => {
      const names = DEADLINES_OF_STATE[state] ?? [];
      return (
        areDeadlinesWhole(deadlines) &&
        hasOnlyDeadlines(deadlines, names) &&
        Object.entries(deadlines).every(([name, at]) => !names.includes(name) || at !== null)
      );
    },
  },
  {
    id: 'P5',
    sentence: 'a connection that is up, or wanted by nobody, has no failed attempts on record',
    holds: (state, { attempt, lastError }) =>
      (state !== 'connected' && state !== 'idle') || (attempt === 0 && lastError === null),
  },
];
