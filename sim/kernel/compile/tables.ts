import {
  childrenOf,
  initialStatesOf,
  isLeaf,
  type Move,
  pathOf,
  routeOf,
  withAncestors,
} from './configurations.ts';
import { type CompiledGuard, compileGuard, type Place, refuse } from './guards.ts';
import type { AnyMachine, StateNode, TransitionDefinition } from './machine-types.ts';
import { compileAction, doneType, type Operation } from './operations.ts';

/** One transition taken from one leaf: what is done, in order, and where it ends. */
export interface Plan {
  readonly operations: readonly Operation[];
  readonly next: number;
  /** Whether other states are active afterwards: XState then looks for eventless ones again. */
  readonly isMoving: boolean;
}

/** A transition that may be taken; the first of a list whose guard passes is. */
export interface Candidate {
  readonly guard: CompiledGuard | null;
  readonly plan: Plan;
  /** The id of the state that owns the transition: XState names it when a guard throws. */
  readonly nodeId: string;
}

export interface Tables {
  /** Atomic and final states in the order of the machine's text; a state's number is its place. */
  readonly leaves: readonly StateNode[];
  /** Every event that a transition names; numbers are places. One more column: all others. */
  readonly eventTypes: readonly string[];
  /** By `state * (eventTypes.length + 1) + event`; inner states first, then in their own order. */
  readonly onEvent: readonly (readonly Candidate[])[];
  /** By state. */
  readonly onAlways: readonly (readonly Candidate[])[];
  /** The step into the first state. */
  readonly first: Plan;
}

const WILDCARD = '*';

export function buildTables(machine: AnyMachine): Tables {
  const root: StateNode = machine.root;
  const all = everyStateOf(root);
  for (const node of all) refuseUnknown(node, { machine, state: pathOf(node) });
  if (isLeaf(root)) refuse({ machine, state: '' }, 'a machine without states');
  const leaves = all.filter(isLeaf);
  const eventTypes = [...new Set(all.flatMap((node) => [...node.transitions.keys()]))].filter(
    (type) => type !== WILDCARD,
  );
  const builder = new TableBuilder(machine, leaves);
  return {
    leaves,
    eventTypes,
    onEvent: leaves.flatMap((leaf) =>
      [...eventTypes, null].map((type) => builder.candidatesOf(leaf, type)),
    ),
    onAlways: leaves.map((leaf) => builder.alwaysOf(leaf)),
    first: builder.firstPlan(),
  };
}

function everyStateOf(node: StateNode): StateNode[] {
  return [node, ...childrenOf(node).flatMap(everyStateOf)];
}

/** Also what no transition leads to: whether a machine compiles must not depend on that. */
function refuseUnknown(node: StateNode, place: Place): void {
  if (node.type === 'parallel') refuse(place, 'parallel regions');
  if (node.type === 'history') refuse(place, 'a history state');
  if (node.invoke.length > 0) refuse(place, 'an invoked actor');
  if (node.after.length > 0) refuse(place, 'a delayed transition (a deadline in context can be)');
  if (node.transitions.has('xstate.route')) refuse(place, 'a route');
  for (const action of [...node.entry, ...node.exit]) compileAction(action, place);
  const { maxIterations } = place.machine.options as { readonly maxIterations?: number };
  if ((maxIterations ?? Number.POSITIVE_INFINITY) !== Number.POSITIVE_INFINITY) {
    refuse(place, 'the option maxIterations');
  }
  for (const type of node.transitions.keys()) {
    if (type !== WILDCARD && type.includes(WILDCARD))
      refuse(place, `the partial wildcard "${type}"`);
  }
}

class TableBuilder {
  readonly #machine: AnyMachine;
  readonly #leaves: readonly StateNode[];

  constructor(machine: AnyMachine, leaves: readonly StateNode[]) {
    this.#machine = machine;
    this.#leaves = leaves;
  }

