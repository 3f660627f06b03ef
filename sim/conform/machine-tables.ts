import { backupSessionMachine } from '../../machines/backup-session/index.ts';
import { controlConnectionMachine } from '../../machines/control-connection/index.ts';
import { credentialLifecycleMachine } from '../../machines/credential-lifecycle/index.ts';
import {
  type AnyMachine,
  type ContextOf,
  compileMachine,
  type EventOf,
  type InputOf,
  type Program,
  type RequestOf,
  Requests,
} from '../kernel/compile/index.ts';

/** Where a machine is after a step, and what it asks of the world. */
export interface Placed<Machine extends AnyMachine> {
  readonly state: number;
  readonly context: ContextOf<Machine>;
  readonly requests: readonly RequestOf<Machine>[];
}

/** Pure steps of one of the project's machines, by the tables compiled from it. */
export class Tables<Machine extends AnyMachine> {
  readonly #program: Program<Machine>;

  constructor(machine: Machine) {
    this.#program = compileMachine(machine);
  }

  start(input: InputOf<Machine>): Placed<Machine> {
    const emitted = new Requests<RequestOf<Machine>>();
    const { state, context } = this.#program.startWith(input, emitted);
    return { state, context, requests: emitted.toArray() };
  }

  /** Null where the machine does not know such an event: nobody can have sent it. */
  next(
    state: number,
    context: ContextOf<Machine>,
    event: EventOf<Machine>,
  ): Placed<Machine> | null {
    try {
      const into = this.#program.next(state, context, event);
      return { state: into.state, context: into.context, requests: into.emitted.toArray() };
    } catch {
      return null;
    }
  }

  nameOf(state: number): string {
    return this.#program.states[state] ?? '';
  }

  isOver(state: number): boolean {
    return this.#program.isFinal(state);
  }
}

export interface MachineTables {
  readonly session: Tables<typeof backupSessionMachine>;
  readonly lifecycle: Tables<typeof credentialLifecycleMachine>;
  readonly connection: Tables<typeof controlConnectionMachine>;
}

/** Compiled at the first use: a command that follows nothing does not pay for it. */
export function compileTables(
  machines: {
    readonly session?: typeof backupSessionMachine;
    readonly lifecycle?: typeof credentialLifecycleMachine;
    readonly connection?: typeof controlConnectionMachine;
  } = {},
): MachineTables {
  return {
    session: new Tables(machines.session ?? backupSessionMachine),
    lifecycle: new Tables(machines.lifecycle ?? credentialLifecycleMachine),
    connection: new Tables(machines.connection ?? controlConnectionMachine),
  };
}
