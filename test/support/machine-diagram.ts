import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

function children(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states) as AnyStateNode[];
}

function pathOf(node: AnyStateNode): string {
  return node.path.join('.');
}

/** `live.fresh`, `refused` …: every state of a machine that has no states inside. */
export function leafStates(machine: AnyStateMachine): string[] {
  const leaves = (node: AnyStateNode): string[] => {
    const inner = children(node);
    return inner.length === 0 ? [pathOf(node)] : inner.flatMap(leaves);
  };
  return leaves(machine.root);
}

/** Every state of a machine, parents before their children. */
export function allStates(machine: AnyStateMachine): string[] {
  const below = (node: AnyStateNode): string[] =>
    children(node).flatMap((child) => [pathOf(child), ...below(child)]);
  return below(machine.root);
}

/** Mermaid knows letters, digits and underscores in the names of states. */
function nameOf(node: AnyStateNode): string {
  return node.path.length === 0 ? '[*]' : node.path.join('_');
}

function labelOf({ eventType, guard }: AnyTransitionDefinition): string {
  const name = typeof guard === 'string' ? guard : (guard as { type?: string } | undefined)?.type;
  const condition = name === undefined ? '' : `[${name}]`;
  if (eventType === '') return condition;
  return condition === '' ? eventType : `${eventType} ${condition}`;
}

/** What the root handles leads away from every state that has no answer of its own. */
function statesWithout(root: AnyStateNode, eventType: string): AnyStateNode[] {
  return children(root).filter(
    (child) => child.type !== 'final' && !child.transitions.has(eventType),
  );
}

/** One line for each pair of states; what leads from one to the other stands in the label. */
function arrowsOf(node: AnyStateNode): string[] {
  const labels = new Map<string, Set<string>>();
  const isRoot = node.path.length === 0;
  const transitions: AnyTransitionDefinition[] = [
    ...[...node.transitions.values()].flat(),
    ...(node.always ?? []),
  ];
  for (const transition of transitions) {
    for (const target of transition.target ?? []) {
      for (const from of isRoot ? statesWithout(node, transition.eventType) : [node]) {
        const arrow = `${nameOf(from)} --> ${nameOf(target)}`;
        const known = labels.get(arrow) ?? new Set();
        labels.set(arrow, known.add(labelOf(transition)));
      }
    }
  }
  return [...labels].map(([arrow, texts]) => {
    const label = [...texts].filter((text) => text !== '').join(', ');
    return label === '' ? arrow : `${arrow}: ${label}`;
  });
}

function stateLines(node: AnyStateNode, indent: string): string[] {
  const inner = children(node);
  const lines: string[] = [];
  if (inner.length === 0) {
    lines.push(`${indent}state "${node.key}" as ${nameOf(node)}`);
  } else {
    lines.push(`${indent}state "${node.key}" as ${nameOf(node)} {`);
    const [initial] = node.initial?.target ?? [];
    if (initial !== undefined) lines.push(`${indent}  [*] --> ${nameOf(initial)}`);
    lines.push(...inner.flatMap((child) => stateLines(child, `${indent}  `)), `${indent}}`);
  }
  return lines;
}

/**
 * A machine as a Mermaid `stateDiagram-v2`. Transitions that stay where they are (late news that
 * changes nothing, alarms that only count) are left out: the diagram shows how states follow.
 */
export function machineDiagram(machine: AnyStateMachine): string {
  const { root } = machine;
  const everywhere = (node: AnyStateNode): AnyStateNode[] => [
    node,
    ...children(node).flatMap(everywhere),
  ];
  const [initial] = root.initial?.target ?? [];
  const finals = everywhere(root).filter((node) => node.type === 'final');
  return [
    'stateDiagram-v2',
    ...(initial === undefined ? [] : [`  [*] --> ${nameOf(initial)}`]),
    ...children(root).flatMap((node) => stateLines(node, '  ')),
    ...everywhere(root)
      .flatMap(arrowsOf)
      .map((arrow) => `  ${arrow}`),
    ...finals.map((node) => `  ${nameOf(node)} --> [*]`),
  ].join('\n');
}
