import { type AnyMachine, compileMachine, type Program } from '../kernel/compile/index.ts';
import type { MachineStep } from './machine-step.ts';

/** Which states and transitions of one machine an exploration has come through. */
export interface MachineCoverage {
  readonly machine: string;
  readonly states: number;
  readonly statesNever: readonly string[];
  readonly transitions: number;
  /** `active.running --quota.exhausted--> ending` */
  readonly transitionsNever: readonly string[];
}

/** Left out: what only says "this cannot happen here", and what changes nothing by design. */
const WILDCARD = '*';

interface Definition {
  readonly name: string;
  readonly transition: object;
}

/** Watches the steps of one machine; steps come once each, so nothing here is in a hurry. */
export class Coverage {
  readonly #program: Program<AnyMachine>;
  readonly #states = new Set<number>();
  readonly #taken = new Set<object>();
  readonly #signatures = new Set<string>();

  constructor(machine: AnyMachine) {
    this.#program = compileMachine(machine);
  }

  watch = (step: MachineStep): void => {
    const program = this.#program;
    if (step.machine !== program.machine) return;
    this.#states.add(step.state);
    this.#states.add(step.next);
    const asked = step.requests.map(({ type }) => type).join();
    const signature = `${step.state} ${step.event.type} ${step.next} ${asked}`;
    if (this.#signatures.has(signature)) return;
    this.#signatures.add(signature);
    const snapshot = program.machine.resolveState({
      value: program.valueOf(step.state) as never,
      context: step.context as never,
    });
    const taken = program.machine.getTransitionData(snapshot as never, step.event as never);
    for (const transition of taken ?? []) this.#taken.add(transition);
  };

  report(): MachineCoverage {
    const program = this.#program;
    const defined = definitionsOf(program.machine);
    const resting = restingOf(program.machine);
    const states = program.states.flatMap((path, state) => (resting.has(path) ? [state] : []));
    return {
      machine: program.machine.id,
      states: states.length,
      statesNever: states
        .filter((state) => !this.#states.has(state))
        .map((state) => program.states[state] as string),
      transitions: defined.length,
      transitionsNever: defined
        .filter(({ transition }) => !this.#taken.has(transition))
        .map(({ name }) => name),
    };
  }
}

/** A state that is always left at once is only passed through, inside of a step. */
function restingOf(machine: AnyMachine): ReadonlySet<string> {
  const paths: string[] = [];
  const visit = (node: AnyMachine['root']): void => {
    const isPassed = (node.always ?? []).some(({ guard }) => guard === undefined);
    if (!isPassed) paths.push(node.path.join('.'));
    for (const child of Object.values(node.states)) visit(child);
  };
  visit(machine.root);
  return new Set(paths);
}

function definitionsOf(machine: AnyMachine): readonly Definition[] {
  const definitions: Definition[] = [];
  const visit = (node: AnyMachine['root']): void => {
    for (const [type, transitions] of node.transitions) {
      if (type === WILDCARD) continue;
      for (const [at, transition] of transitions.entries()) {
        const target = transition.target?.[0]?.path.join('.') ?? 'itself';
        const from = node.path.length === 0 ? 'anywhere' : node.path.join('.');
        const which = transitions.length > 1 ? ` (${at + 1} of ${transitions.length})` : '';
        definitions.push({ name: `${from} --${type}${which}--> ${target}`, transition });
      }
    }
    for (const child of Object.values(node.states)) visit(child);
  };
  visit(machine.root);
  return definitions;
}
