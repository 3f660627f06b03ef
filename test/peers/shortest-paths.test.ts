import { expect, test } from 'vitest';
import { getShortestPaths } from 'xstate/graph';
import {
  type ConnectionEvent,
  controlConnectionMachine,
} from '../../machines/control-connection/index.ts';
import { statePath } from '../../machines/ports/invariant.ts';
import { compileMachine } from '../../sim/kernel/compile/index.ts';

/** xstate/graph and our own search in breadth come to every state of a machine in as many steps. */
const AT = 1_000;
const INPUT = {
  handshakeTimeoutMs: 10,
  heartbeatMs: 20,
  silenceMs: 60,
  backoffFirstMs: 1,
  backoffCapMs: 2,
};
const EVENTS: readonly ConnectionEvent[] = [
  { type: 'connection.required', at: AT },
  { type: 'connection.released', at: AT },
  { type: 'link.opened', at: AT },
  { type: 'link.failed', at: AT, code: 'channel.lost' },
  { type: 'link.lost', at: AT },
  { type: 'hello.accepted', at: AT },
  { type: 'hello.refused', at: AT, code: 'channel.refused' },
];

test('the control connection: as many steps to each state as xstate/graph needs', () => {
  const theirs = new Map<string, number>();
  const paths = getShortestPaths(controlConnectionMachine, {
    input: INPUT,
    events: [...EVENTS],
    serializeState: ({ value }: { readonly value: unknown }) => statePath(value),
  } as never);
  for (const { state, weight } of paths) {
    const path = statePath((state as { readonly value: unknown }).value);
    theirs.set(path, Math.min(weight, theirs.get(path) ?? Number.POSITIVE_INFINITY));
  }
  expect(ownDistances()).toEqual(new Map([...theirs].sort()));
  expect(theirs.size).toBe(6);
});

function ownDistances(): Map<string, number> {
  const program = compileMachine(controlConnectionMachine);
  const first = program.startWith(INPUT);
  const distances = new Map([[first.state, 0]]);
  const queue = [first];
  for (const { state, context } of queue) {
    for (const event of EVENTS) {
      const next = program.next(state, context, event);
      if (distances.has(next.state)) continue;
      distances.set(next.state, (distances.get(state) as number) + 1);
      queue.push({ ...next });
    }
  }
  const named = [...distances].map(
    ([state, steps]) => [program.states[state] as string, steps] as const,
  );
  return new Map(named.sort());
}
