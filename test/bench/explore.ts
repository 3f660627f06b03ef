import { existsSync } from 'node:fs';
import { Search, System, systemNamed } from '../../sim/explore/index.ts';
import { runSpin } from '../peers/spin.ts';
import { debianProgram } from '../real/programs.ts';
import { type Benchmark, type Figure, perSecond, ratioOf, startStopwatch } from './measure.ts';

const BOUNDS = { scopes: 1, sessions: 3, faults: 0 };
const LIMITS = { depth: null, bytes: null, isOver: () => false };
/** A model of 2.2 million states: written by hand, and much smaller a state than ours. */
const SPIN_MODEL = ['ASKERS=12', 'FAULTS=8'];

interface Sample {
  readonly states: number;
  readonly transitions: number;
  readonly bytes: number;
}

function explore(system: System, tookMs: () => number): Sample {
  const { states, transitions, bytes } = new Search(system, LIMITS).run();
  const took = tookMs();
  return {
    states: perSecond(states, took),
    transitions: perSecond(transitions, took),
    bytes: bytes / states,
  };
}

function measureExplorer(runs: number): readonly (readonly [cold: Sample, warm: Sample])[] {
  return Array.from({ length: runs }, () => {
    const system = new System({ settings: systemNamed('aws-direct'), bounds: BOUNDS });
    return [explore(system, startStopwatch()), explore(system, startStopwatch())] as const;
  });
}

function figuresOf(name: string, samples: readonly Sample[]): readonly Figure[] {
  return [
    { name: `${name}: states`, unit: 'ops/s', samples: samples.map(({ states }) => states) },
    {
      name: `${name}: transitions`,
      unit: 'ops/s',
      samples: samples.map(({ transitions }) => transitions),
    },
  ];
}

function spinFigures(runs: number, ours: readonly Sample[]): readonly Figure[] {
  if (!existsSync(debianProgram('spin')) || !existsSync(debianProgram('gcc'))) return [];
  const results = Array.from({ length: runs }, () => runSpin('desk.pml', SPIN_MODEL));
  const states = results.map((one) => one.states / one.seconds);
  const transitions = results.map((one) => one.transitions / one.seconds);
  const ratio = (of: readonly number[], to: readonly number[]) => [
    { to: 'explorer (warm)', ratio: ratioOf(of, to) },
  ];
  return [
    {
      name: 'SPIN, a model of its own: states',
      unit: 'ops/s',
      samples: states,
      ratios: ratio(
        states,
        ours.map((one) => one.states),
      ),
    },
    {
      name: 'SPIN, a model of its own: transitions',
      unit: 'ops/s',
      samples: transitions,
      ratios: ratio(
        transitions,
        ours.map((one) => one.transitions),
      ),
    },
    // 24 bits of hash table, 8 bytes each, are not a state's: they are left out.
    {
      name: 'SPIN: MB for a million states',
      unit: 'MB',
      samples: results.map((one) => one.stateBytes + SPIN_OVERHEAD_BYTES),
    },
  ];
}

const SPIN_OVERHEAD_BYTES = 20;

/** All states of a small system, on one core. */
export const explorer: Benchmark = {
  name: 'explore',
  title: 'Exhaustive exploration',
  notes: [
    'The system aws-direct with 3 sessions in one scope; the machines themselves, all states kept.',
    'Cold: every step of a machine is worked out once. Warm: it has been, only lookups are left.',
    'SPIN runs test/peers/desk.pml (another, hand-written model) if Debian has it installed.',
  ],
  run: async ({ runs }) => {
    const count = runs ?? 3;
    const samples = measureExplorer(count);
    const cold = samples.map(([one]) => one);
    const warm = samples.map(([, one]) => one);
    return [
      ...figuresOf('explorer, cold', cold),
      ...figuresOf('explorer, warm', warm),
      {
        name: 'explorer: MB for a million states',
        unit: 'MB',
        samples: warm.map(({ bytes }) => bytes),
      },
      ...spinFigures(count, warm),
    ];
  },
};
