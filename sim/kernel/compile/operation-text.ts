import type { Parameters } from './guards.ts';
import type { Operation } from './operations.ts';

/** How the text names what belongs to an operation: as a constant, or as a property of it. */
export interface Terms {
  value(value: unknown, property: string): string;
  parameters(operation: Parameters): string;
}

/**
 * What an operation does, as text. In scope are `engine`, `event`, `emitted` and a variable
 * `context`, which an assign replaces. `Given` is what a machine's functions are called with.
 */
export function operationText(operation: Operation, terms: Terms): string {
  switch (operation.kind) {
    case 'assign':
      return assignText(callText(operation, terms));
    case 'assignProperties':
      return propertiesText(operation, terms);
    case 'emit':
      return `emitted.add(${terms.value(operation.event, 'event')});`;
    case 'emitComputed':
      return `emitted.add(${callText(operation, terms)});`;
    case 'raise':
      return `engine.raise(${terms.value(operation.event, 'event')});`;
    case 'raiseComputed':
      return `engine.raise(${callText(operation, terms)});`;
    case 'enqueue':
      return enqueueText(operation, terms);
    case 'call': {
      const call = terms.value(operation.call, 'call');
      return `engine.act(${call}, new Given(context, event), ${terms.parameters(operation)});`;
    }
    case 'raiseDone':
    case 'finish':
      return `engine.${operation.kind}(${terms.value(operation, '')}, context, event);`;
    default:
      return operation satisfies never;
  }
}

type Calling = Parameters & { readonly call: unknown };

function callText(operation: Calling, terms: Terms): string {
  const call = terms.value(operation.call, 'call');
  return `${call}(new Given(context, event), ${terms.parameters(operation)})`;
}

/**
 * `Object.assign({}, context, change)`, as XState does it, but faster, and the very same object when
 * nothing is different. Names that are symbols do not survive JSON: they are not looked for.
 */
function assignText(call: string): string {
  return `{
const change = ${call};
if (change !== null && change !== undefined) {
  if (prototypeOf(change) === plain) {
    let next = null;
    for (const key in change) {
      const value = change[key];
      if (next === null) {
        if (value !== undefined && is(value, context[key])) continue;
        next = { ...context };
      }
      next[key] = value;
    }
    if (next !== null) context = next;
  } else context = assignAll(context, change);
}
}`;
}

/** All values are asked for with the context as it was, then set. */
function propertiesText(
  operation: Extract<Operation, { kind: 'assignProperties' }>,
  terms: Terms,
): string {
  const { keys, values } = operation;
  const given = 'new Given(context, event)';
  const asked = values.map((value, at) => {
    const term = terms.value(value, '');
    const result =
      typeof value === 'function' ? `${term}(${given}, ${terms.parameters(operation)})` : term;
    return `const value${at} = ${result};`;
  });
  const names = keys.map((key) => terms.value(key, ''));
  const same = names.map(
    (name, at) => `value${at} !== undefined && is(value${at}, context[${name}])`,
  );
  return `{
${asked.join('\n')}
if (!(${same.join(' && ') || 'true'})) {
  context = { ...context };
  ${names.map((name, at) => `context[${name}] = value${at};`).join('\n  ')}
}
}`;
}

function enqueueText(operation: Calling, terms: Terms): string {
  const call = terms.value(operation.call, 'call');
  return `${call}(enqueue.open(context, event, emitted), ${terms.parameters(operation)});
enqueue.close();
if (enqueue.pending.length > 0) {
  engine.context = context;
  engine.runPending(event);
  context = engine.context;
}`;
}
