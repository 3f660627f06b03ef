import { describe, expect, test } from 'vitest';
import { getShortestPaths } from 'xstate/graph';
import { backupSessionMachine } from '../../machines/backup-session/index.ts';
import { controlConnectionMachine } from '../../machines/control-connection/index.ts';
import { credentialLifecycleMachine } from '../../machines/credential-lifecycle/index.ts';
import { sourceMoverMachine, targetMoverMachine } from '../../machines/data-mover/index.ts';
import { UnexpectedEventError } from '../../machines/ports/unexpected-event.ts';
import { deskNamed } from '../../sim/explore/index.ts';
import { type AnyMachine, compileMachine } from '../../sim/kernel/compile/index.ts';

/**
 * xstate/graph and our own search in breadth come to every state of a machine in as many steps. All
 * happens in one moment and with few values, so that the states are few; mode selection hears no
 * event and is therefore not here.
 */
const AT = 1_000_000_000;
const DAY_MS = 86_400_000;
const { lifecycle, session, openings } = deskNamed('aws-direct');
const CODES = { code: 'session.cancelled', role: 'source' } as const;
const MOVER = { ...CODES, generation: 1, expiresAt: null, grantedBytes: 1, bytes: 1 };
const SESSION = {
  ...CODES,
  ...openings[0],
  generation: 1,
  expiresAt: AT + 14 * DAY_MS,
  degraded: false,
  heldGeneration: 0,
  heldExpiresAt: null,
};
const REQUEST = { requestId: 'one', trigger: 'connect', renew: true, heldGeneration: 1 } as const;
const ISSUED = { ...CODES, ...REQUEST, expiresAt: AT + DAY_MS / 2 };

interface Subject {
  readonly machine: AnyMachine;
  readonly input: unknown;
  /** Every event is sent with all of these beside it. */
  readonly payloads: readonly object[];
  /** What makes two snapshots one state. */
  readonly keyOf: (value: unknown, context: Readonly<Record<string, unknown>>) => unknown;
  readonly statesMin: number;
}

const whole: Subject['keyOf'] = (value, { input: _input, ...context }) => [value, context];

const SUBJECTS: Readonly<Record<string, Subject>> = {
  'source mover': {
    machine: sourceMoverMachine,
    input: { linkTimeoutMs: 10 },
    payloads: [MOVER],
    keyOf: whole,
    statesMin: 7,
  },
  'target mover': {
    machine: targetMoverMachine,
    input: { linkTimeoutMs: 10 },
    payloads: [MOVER],
    keyOf: whole,
    statesMin: 60,
  },
  'control connection': {
    machine: controlConnectionMachine,
    input: {
      handshakeTimeoutMs: 10,
      heartbeatMs: 20,
      silenceMs: 60,
      backoffFirstMs: 1,
      backoffCapMs: 2,
    },
    payloads: [CODES],
    // How often it was tried before only makes the wait longer.
    keyOf: (value, { lastError }) => [value, lastError],
    statesMin: 8,
  },
  'credential lifecycle': {
    machine: credentialLifecycleMachine,
    input: { settings: lifecycle, current: null, older: [], lastGeneration: 0 },
    payloads: [1, 2].map((generation) => ({ ...ISSUED, generation })),
    // Generations and attempts rise for ever (C12).
    keyOf: (value, { waiters, current }) => [value, waiters, current !== null],
    statesMin: 12,
  },
  'backup session': {
    machine: backupSessionMachine,
    input: { ...session, startedAt: AT },
    payloads: [SESSION, { ...SESSION, role: 'target' }],
    keyOf: (value, { isSourceReady, isTargetReady, credential, drainReason, outcome }) => {
      return [value, isSourceReady, isTargetReady, credential !== null, drainReason, outcome];
    },
    statesMin: 20,
  },
};

describe('as many steps to each state as xstate/graph needs', () => {
  test.each(Object.entries(SUBJECTS))('%s', (_name, subject) => {
    const theirs = theirDistances(subject);
    expect(ownDistances(subject)).toEqual(theirs);
    expect(theirs.size).toBeGreaterThanOrEqual(subject.statesMin);
  });
});

function eventsOf({ machine, payloads }: Subject): { readonly type: string }[] {
  const types = machine.events.filter((type) => type !== '*');
  return types.flatMap((type) => payloads.map((payload) => ({ ...payload, type, at: AT })));
}

function theirDistances(subject: Subject): ReadonlyMap<string, number> {
  const paths = getShortestPaths(subject.machine, {
    input: subject.input,
    events: eventsOf(subject),
    serializeState: ({ value, context }: { value: unknown; context: object }) =>
      JSON.stringify(subject.keyOf(value, context as never)),
  } as never);
  const distances = new Map<string, number>();
  for (const { state, weight } of paths) {
    const { value, context } = state as { readonly value: unknown; readonly context: object };
    const key = JSON.stringify(subject.keyOf(value, context as never));
    distances.set(key, Math.min(weight, distances.get(key) ?? Number.POSITIVE_INFINITY));
  }
  return distances;
}

function ownDistances(subject: Subject): ReadonlyMap<string, number> {
  const program = compileMachine(subject.machine);
  const first = program.startWith(subject.input as never);
  const keyOf = ({ state, context }: Pick<typeof first, 'state' | 'context'>): string =>
    JSON.stringify(subject.keyOf(program.valueOf(state), context as never));
  const distances = new Map([[keyOf(first), 0]]);
  const queue = [{ state: first.state, context: first.context }];
  for (const { state, context } of queue) {
    const distance = distances.get(keyOf({ state, context })) as number;
    if (program.isFinal(state)) continue;
    for (const event of eventsOf(subject)) {
      const next = step(() => program.next(state, context, event as never));
      if (next === null || distances.has(keyOf(next))) continue;
      distances.set(keyOf(next), distance + 1);
      queue.push({ state: next.state, context: next.context });
    }
  }
  return distances;
}

/** An event that cannot happen there is an error for us, and no step for xstate/graph. */
function step<Value>(take: () => Value): Value | null {
  try {
    return take();
  } catch (error) {
    if (error instanceof UnexpectedEventError) return null;
    throw error;
  }
}
