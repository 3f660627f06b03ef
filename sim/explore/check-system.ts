import type { AnyMachine } from '../kernel/compile/index.ts';
import { createPrng } from '../kernel/index.ts';
import type { Broken } from './cell.ts';
import { MACHINES, type Machines } from './cells-of.ts';
import { Coverage, type MachineCoverage } from './coverage.ts';
import { ExerciseCounter, type Exercised } from './exercised.ts';
import { checkEveryEnd, type LivenessResult } from './liveness.ts';
import { Search, type SearchEnd } from './search.ts';
import type { Bounds, SystemSettings } from './settings.ts';
import { type StoryStep, tellStory } from './story.ts';
import { System } from './system.ts';
import { traceOf, traceTo } from './trace.ts';
import { walk } from './walk.ts';

/** What was found in one small system within its bounds. */
export interface SystemReport {
  readonly system: string;
  readonly bounds: Bounds;
  /** `walked`: random ways only, which proves nothing. */
  readonly end: SearchEnd | 'walked';
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly bytes: number;
  readonly tookMs: number;
  /** `null`: not looked at, because the search was not complete. */
  readonly liveness: LivenessResult | null;
  readonly broken: readonly Broken[];
  readonly story: readonly StoryStep[];
}

export interface CheckOptions {
  readonly machines?: Machines;
  readonly depth: number | null;
  readonly bytes: number | null;
  /** Milliseconds of any clock that goes on. */
  readonly now: () => number;
  readonly isOver: () => boolean;
}

/** One check over any number of systems: what they have seen together is counted here. */
export class Checker {
  readonly reports: SystemReport[] = [];
  readonly #options: CheckOptions;
  readonly #machines: Machines;
  /** Walks go on in the same system: what one has worked out the next one looks up. */
  readonly #walked = new Map<SystemSettings, System>();
  readonly #exercises = new ExerciseCounter();
  readonly #coverage: readonly Coverage[];

  constructor(options: CheckOptions) {
    this.#options = options;
    this.#machines = options.machines ?? MACHINES;
    const { lifecycle, session, targetMover, connection } = this.#machines;
    this.#coverage = [lifecycle, session, targetMover, connection].map(
      (machine) => new Coverage(machine as unknown as AnyMachine),
    );
  }

  get isViolated(): boolean {
    return this.reports.some(({ broken }) => broken.length > 0);
  }
  exercised(): readonly Exercised[] {
    return this.#exercises.report();
  }
  coverage(): readonly MachineCoverage[] {
    return this.#coverage.map((one) => one.report());
  }

  /** Every state within the bounds. */
  exhaust(settings: SystemSettings, bounds: Bounds): SystemReport {
    const { now, depth, bytes, isOver } = this.#options;
    const startedAt = now();
    const system = this.#systemOf(settings, bounds);
    const search = new Search(system, { depth, bytes, isOver });
    const result = search.run();
    const tookMs = now() - startedAt;
    const isWhole = result.end === 'complete';
    const liveness = isWhole ? checkEveryEnd(system, search.store) : null;
    const broken = [...(result.violation?.broken ?? [])];
    let trace = traceOf(system, search.store, result);
    if (result.deadlock !== null)
      broken.push({ ids: 'L1', sentence: 'a session waits and nothing can happen' });
    if (liveness !== null && liveness.stuck !== null) {
      const how = liveness.isCycle ? 'can go on for ever without its end' : 'comes to no end';
      broken.push({ ids: 'L1', sentence: `a session ${how}` });
      trace = traceTo(system, search.store, liveness.stuck);
    }
    const story = tellStory(system, trace);
    const { end, states, transitions, bytes: used } = result;
    return this.#keep({
      system: settings.name,
      bounds,
      end: broken.length > 0 ? 'violated' : end,
      states,
      transitions,
      depth: result.depth,
      bytes: used,
      tookMs,
      liveness,
      broken,
      story,
    });
  }

  /** Random ways from the beginning, `runs` of them; a violation is searched for the shortest way. */
  walk(settings: SystemSettings, bounds: Bounds, runs: number, seed: string): SystemReport {
    const { now, isOver } = this.#options;
    const startedAt = now();
    const system = this.#walked.get(settings) ?? this.#systemOf(settings, bounds);
    this.#walked.set(settings, system);
    let transitions = 0;
    let depth = 0;
    for (let run = 0; run < runs && !isOver(); run += 1) {
      const { steps, trace, broken } = walk(
        system,
        createPrng(`${seed}/${settings.name}/${run}`),
        STEPS_A_WALK,
      );
      transitions += steps;
      depth = Math.max(depth, steps);
      if (broken.length === 0) continue;
      const shortest = this.#shortest(settings, bounds, steps);
      return this.#keep({
        ...WALKED,
        system: settings.name,
        bounds: shortest?.bounds ?? bounds,
        end: 'violated',
        transitions,
        depth: steps,
        tookMs: now() - startedAt,
        broken: shortest?.broken ?? broken,
        story: shortest?.story ?? tellStory(system, trace),
      });
    }
    const tookMs = now() - startedAt;
    return this.#keep({ ...WALKED, system: settings.name, bounds, transitions, depth, tookMs });
  }

  /** Small bounds first: what many faults were drawn for may need none of them. */
  #shortest(settings: SystemSettings, bounds: Bounds, depth: number): Shortest | null {
    const { now, bytes } = this.#options;
    const until = now() + SHORTEN_MS;
    const isOver = (): boolean => now() > until;
    for (let faults = 0; faults <= bounds.faults; faults += 1) {
      for (let sessions = 1; sessions <= bounds.sessions; sessions += 1) {
        const smaller = { scopes: 1, sessions, faults };
        const system = this.#systemOf(settings, smaller);
        const search = new Search(system, { depth, bytes, isOver });
        const result = search.run();
        if (result.violation !== null) {
          const story = tellStory(system, traceOf(system, search.store, result));
          return { bounds: smaller, broken: result.violation.broken, story };
        }
        if (isOver()) return null;
      }
    }
    return null;
  }

  #keep(report: SystemReport): SystemReport {
    this.reports.push(report);
    return report;
  }

  #systemOf(settings: SystemSettings, bounds: Bounds): System {
    const watchers = [this.#exercises.watch, ...this.#coverage.map(({ watch }) => watch)];
    return new System({ settings, bounds, machines: this.#machines, watchers });
  }
}

type Shortest = Pick<SystemReport, 'bounds' | 'broken' | 'story'>;

const STEPS_A_WALK = 400;
/** How long a shorter way to a violation is looked for. */
const SHORTEN_MS = 10_000;
const WALKED = {
  end: 'walked',
  states: 0,
  bytes: 0,
  liveness: null,
  broken: [],
  story: [],
} as const;
