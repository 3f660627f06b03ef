import { formatDuration } from '../../machines/rules/duration.ts';
import { WIRE_AT } from './life-line.ts';
import type { MachineStep } from './machine-step.ts';
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
  const steppers = [...system.hubLogic.steppers, ...system.spokeLogic.steppers];
  return steppers.find(({ program }) => program.machine === machine)?.pathOf(state) ?? '';
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
  const cell = place === 0 ? system.hub : system.spoke;
  const local = cell.locals[before[origin.place] as number];
  const message = cell.messages[origin.message] as (typeof cell.messages)[number];
  const who = place === 0 ? cell.logic.who : `${cell.logic.who} ${place}`;
  return `${who}${scope}: ${cell.logic.titleOf(local, message)}`;
}