  /** `null` stands for every event that no transition names: only wildcards take it. */
  candidatesOf(leaf: StateNode, type: string | null): readonly Candidate[] {
    return this.#compiled(leaf, (node) => [
      ...(type === null ? [] : (node.transitions.get(type) ?? [])),
      ...(node.transitions.get(WILDCARD) ?? []),
    ]);
  }

  alwaysOf(leaf: StateNode): readonly Candidate[] {
    return this.#compiled(leaf, (node) => node.always ?? []);
  }

  firstPlan(): Plan {
    const { root } = this.#machine;
    return this.#plan(
      { source: root, targets: initialStatesOf(root), isReentering: true },
      [],
      null,
    );
  }

  #compiled(
    leaf: StateNode,
    transitionsOf: (node: StateNode) => readonly TransitionDefinition[],
  ): readonly Candidate[] {
    return withAncestors(leaf).flatMap((node) =>
      transitionsOf(node).map((transition) => this.#candidate(leaf, node, transition)),
    );
  }

  #candidate(leaf: StateNode, node: StateNode, transition: TransitionDefinition): Candidate {
    const place = this.#placeOf(node);
    const targets = (transition.target ?? []) as readonly StateNode[];
    if (targets.length > 1) refuse(place, 'a transition with several targets');
    const { guard, reenter, actions } = transition;
    return {
      guard: guard === undefined ? null : compileGuard(guard, place),
      nodeId: node.id,
      plan: this.#plan({ source: node, targets, isReentering: reenter }, actions, leaf),
    };
  }

  /** From `leaf`, or from nothing when the machine starts. */
  #plan(move: Move, actions: readonly unknown[], leaf: StateNode | null): Plan {
    const before = leaf === null ? [] : withAncestors(leaf).reverse();
    const { left, entered, active } = routeOf(move, before, leaf === null);
    const next = this.#leafOf(active, this.#placeOf(move.source));
    const done = next.type === 'final' && next.parent === this.#machine.root;
    const operations = [
      ...left.flatMap((node) => this.#actions(node.exit, node)),
      ...this.#actions(actions, move.source),
      ...entered.flatMap(({ node, isByDefault }) => this.#entering(node, isByDefault)),
      ...(done ? [...active].reverse().flatMap((node) => this.#actions(node.exit, node)) : []),
    ];
    return {
      operations,
      next: this.#leaves.indexOf(next),
      isMoving: before.length !== active.length || before.some((node, at) => node !== active[at]),
    };
  }

  #entering(node: StateNode, isByDefault: boolean): readonly Operation[] {
    const operations = this.#actions(node.entry, node);
    const initial = isByDefault ? this.#actions(node.initial.actions, node) : [];
    return [...operations, ...initial, ...this.#completing(node)];
  }

  /** What the entry of a final state says: to its parent, or at the top that the machine is done. */
  #completing(node: StateNode): readonly Operation[] {
    const { root } = this.#machine;
    const { parent, output, id } = node;
    if (node.type !== 'final' || parent === undefined) return [];
    if (parent !== root) return [{ kind: 'raiseDone', type: doneType(parent.id), output }];
    return [{ kind: 'finish', type: doneType(id), output, machineOutput: root.output }];
  }

  #actions(references: readonly unknown[], node: StateNode): readonly Operation[] {
    return references.map((reference) => compileAction(reference, this.#placeOf(node)));
  }

  /** The one leaf of what is active; anything else than a leaf and its ancestors is refused. */
  #leafOf(active: readonly StateNode[], place: Place): StateNode {
    const leaf = active.at(-1);
    const expected = leaf === undefined ? [] : withAncestors(leaf);
    const isOneLine = leaf !== undefined && isLeaf(leaf) && expected.length === active.length;
    if (!isOneLine || !expected.every((node) => active.includes(node))) {
      refuse(place, 'a transition that does not end in exactly one state');
    }
    return leaf;
  }

  #placeOf(node: StateNode): Place {
    return { machine: this.#machine, state: pathOf(node) };
  }
}
