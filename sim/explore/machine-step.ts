import { brokenInvariants, type Invariant } from '../../machines/ports/invariant.ts';
import {
  type AnyMachine,
  type ContextOf,
  compileMachine,
  type EventOf,
  type InputOf,
  type Program,
  type RequestOf,
  Requests,
  type Step,
} from '../kernel/compile/index.ts';
import type { Broken } from './cell.ts';

/** One step of a machine, as everybody who watches the machine sees it. */
export interface MachineStep {
  readonly machine: AnyMachine;
  readonly state: number;
  readonly context: unknown;
  readonly event: { readonly type: string };
  readonly next: number;
  readonly nextContext: unknown;
  readonly requests: readonly { readonly type: string }[];
}

export type Watcher = (step: MachineStep) => void;

export interface Stepped<Machine extends AnyMachine> {
  readonly state: number;
  readonly context: ContextOf<Machine>;
  readonly requests: readonly RequestOf<Machine>[];
  readonly isOver: boolean;
}

/** Any stepper, for who only asks which state a step went to. */
export interface AnyStepper {
  readonly program: { readonly machine: AnyMachine };
  pathOf(state: number): string;
}

/**
 * Takes steps of one of the project's machines, by the tables compiled from it, and asks its
 * invariants after each. All decisions of the protocol are made in here.
 */
export class Stepper<Machine extends AnyMachine> {
  readonly program: Program<Machine>;
  readonly #invariants: readonly Invariant<ContextOf<Machine>>[];
  readonly #watchers: readonly Watcher[];
  readonly #into: Step<Machine>;

  constructor(
    machine: Machine,
    invariants: readonly Invariant<ContextOf<Machine>>[],
    watchers: readonly Watcher[],
  ) {
    this.program = compileMachine(machine);
    this.#invariants = invariants;
    this.#watchers = watchers;
    this.#into = this.program.emptyStep();
  }

  start(input: InputOf<Machine>, broken: Broken[]): Stepped<Machine> {
    const emitted = new Requests<RequestOf<Machine>>();
    const { state, context, status, error } = this.program.startWith(input, emitted);
    if (status === 2) throw error;
    this.#check(state, context, broken);
    return { state, context, requests: emitted.toArray(), isOver: this.program.isFinal(state) };
  }

  take(
    state: number,
    context: ContextOf<Machine>,
    event: EventOf<Machine>,
    broken: Broken[],
  ): Stepped<Machine> {
    const into = this.program.next(state, context, event, this.#into);
    const stepped = {
      state: into.state,
      context: into.context,
      requests: into.emitted.toArray(),
      isOver: this.program.isFinal(into.state),
    };
    this.#check(stepped.state, stepped.context, broken);
    for (const watch of this.#watchers) {
      watch({
        machine: this.program.machine,
        state,
        context,
        event: event as { readonly type: string },
        next: stepped.state,
        nextContext: stepped.context,
        requests: stepped.requests as readonly { readonly type: string }[],
      });
    }
    return stepped;
  }

  pathOf(state: number): string {
    return this.program.states[state] ?? '';
  }

  #check(state: number, context: ContextOf<Machine>, broken: Broken[]): void {
    for (const line of brokenInvariants(this.#invariants, this.pathOf(state), context)) {
      const [ids = '', ...rest] = line.split(': ');
      broken.push({ ids, sentence: rest.join(': ') });
    }
  }
}
