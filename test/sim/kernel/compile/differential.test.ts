import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { backupSessionMachine } from '../../../../machines/backup-session/index.ts';
import { controlConnectionMachine } from '../../../../machines/control-connection/index.ts';
import { credentialLifecycleMachine } from '../../../../machines/credential-lifecycle/index.ts';
import { sourceMoverMachine, targetMoverMachine } from '../../../../machines/data-mover/index.ts';
import { modeSelectionMachine } from '../../../../machines/mode-selection/index.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../../machines/rules/time.ts';
import { compileMachine } from '../../../../sim/kernel/compile/index.ts';
import { everySetting } from '../../../model/every-setting.ts';
import {
  EVERY_CONNECT,
  FOURTEEN_DAYS,
  SEVEN_DAYS,
  THIRTY_DAYS,
} from '../../../model/lifecycle-settings.ts';
import { SESSION_INPUT } from '../../../model/session-inputs.ts';
import { START } from '../../../model/start.ts';
import { property } from '../../../support/seed.ts';
import { drawnSteps, takeSteps } from './drawn-events.ts';
import { SideBySide } from './side-by-side.ts';

interface Compared {
  readonly machine: AnyStateMachine;
  readonly inputs: fc.Arbitrary<unknown>;
  /** Left in the step in which they are entered. */
  readonly transient?: readonly string[];
}

const handles = fc
  .constantFrom(-HOUR_MS, 1, HOUR_MS, 24 * HOUR_MS, 13 * DAY_MS)
  .map((leftMs) => ({ generation: 3, issuedAt: START - DAY_MS, expiresAt: START + leftMs }));

const COMPARED: readonly Compared[] = [
  {
    machine: backupSessionMachine,
    inputs: fc
      .record({
        inSession: fc.constantFrom('reconnect', 'proactive', 'strict'),
        quotaWaitMs: fc.constantFrom(0, 2 * DAY_MS),
        restartsMax: fc.constantFrom(0, 3),
      })
      .map((chosen) => ({ ...SESSION_INPUT, ...chosen })),
    transient: ['ending.abandoning', 'over'],
  },
  {
    machine: credentialLifecycleMachine,
    inputs: fc.record({
      settings: fc
        .record({
          base: fc.constantFrom(FOURTEEN_DAYS, THIRTY_DAYS, SEVEN_DAYS, EVERY_CONNECT),
          strictRenewal: fc.boolean(),
          checkClock: fc.constantFrom('tenant', 'sp'),
        })
        .map(({ base, ...chosen }) => ({ ...base, ...chosen })),
      current: fc.option(handles),
      older: fc.array(handles, { maxLength: 2 }),
      lastGeneration: fc.constantFrom(0, 3),
    }),
    transient: ['restoring', 'failing', 'ending'],
  },
  {
    machine: controlConnectionMachine,
    inputs: fc.constant({
      handshakeTimeoutMs: 10 * SECOND_MS,
      heartbeatMs: 30 * SECOND_MS,
      silenceMs: 90 * SECOND_MS,
      backoffFirstMs: SECOND_MS,
      backoffCapMs: MINUTE_MS,
    }),
  },
  { machine: sourceMoverMachine, inputs: fc.constant({ linkTimeoutMs: MINUTE_MS }) },
  { machine: targetMoverMachine, inputs: fc.constant({ linkTimeoutMs: MINUTE_MS }) },
];

describe.each(COMPARED)('$machine.id compiled and on XState', ({ machine, inputs, transient }) => {
  const program = compileMachine(machine);
  const statesSeen = new Set<string>();
  const active = program.states.filter((_, state) => !program.isFinal(state));

  property(
    'always do the same: events known and unknown, instants at boundaries, crashes',
    [inputs, drawnSteps],
    (input, drawn) => {
      const pair = new SideBySide(machine, input, program);
      takeSteps(pair, drawn, START);
      pair.stop();
      for (const state of pair.statesSeen) statesSeen.add(state);
      return true;
    },
    { numRuns: 400 },
  );

  test('every state in which the machine can rest was seen in those runs', () => {
    const resting = active.filter((state) => !transient?.includes(state));
    expect([...statesSeen].sort()).toEqual(resting.sort());
  });
});

describe('modeSelection compiled and on XState', () => {
  const program = compileMachine(modeSelectionMachine);

  test('M1-M7: gives the same route and the same reasons for every setting', () => {
    for (const settings of everySetting()) {
      new SideBySide(modeSelectionMachine, settings, program as never).stop();
    }
  });
});
