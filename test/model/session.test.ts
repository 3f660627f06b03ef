import { describe, expect, test } from 'vitest';
import { backupSessionMachine } from '../../machines/backup-session/index.ts';
import { leafStates } from '../support/machine-diagram.ts';
import { property, SEED } from '../support/seed.ts';
import { anyDraws, healthyDraws, type SessionDraw, storyDraws } from './session-inputs.ts';
import { SessionWorld } from './session-world.ts';

/** Left in the same step in which they are entered. */
const TRANSIENT = ['ending.abandoning', 'over'];

describe('a backup session', () => {
  const statesSeen = new Set<string>();

  property(
    'keeps I15 I16 I27 I71 P7 P8 C15 C16 C20 Q3 and ends (L1) in any world',
    [anyDraws],
    (draw) => {
      const world = new SessionWorld(draw);
      world.run();
      for (const state of world.statesSeen) statesSeen.add(state);
      return true;
    },
    { numRuns: 1_200, examples: storyDraws.map((draw): [SessionDraw] => [draw]) },
  );

  test(`L15: every state was seen in those runs [seed ${SEED}]`, () => {
    const all = leafStates(backupSessionMachine).filter((state) => !TRANSIENT.includes(state));
    expect([...statesSeen].sort()).toEqual(all.sort());
  });

  property(
    'L2: is done in a healthy world, unless strict and longer than its credential',
    [healthyDraws],
    (draw) => {
      const world = new SessionWorld(draw);
      world.run();
      const { outcome } = world.context;
      if (outcome?.state === 'done') return true;
      expect(draw.input.inSession).toBe('strict');
      expect(outcome?.code).toBe('credential.expired');
      return true;
    },
    { numRuns: 500 },
  );
});
