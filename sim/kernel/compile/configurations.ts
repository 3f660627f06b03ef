/**
 * Which states are left and entered, and in which order: XState's own computation (5.33, after
 * SCXML), for machines without parallel and history states. Done once for every transition, so it
 * follows XState's functions step by step instead of being clever.
 */
import type { StateNode } from './machine-types.ts';

/** A transition as far as entering and leaving go; the first transition of a machine is one too. */
export interface Move {
  readonly source: StateNode;
  readonly targets: readonly StateNode[];
  readonly isReentering: boolean;
}

export interface Route {
  /** Inner states first. */
  readonly left: readonly StateNode[];
  /** Outer states first. */
  readonly entered: readonly { readonly node: StateNode; readonly isByDefault: boolean }[];
  /** The active states afterwards, outer states first. */
  readonly active: readonly StateNode[];
}

export function childrenOf(node: StateNode): readonly StateNode[] {
  return Object.values(node.states) as StateNode[];
}

export function isLeaf(node: StateNode): boolean {
  return node.type === 'atomic' || node.type === 'final';
}

export function pathOf(node: StateNode): string {
  return node.path.join('.');
}

/** The node, then what is around it up to the root. */
export function withAncestors(node: StateNode): StateNode[] {
  return [node, ...ancestorsOf(node, undefined)];
}

function ancestorsOf(node: StateNode, upTo: StateNode | undefined): StateNode[] {
  const ancestors: StateNode[] = [];
  if (upTo === node) return ancestors;
  for (let one = node.parent; one !== undefined && one !== upTo; one = one.parent) {
    ancestors.push(one);
  }
  return ancestors;
}

/** Without an ancestor every state is inside, the root too: so a re-entered root is left. */
function isInside(node: StateNode, ancestor: StateNode | undefined): boolean {
  let marker = node;
  while (marker.parent !== undefined && marker.parent !== ancestor) marker = marker.parent;
  return marker.parent === ancestor;
}

/** The state within which a transition happens; `undefined` when the root itself is re-entered. */
function domainOf({ source, targets, isReentering }: Move): StateNode | undefined {
  const staysInside = targets.every((target) => target === source || isInside(target, source));
  if (!isReentering && staysInside) return source;
  const [first, ...others] = [...targets, source];
  const common = ancestorsOf(first as StateNode, undefined).find((ancestor) =>
    others.every((node) => isInside(node, ancestor)),
  );
  if (common !== undefined) return common;
  return isReentering ? undefined : source.machine.root;
}

function initialOf(node: StateNode): StateNode {
  const [initial] = node.initial.target ?? [];
  return initial as StateNode;
}

/** The states that a compound state begins with, down to the leaf. */
export function initialStatesOf(node: StateNode): StateNode[] {
  const states = [node];
  for (let one = node; one.type === 'compound'; ) {
    one = initialOf(one);
    states.push(one);
  }
  return states;
}

/** Adds what is entered below a target; each is entered by default and runs its initial actions. */
function addBelow(node: StateNode, entered: Set<StateNode>, byDefault: Set<StateNode>): void {
  for (const inner of initialStatesOf(node).slice(1)) {
    entered.add(inner);
    byDefault.add(inner);
  }
}

export function routeOf(move: Move, before: readonly StateNode[], isInitial: boolean): Route {
  const { source, targets, isReentering } = move;
  const domain = domainOf(move);
  const active = new Set(before);
  const left = new Set<StateNode>();
  if (!isInitial && targets.length > 0) {
    if (isReentering && domain === source) left.add(source);
    for (const node of active) if (isInside(node, domain)) left.add(node);
  }
  for (const node of left) active.delete(node);

  const entered = new Set<StateNode>();
  const byDefault = new Set<StateNode>(isInitial ? [source.machine.root] : []);
  for (const target of targets) {
    if (source !== target || source !== domain || isReentering) {
      entered.add(target);
      byDefault.add(target);
    }
    addBelow(target, entered, byDefault);
  }
  const within = source.parent === undefined && isReentering ? undefined : domain;
  for (const target of targets) {
    for (const ancestor of ancestorsOf(target, domain)) {
      if (within === undefined || isInside(ancestor, within)) entered.add(ancestor);
    }
  }
  for (const node of entered) active.add(node);
  return {
    left: inOrder(left).reverse(),
    entered: inOrder(entered).map((node) => ({ node, isByDefault: byDefault.has(node) })),
    active: inOrder(active),
  };
}

/** The order of the machine's text: outer states before inner ones. */
function inOrder(nodes: ReadonlySet<StateNode>): StateNode[] {
  return [...nodes].sort((one, other) => one.order - other.order);
}
