import { formatDuration } from '../../machines/rules/duration.ts';
import { WIRE_AT } from './life-line.ts';
import type { MachineStep } from './machine-step.ts';
import type { Ask, ScopeMessage, SessionMessage } from './messages.ts';
import { guardReadings, shown } from './operands.ts';
import type { System } from './system.ts';
import type { TraceStep } from './trace.ts';

/** One step of a counterexample as people read it. */
export interface StoryStep {
  /** What happened, in a few words. */
  readonly title: string;
  /** Only what is different afterwards, a line each. */
  readonly changes: readonly string[];
  /** What the machines asked of the world. */
  readonly requests: readonly string[];
  /** Guards that were asked, and what they looked at. */
  readonly guards: readonly string[];
  readonly broken: readonly string[];
}

/** Takes the steps of a trace once more and writes down what happens. */
export function tellStory(system: System, trace: readonly TraceStep[]): readonly StoryStep[] {
  const seen: MachineStep[] = [];
  const watch = (step: MachineStep): void => void seen.push(step);
  system.watchers.push(watch);
  const story = trace.map((step) => {
    seen.length = 0;
    system.redo(step.before, step.origin);
    return tellStep(system, step, seen);
  });
  system.watchers.splice(system.watchers.indexOf(watch), 1);
  return story;
}

function tellStep(system: System, step: TraceStep, seen: readonly MachineStep[]): StoryStep {
  return {
    title: titleOf(system, step),
    changes: seen.flatMap((one) => changesOf(system, one)),
    requests: seen.flatMap(({ requests }) => requests.map(describe)),
    guards: seen.flatMap((one) =>
      guardReadings(one, pathOf(system, one, one.state)).map(
        ({ guard, passed, operands }) =>
          `${guard} ${passed ? 'passes' : 'does not pass'}: ${operands.join(', ')}`,
      ),
    ),
    broken: step.broken.map(({ ids, sentence }) => `${ids}: ${sentence}`),
  };
}

function pathOf(system: System, { machine }: MachineStep, state: number): string {
  const { stepper } = system.scopeLogic;
  return stepper.program.machine === machine
    ? stepper.pathOf(state)
    : system.sessionLogic.stepper.pathOf(state);
}

function changesOf(system: System, step: MachineStep): readonly string[] {
  const who = step.machine.id;
  const [from, to] = [pathOf(system, step, step.state), pathOf(system, step, step.next)];
  const before = flat(step.context, '');
  const after = flat(step.nextContext, '');
  const lines = [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => `${who}.${key}: ${valueAt(before, key)} -> ${valueAt(after, key)}`);
  return [
    `${who} hears ${step.event.type}: ${from === to ? `stays ${from}` : `${from} -> ${to}`}`,
    ...lines,
  ];
}

function valueAt(values: ReadonlyMap<string, unknown>, key: string): string {
  const value = values.get(key);
  if (value === undefined) return 'none';
  return value === WIRE_AT ? 'set' : shown(key, value);
}

/** Leaves of a context by path; nothing and empty things have none. */
function flat(value: unknown, path: string): Map<string, unknown> {
  if (value === null || value === undefined) return new Map();
  if (typeof value !== 'object') return new Map([[path, value]]);
  const inner = Object.entries(value).filter(([key]) => key !== 'settings' && key !== 'input');
  return new Map(
    inner.flatMap(([key, one]) => [...flat(one, path === '' ? key : `${path}.${key}`)]),
  );
}

function describe(request: { readonly type: string }): string {
  const { type, ...rest } = request;
  const facts = [...flat(rest, '')].map(([key, value]) => `${key} ${shown(key, value)}`);
  return facts.length === 0 ? type : `${type} (${facts.join(', ')})`;
}

function titleOf(system: System, { origin, before }: TraceStep): string {
  const place = (origin.place - 1) % system.blockWidth;
  const scopes = system.options.bounds.scopes;
  const scope =
    scopes === 1 ? '' : ` of scope ${Math.floor((origin.place - 1) / system.blockWidth) + 1}`;
  if (origin.message < 0) return `${formatDuration(origin.passedMs)} pass${scope}`;
  const local = before.places[origin.place] as number;
  if (place === 0) {
    const message = system.scope.messages[origin.message] as ScopeMessage;
    const call = system.scope.locals[local]?.calls[(message as { index?: number }).index ?? -1];
    return `SP${scope}: ${scopeTitle(message, call)}`;
  }
  const message = system.session.messages[origin.message] as SessionMessage;
  const ask = system.session.locals[local]?.outbox[0] ?? null;
  return `session ${place}${scope}: ${sessionTitle(message, ask)}`;
}

function scopeTitle(
  message: ScopeMessage,
  call: { readonly kind: string; readonly generation: number } | undefined,
): string {
  const what = call === undefined ? '' : `${call.kind} of generation ${call.generation}`;
  switch (message.type) {
    case 'succeed':
      return `${what} succeeds`;
    case 'fail':
      return `${what} fails: ${message.code}`;
    case 'alarm':
      return `alarm ${message.name}`;
    case 'crash':
      return `crashes and starts again${message.landed ? '; what was being saved is saved' : ''}`;
    default:
      return message.type;
  }
}

function sessionTitle(message: SessionMessage, ask: Ask | null): string {
  switch (message.type) {
    case 'answer':
      return `"${message.of}" is answered${message.again ? ', and will be once more' : ''}`;
    case 'opened':
      return 'the SP opens it';
    case 'fail':
      return `"${message.of}" fails: ${message.code}`;
    case 'reach':
      return 'its target mover reaches the SP';
    case 'read':
      return `hears the SP's letter${message.again ? ', and will once more' : ''}`;
    case 'arrive':
      return `its request (${ask?.trigger}, renew ${ask?.renew}) reaches the SP`;
    case 'lose':
      return 'its request is lost';
    case 'work':
      return `the transfer says ${message.fact}`;
    case 'workFails':
      return `the transfer fails: ${message.code}`;
    case 'moverExits':
      return `the ${message.role} mover exits`;
    case 'user':
      return `the user wants it ${message.wish}`;
    case 'alarm':
      return `alarm ${message.name}`;
    default:
      return message.type;
  }
}
