import type { Prng } from '../kernel/index.ts';
import { type Broken, KINDS } from './cell.ts';
import type { EdgeVisitor, System } from './system.ts';
import type { SystemState } from './system-state.ts';
import { stepBetween, type TraceStep } from './trace.ts';

export interface WalkResult {
  readonly steps: number;
  /** The way to the first violation; empty when there was none. */
  readonly trace: readonly TraceStep[];
  readonly broken: readonly Broken[];
}

/** Else the first few steps would use up the budget, long before anything runs. */
const SELDOM: readonly number[] = [KINDS.indexOf('fault'), KINDS.indexOf('user')];
const ORDINARY_WEIGHT = 60;

/** Takes one of the possible steps without listing them first; faults and wishes are less likely. */
class Chooser implements EdgeVisitor {
  readonly #prng: Prng;
  readonly #system: System;
  #count = 0;
  next: SystemState | null = null;
  broken: readonly Broken[] | null = null;

  constructor(system: System, prng: Prng) {
    this.#system = system;
    this.#prng = prng;
  }

  begin(): void {
    this.#count = 0;
    this.next = null;
    this.broken = null;
  }

  edge(next: SystemState, kind: number): void {
    const weight = SELDOM.includes(kind) ? 1 : ORDINARY_WEIGHT;
    this.#count += weight;
    if (this.#prng.integer(1, this.#count) > weight) return;
    this.next = next.slice();
    this.broken = this.#system.broken;
  }
}

/** One random way through a system; the same seed takes the same way. */
export function walk(system: System, prng: Prng, stepsMax: number): WalkResult {
  const chooser = new Chooser(system, prng);
  const way: SystemState[] = [system.initial()];
  for (let steps = 0; steps < stepsMax; steps += 1) {
    const state = way.at(-1) as SystemState;
    chooser.begin();
    system.expand(state, chooser);
    if (chooser.next === null) return { steps, trace: [], broken: [] };
    way.push(chooser.next);
    const { broken } = chooser;
    if (broken !== null) return { steps: steps + 1, trace: traceAlong(system, way), broken };
  }
  return { steps: stepsMax, trace: [], broken: [] };
}

function traceAlong(system: System, way: readonly SystemState[]): readonly TraceStep[] {
  return way.slice(1).map((after, at) => {
    return stepBetween(system, way[at] as SystemState, after, at === way.length - 2);
  });
}
