import { existsSync } from 'node:fs';
import { Search, System, systemNamed } from '../../sim/explore/index.ts';
import { runSpin, type SpinResult } from '../peers/spin.ts';
import { debianProgram } from '../real/programs.ts';
import { type Benchmark, type Figure, perSecond, ratioOf } from './measure.ts';

const BOUNDS = { scopes: 1, sessions: 3, faults: 0 };
const LIMITS = { depth: null, bytes: null, isOver: () => false };
/** Debian has no package of it, and a program from elsewhere is not fetched by a benchmark. */
const TLC = 'TLC: NOT RUN: no Debian package has tla2tools.jar.';
/** A model of 2.2 million states: written by hand, and much smaller a state than ours. */
const SPIN_MODEL = ['ASKERS=12', 'FAULTS=8'];

interface Sample {
  readonly states: number;
  readonly transitions: number;
  readonly bytes: number;
}

function explore(system: System): Sample {
  const before = process.cpuUsage();
  const { states, transitions, bytes } = new Search(system, LIMITS).run();
  const { user, system: ofKernel } = process.cpuUsage(before);
  const took = (user + ofKernel) / 1_000;
  return {
    states: perSecond(states, took),
    transitions: perSecond(transitions, took),
    bytes: bytes / states,
  };
}

/** One after the other in each run, so that what else the machine does meets all alike. */
interface Run {
  readonly cold: Sample;
  readonly warm: Sample;
  /** `null`: SPIN is not installed. */
  readonly spin: SpinResult | null;
}

function measure(): Run {
  const isInstalled = ['spin', 'gcc'].every((name) => existsSync(debianProgram(name)));
  const system = new System({ settings: systemNamed('proactive'), bounds: BOUNDS });
  const [cold, warm] = [explore(system), explore(system)];
  return { cold, warm, spin: isInstalled ? runSpin('desk.pml', SPIN_MODEL) : null };
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

function spinFigures(results: readonly SpinResult[], ours: readonly Sample[]): readonly Figure[] {
  if (results.length === 0) return [];
  const states = results.map((one) => one.states / one.cpuSeconds);
  const transitions = results.map((one) => one.transitions / one.cpuSeconds);
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
    'The system proactive, 3 sessions in one scope, 2.6 million states; the machines, all states kept.',
    'A second is one of CPU time, of all threads together: other programs on the machine count less.',
    'Cold: every step of a machine is worked out once. Warm: it has been, only lookups are left.',
    'SPIN runs test/peers/desk.pml (another, hand-written model) if Debian has it installed.',
    TLC,
  ],
  run: async ({ runs }) => {
    const count = runs ?? 3;
    const measured = Array.from({ length: count }, measure);
    const cold = measured.map((one) => one.cold);
    const warm = measured.map((one) => one.warm);
    const spin = measured.flatMap((one) => (one.spin === null ? [] : [one.spin]));
    return [
      ...figuresOf('explorer, cold', cold),
      ...figuresOf('explorer, warm', warm),
      {
        name: 'explorer: MB for a million states',
        unit: 'MB',
        samples: warm.map(({ bytes }) => bytes),
      },
      ...spinFigures(spin, warm),
    ];
  },
};
