import {
  type AnyStateMachine,
  type EmittedFrom,
  type EventFromLogic,
  type InputFrom,
  initialTransition,
  type SnapshotFrom,
  transition,
} from 'xstate';
import { statePath } from '../../../machines/ports/invariant.ts';
import { compileMachine, DONE, type Instance, Requests } from '../../kernel/compile/index.ts';

type ContextOf<Machine extends AnyStateMachine> = SnapshotFrom<Machine>['context'];

/** One machine of one session, scope or tenant. Small: a fleet has many. */
export interface Running<Context> {
  readonly context: Context;
}

/**
 * The seam between the world and whatever does a machine's steps. Requests are handed to `perform`
 * when the step is finished, in their order; `perform` must not step any machine itself.
 */
export interface MachineRunner<Machine extends AnyStateMachine> {
  start(
    input: InputFrom<Machine>,
    perform: (request: EmittedFrom<Machine>) => void,
  ): Running<ContextOf<Machine>>;
  step(
    running: Running<ContextOf<Machine>>,
    event: EventFromLogic<Machine>,
    perform: (request: EmittedFrom<Machine>) => void,
  ): void;
  /** `active.running`. */
  stateOf(running: Running<ContextOf<Machine>>): string;
  isOver(running: Running<ContextOf<Machine>>): boolean;
}

export type RunnerKind = 'compiled' | 'xstate';

export function createRunner<Machine extends AnyStateMachine>(
  machine: Machine,
  kind: RunnerKind,
): MachineRunner<Machine> {
  return kind === 'compiled' ? compiledRunner(machine) : xstateRunner(machine);
}

/** Tables made from the machine, with its own guards and assigns (`sim/kernel/compile`). */
function compiledRunner<Machine extends AnyStateMachine>(machine: Machine): MachineRunner<Machine> {
  const program = compileMachine(machine);
  type Own = Instance<Machine>;
  const requests = new Requests<EmittedFrom<Machine>>();
  const performAll = (perform: (request: EmittedFrom<Machine>) => void): void => {
    const { count } = requests;
    for (let at = 0; at < count; at += 1) perform(requests.items[at] as EmittedFrom<Machine>);
  };
  return {
    start: (input, perform) => {
      requests.clear();
      const instance = program.startWith(input as never, requests as never);
      if (instance.error !== undefined) throw instance.error;
      performAll(perform);
      return instance as Running<ContextOf<Machine>>;
    },
    step: (running, event, perform) => {
      requests.clear();
      program.step(running as Own, event as never, requests as never);
      performAll(perform);
    },
    stateOf: (running) => program.states[(running as Own).state] as string,
    isOver: (running) => (running as Own).status === DONE,
  };
}

type AnySnapshot = ReturnType<typeof transition<AnyStateMachine>>[0];
interface Snapshots {
  snapshot: AnySnapshot;
}

/** XState's own pure `transition()`: the reference that the tables are compared with. */
function xstateRunner<Machine extends AnyStateMachine>(machine: Machine): MachineRunner<Machine> {
  const logic = machine as AnyStateMachine;
  const own = (running: unknown): Snapshots => running as Snapshots;
  type Actions = ReturnType<typeof transition>[1];
  const performAll = (actions: Actions, perform: (request: never) => void): void => {
    for (const action of actions) {
      if (action.type === 'xstate.emit') {
        perform((action.params as { event: never }).event);
      } else if (typeof action.exec === 'function') {
        action.exec(action.info, action.params);
      }
    }
  };
  return {
    start: (input, perform) => {
      const [snapshot, actions] = initialTransition(logic, input as never);
      const running = {
        snapshot: snapshot as AnySnapshot,
        get context(): ContextOf<Machine> {
          return this.snapshot.context;
        },
      };
      performAll(actions, perform);
      return running;
    },
    step: (running, event, perform) => {
      const { snapshot } = own(running);
      if (snapshot.status !== 'active') return;
      const [next, actions] = transition(logic, snapshot, event as never);
      own(running).snapshot = next;
      performAll(actions, perform);
    },
    stateOf: (running) => statePath(own(running).snapshot.value),
    isOver: (running) => own(running).snapshot.status === 'done',
  };
}
