import { formatInstant } from '../../../machines/rules/time.ts';
import type { FleetSession, WorldParts } from './parts.ts';

const WAITS: Readonly<Record<string, string>> = {
  'active.connecting': 'waits for the connection to the service provider',
  'active.opening': 'has asked the SP to be opened and waits for the answer',
  'active.startingSource': 'waits for its source mover to start',
  'active.startingTarget': 'waits for the target mover on the SP side to start',
  'active.startingBoth': 'waits for its two movers to start',
  'active.contacting': 'waits for its target mover to reach the SP through the cloud gateway',
  'active.awaitingCredential': 'waits for a credential',
  'active.running': 'moves data',
  'active.draining': 'waits for requests in flight to finish',
  'active.detached': 'is cut off from the SP and waits for the connection to come back',
  'active.awaitingQuota': 'waits for its quota to be raised',
  'active.restarting': 'waits for its old movers to stop',
  'active.reattaching': 'waits for the connection before it starts fresh movers',
};

/** Why a session is not over, in words. */
export function explainPending(session: FleetSession, { runners }: WorldParts): string {
  const state = runners.session.stateOf(session.running);
  const words = WAITS[state] ?? `is in ${state}`;
  const { budget } = session.running.context.deadlines;
  const until = budget === null ? '' : `, at the longest until ${formatInstant(budget)}`;
  const left = session.sizeBytes - session.storedBytes;
  const moving =
    state === 'active.running' ? ` (${left} of ${session.sizeBytes} bytes are left)` : '';
  return `${session.id} ${words}${moving}${until}`;
}
