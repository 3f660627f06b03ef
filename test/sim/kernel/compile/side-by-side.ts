import { isDeepStrictEqual } from 'node:util';
import { type Actor, type AnyStateMachine, createActor } from 'xstate';
import {
  ACTIVE,
  compileMachine,
  FAILED,
  type Instance,
  type Program,
  Requests,
} from '../../../../sim/kernel/compile/index.ts';

export type AnyEvent = { readonly type: string; readonly at?: number };
type AnyProgram = Program<AnyStateMachine>;
type AnyInstance = Instance<AnyStateMachine>;

/** Throws what differs, named, with both sides. */
export function assertSame(what: string, compiled: unknown, xstate: unknown): void {
  if (isDeepStrictEqual(compiled, xstate)) return;
  const [left, right] = [compiled, xstate].map((one) => JSON.stringify(one) ?? String(one));
  throw new Error(`${what} differs\n  compiled: ${left}\n  XState:   ${right}`);
}

function describeError(error: unknown): unknown {
  return error instanceof Error ? `${error.name}: ${error.message}` : error;
}

/** Plain JSON, as a database keeps it. */
function stored(snapshot: unknown): unknown {
  return JSON.parse(JSON.stringify(snapshot));
}

/** One machine twice, on XState's actor and on tables; everything that can be seen is compared. */
export class SideBySide {
  readonly program: AnyProgram;
  readonly machine: AnyStateMachine;
  readonly statesSeen = new Set<string>();
  instance: AnyInstance;
  #actor: Actor<AnyStateMachine>;
  #emitted: unknown[] = [];
  readonly #requests = new Requests<unknown>();

  constructor(
    machine: AnyStateMachine,
    input: unknown,
    program: AnyProgram = compileMachine(machine),
  ) {
    this.machine = machine;
    this.program = program;
    this.#actor = this.#startActor({ input });
    this.instance = program.startWith(input, this.#requests as never);
    this.#compare('start');
  }

  get context(): unknown {
    return this.instance.context;
  }
  get isActive(): boolean {
    return this.instance.status === ACTIVE;
  }
  get hasFailed(): boolean {
    return this.instance.status === FAILED;
  }
  get requests(): readonly unknown[] {
    return this.#requests.toArray();
  }

  /** What the active states answer themselves, without the root; `isLeaf`: the innermost alone. */
  ownEventTypes(isLeaf: boolean): readonly string[] {
    const { _nodes: nodes } = this.#actor.getSnapshot() as unknown as {
      readonly _nodes: readonly AnyStateMachine['root'][];
    };
    const chosen = nodes.filter(
      (node) => node.parent !== undefined && (!isLeaf || Object.keys(node.states).length === 0),
    );
    return [...new Set(chosen.flatMap((node) => [...node.transitions.keys()]))].filter(
      (type) => !type.startsWith('xstate.'),
    );
  }

  send(event: AnyEvent): void {
    this.#emitted = [];
    this.#requests.clear();
    const before = { ...this.instance };
    // A stopped actor takes no event and complains on the console.
    if (this.isActive) this.#actor.send(event as never);
    let thrown: unknown;
    try {
      this.program.step(this.instance, event as never, this.#requests as never);
    } catch (error) {
      thrown = error;
    }
    const { error, status } = this.instance;
    if (status === FAILED && before.status !== FAILED) assertSame('what is thrown', thrown, error);
    else assertSame('what is thrown', thrown, undefined);
    this.#compare(event.type);
    this.#comparePure(before, event, thrown);
  }

  /** The process dies; each comes back from the snapshot of the other, or from its own. */
  crash(isSwapped: boolean): void {
    const fromActor = stored(this.#actor.getPersistedSnapshot());
    const fromTables = stored(this.program.persist(this.instance));
    assertSame('the persisted snapshot', fromTables, fromActor);
    this.#actor.stop();
    this.#emitted = [];
    this.#requests.clear();
    this.#actor = this.#startActor({ snapshot: isSwapped ? fromTables : fromActor });
    this.instance = this.program.restore((isSwapped ? fromActor : fromTables) as never);
    this.#compare('restore');
  }

  stop(): void {
    this.#actor.stop();
  }

  #startActor(options: object): Actor<AnyStateMachine> {
    const actor = createActor(this.machine, options as never) as Actor<AnyStateMachine>;
    actor.on('*', (request) => this.#emitted.push(request));
    // Without an observer XState throws an error later and elsewhere.
    actor.subscribe({ error: () => {} });
    return actor.start();
  }

  #compare(step: string): void {
    const { program, instance } = this;
    const snapshot = this.#actor.getSnapshot();
    const { value, context, status, output, error, tags } = snapshot;
    const at = `after ${step}: `;
    const state = program.states[instance.state] as string;
    if (status === 'active') this.statesSeen.add(state);
    assertSame(`${at}state`, program.valueOf(instance.state), value);
    assertSame(`${at}context`, instance.context, context);
    assertSame(`${at}status`, ['active', 'done', 'error'][instance.status], status);
    assertSame(`${at}output`, instance.output, output);
    assertSame(`${at}error`, describeError(instance.error), describeError(error));
    assertSame(`${at}requests`, this.#requests.toArray(), this.#emitted);
    assertSame(`${at}tags`, program.tagsOf(instance.state), tags);
    assertSame(`${at}meta`, program.metaOf(instance.state), snapshot.getMeta());
    assertSame(`${at}matches`, program.matches(instance.state, state), true);
    assertSame(`${at}end`, program.isFinal(instance.state), status === 'done' || isEndOf(snapshot));
  }

  /** What the explorer uses says the same as the instance, and the context before is untouched. */
  #comparePure(before: AnyInstance, event: AnyEvent, thrown: unknown): void {
    if (before.status !== ACTIVE || thrown !== undefined) return;
    const kept = stored(before.context);
    const step = this.program.next(before.state, before.context, event as never);
    assertSame('next: state', step.state, this.instance.state);
    assertSame('next: context', step.context, this.instance.context);
    assertSame('next: requests', step.emitted.toArray(), this.#requests.toArray());
    assertSame('next: status', step.status, this.instance.status);
    assertSame('next: the context before', stored(before.context), kept);
  }
}

/** A machine that died after it had ended is still in its final state. */
function isEndOf(snapshot: {
  readonly value: unknown;
  readonly machine: AnyStateMachine;
}): boolean {
  const { value, machine } = snapshot;
  return typeof value === 'string' && machine.root.states[value]?.type === 'final';
}
