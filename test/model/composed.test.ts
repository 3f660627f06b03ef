import { expect, test, vi } from 'vitest';
import { canonicalJson } from '../../sim/kernel/index.ts';
import { property, SEED } from '../support/seed.ts';
import { composedCommands } from './commands/index.ts';
import { runComposed } from './composed/run.ts';

/** What every run of the suite must put to the test at least once (L15). */
const WITNESSED = [
  ...['I1', 'I2', 'I3', 'I4', 'I6', 'I8', 'I13', 'I14', 'I15', 'I16', 'I18', 'I19', 'I20', 'I21'],
  ...['I22', 'I23', 'I24', 'I25', 'I26', 'I27', 'I28', 'I30', 'I31', 'I32', 'I33', 'I35', 'I36'],
  ...['I37', 'I41', 'I44', 'I45', 'I51', 'I53', 'I54', 'I55', 'I58', 'I64', 'I71', 'I72'],
];
/** Shrinking may take longer than a test may: the best counterexample so far is told. */
const TIME_LIMIT_MS = 160_000;
vi.setConfig({ testTimeout: 180_000 });

const witnesses = new Map<string, number>();
const endings = new Set<string>();

property(
  'the composed system keeps every rule that a log can tell, and recovers (L1 L2 I58 I74 Q2)',
  [composedCommands],
  async (commands) => {
    const world = await runComposed(commands);
    for (const [invariant, times] of Object.entries(world.report?.witnesses ?? {})) {
      witnesses.set(invariant, (witnesses.get(invariant) ?? 0) + times);
    }
    for (const { result } of world.sessions) endings.add(result?.state ?? 'orphaned');
    return true;
  },
  { numRuns: 60, interruptAfterTimeLimit: TIME_LIMIT_MS },
);

test(`L15: those runs have put the rules to the test, and ended in every way [seed ${SEED}]`, () => {
  expect(WITNESSED.filter((invariant) => (witnesses.get(invariant) ?? 0) === 0)).toEqual([]);
  expect([...endings].sort()).toEqual(['cancelled', 'done', 'failed', 'orphaned']);
});

property(
  'I76: the same commands give the same log, byte for byte',
  [composedCommands],
  async (commands) => {
    const [first, second] = [await runComposed(commands), await runComposed(commands)];
    const textOf = ({ log }: typeof first): string => canonicalJson(log.events as never);
    expect(textOf(second)).toBe(textOf(first));
    return true;
  },
  { numRuns: 5, interruptAfterTimeLimit: TIME_LIMIT_MS },
);
