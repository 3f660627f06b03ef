import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { backupSessionMachine } from '../../../machines/backup-session/index.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import type { SessionView } from './types.ts';

/** One state of a machine with its place in the tree. */
export interface StateRow {
  /** `active.running`. */
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  readonly isActive: boolean;
}

/** What a machine does with one kind of event in the state that it is in. */
export interface TransitionRow {
  readonly event: string;
  /** `yes`: it acts on it. `maybe`: what the event brings decides. `no`: it would change nothing. */
  readonly isEnabled: 'yes' | 'maybe' | 'no';
  /** `to draining`, `stays, checkOnHeartbeat`, or why not. */
  readonly text: string;
}

const machine: AnyStateMachine = backupSessionMachine;

function pathOf(node: AnyStateNode): string {
  return node.path.join('.');
}

/** The states of the session machine in the order of its definition; the active ones are marked. */
export function stateRows(state: string): readonly StateRow[] {
  const rows: StateRow[] = [];
  const walk = (node: AnyStateNode, depth: number): void => {
    for (const child of Object.values(node.states)) {
      const path = pathOf(child);
      const isActive = state === path || state.startsWith(`${path}.`);
      rows.push({ path, name: child.key, depth, isActive });
      walk(child, depth + 1);
    }
  };
  walk(machine.root, 0);
  return rows;
}

function nodeOf(state: string): AnyStateNode | null {
  let node: AnyStateNode = machine.root;
  for (const name of state.split('.')) {
    const child = Object.hasOwn(node.states, name) ? node.states[name] : undefined;
    if (child === undefined) return null;
    node = child;
  }
  return node;
}

/** Thrown by what is not known here: only the event itself, or the running machine, can tell. */
class NotKnownHere extends Error {}

/** An object that gives what is known and refuses to guess the rest. */
function partlyKnown(known: Readonly<Record<string, unknown>>): unknown {
  return new Proxy(known, {
    get: (target, key) => {
      if (typeof key === 'string' && Object.hasOwn(target, key)) return target[key];
      throw new NotKnownHere(String(key));
    },
  });
}

/** What the log tells of the context of a session's machine. */
function contextOf(session: SessionView): unknown {
  const { route, held, lastCheck, restarts, outcome } = session;
  return partlyKnown({
    route: route === null ? null : partlyKnown({ ...route }),
    credential: held === null ? null : { ...held, degraded: false },
    check:
      lastCheck === null
        ? null
        : { renewBelowMs: lastCheck.renewBelowMs, includesLine: lastCheck.includesLine },
    restarts,
    outcome,
  });
}

type Guard = (args: { context: unknown; event: unknown }, params: unknown) => boolean;
interface Candidate {
  readonly guard?: unknown;
  readonly target?: readonly AnyStateNode[] | undefined;
  readonly actions: readonly unknown[];
}

function evaluate(
  guard: unknown,
  session: SessionView,
  event: string,
  now: EpochMs,
): boolean | null {
  if (guard === undefined) return true;
  const name = nameOf(guard);
  const implementation = machine.implementations.guards[name] as Guard | undefined;
  if (typeof implementation !== 'function') return null;
  try {
    const known = partlyKnown({ type: event, at: now });
    return implementation({ context: contextOf(session), event: known }, undefined);
  } catch (error) {
    if (error instanceof NotKnownHere) return null;
    throw error;
  }
}

function nameOf(named: unknown): string {
  if (typeof named === 'string') return named;
  if (typeof named === 'object' && named !== null && 'type' in named) {
    const { type } = named;
    const params = 'params' in named ? named.params : undefined;
    return typeof params === 'string' ? params : String(type);
  }
  return 'a condition';
}

function effectOf({ target, actions }: Candidate, node: AnyStateNode): string {
  const [to] = target ?? [];
  if (to !== undefined) return `to ${to === node ? 'itself' : pathOf(to)}`;
  if (actions.length === 0) return 'changes nothing here';
  return `stays, ${actions.map(nameOf).join(', ')}`;
}

function rowOf(
  event: string,
  candidates: readonly Candidate[],
  node: AnyStateNode,
  asked: { readonly session: SessionView; readonly now: EpochMs },
): TransitionRow {
  const maybe: string[] = [];
  const refused: string[] = [];
  for (const candidate of candidates) {
    const held = evaluate(candidate.guard, asked.session, event, asked.now);
    const guard = candidate.guard === undefined ? null : nameOf(candidate.guard);
    if (held === false) {
      refused.push(`${guard ?? ''} is false`);
      continue;
    }
    const effect = effectOf(candidate, node);
    if (held === null) {
      maybe.push(`${effect} if ${guard ?? 'it says so'}`);
      continue;
    }
    if (maybe.length > 0) return { event, isEnabled: 'maybe', text: [...maybe, effect].join('; ') };
    const isIgnored = (candidate.target ?? []).length === 0 && candidate.actions.length === 0;
    return { event, isEnabled: isIgnored ? 'no' : 'yes', text: effect };
  }
  if (maybe.length > 0) return { event, isEnabled: 'maybe', text: maybe.join('; ') };
  return { event, isEnabled: 'no', text: refused.join(', ') };
}

/**
 * What the session's machine does with every event that its definition names, in the state that it
 * is in: the innermost state that knows an event decides. Guards are the machine's own, asked with
 * what the log tells of the context; what it does not tell is answered with "maybe".
 */
export function transitionRows(session: SessionView, now: EpochMs): readonly TransitionRow[] {
  const leaf = nodeOf(session.state);
  if (leaf === null) return [];
  const rows = new Map<string, TransitionRow>();
  const isOver = leaf.type === 'final';
  for (let node: AnyStateNode | undefined = leaf; node !== undefined; node = node.parent) {
    for (const [event, candidates] of node.transitions) {
      if (event === '*' || event === '') continue;
      const known = rows.get(event);
      // Only where every guard of the inner state said no is the outer one asked.
      if (known !== undefined && known.isEnabled !== 'no') continue;
      if (known?.text === 'changes nothing here') continue;
      const row = rowOf(event, candidates as readonly Candidate[], leaf, { session, now });
      // The inner guard is the better reason why nothing happens.
      if (known !== undefined && row.isEnabled === 'no') continue;
      rows.set(event, isOver ? { event, isEnabled: 'no', text: 'the session is over' } : row);
    }
  }
  const rank = { yes: 0, maybe: 1, no: 2 } as const;
  return [...rows.values()].sort((left, right) => rank[left.isEnabled] - rank[right.isEnabled]);
}
