/**
 * From tables to code. Each cell of the tables becomes one straight function: its guards in order,
 * then the operations of the transition that was chosen. The text is made of numbers and of fixed
 * pieces only; whatever comes from a machine (functions, values, names) is handed over in an array.
 *
 * Why text: a JavaScript engine learns for each place in the source which functions and shapes come
 * by. A loop over operations is one place for all of them and stays slow; with a place of its own
 * for each call the engine builds the machine's functions in.
 */
import type { Engine } from './engine.ts';
import { Given } from './given.ts';
import { type CompiledGuard, guardError, type Parameters } from './guards.ts';
import type { AnyEvent } from './machine-types.ts';
import { operationText, type Terms } from './operation-text.ts';
import type { Operation } from './operations.ts';
import type { Candidate, Plan, Tables } from './tables.ts';

/** What a cell has done: nothing, a transition after which all is as before, or a change. */
export const UNTAKEN = 0;
export const UNCHANGED = 1;
export const CHANGED = 2;

export type Cell = (engine: Engine, event: AnyEvent) => number;
export type LateCell = (engine: Engine, event: AnyEvent, operation: Operation) => void;

export interface Code {
  /** As in the tables; `null` where no transition waits. */
  readonly onEvent: readonly (Cell | null)[];
  readonly onAlways: readonly (Cell | null)[];
  readonly first: Cell;
  /** By the kind of the operation: for what a callback of `enqueueActions` asks for. */
  readonly late: Readonly<Record<string, LateCell>>;
  /** The text, for people who want to see what runs. */
  readonly source: string;
}

const BEGIN = 'const { emitted, enqueue } = engine;\nlet { context } = engine;';

export function generateCode(tables: Tables): Code {
  const writer = new Writer();
  const onEvent = tables.onEvent.map((candidates) => writer.cell(candidates, true));
  const onAlways = tables.onAlways.map((candidates) => writer.cell(candidates, false));
  const first = writer.add(`${BEGIN}\n${writer.plan(tables.first)}`);
  const source = writer.source();
  const build = new Function('constants', 'Given', 'guardError', 'assignAll', source);
  const built = build(writer.constants, Given, guardError, assignAll) as Built;
  const cellAt = (at: number | null): Cell | null =>
    at === null ? null : (built.cells[at] as Cell);
  return {
    onEvent: onEvent.map(cellAt),
    onAlways: onAlways.map(cellAt),
    first: built.cells[first] as Cell,
    late: built.late,
    source,
  };
}

interface Built {
  readonly cells: readonly Cell[];
  readonly late: Readonly<Record<string, LateCell>>;
}

/** An assign whose change is not a plain object. */
function assignAll(context: object, change: unknown): object {
  return Object.assign({}, context, change);
}

const NO_PARAMETERS: Parameters = { parameters: undefined, parametersOf: null };
const LATE: readonly Operation[] = [
  { kind: 'assign', call: Object, ...NO_PARAMETERS },
  { kind: 'emit', event: null },
  { kind: 'emitComputed', call: Object, ...NO_PARAMETERS },
  { kind: 'enqueue', call: Object, ...NO_PARAMETERS },
  { kind: 'raise', event: null },
  { kind: 'raiseComputed', call: Object, ...NO_PARAMETERS },
  { kind: 'call', call: Object, ...NO_PARAMETERS },
];

/** An operation that is known only when it runs names its own properties. */
const LATE_TERMS: Terms = {
  value: (_, property) => `operation.${property}`,
  parameters: () =>
    '(operation.parametersOf === null ? operation.parameters : operation.parametersOf(new Given(context, event)))',
};

function isAssign({ kind }: Operation): boolean {
  return kind === 'assign' || kind === 'assignProperties';
}

class Writer {
  readonly constants: unknown[] = [];
  readonly #numbers = new Map<unknown, number>();
  readonly #cells = new Map<string, number>();
  readonly #terms: Terms = {
    value: (value) => this.#constant(value),
    parameters: ({ parameters, parametersOf }) =>
      parametersOf === null
        ? this.#constant(parameters)
        : `${this.#constant(parametersOf)}(new Given(context, event))`,
  };

  /** The number of the cell with this text; cells that do the same share one. */
  add(body: string): number {
    const known = this.#cells.get(body) ?? this.#cells.size;
    this.#cells.set(body, known);
    return known;
  }

  /** A guard that throws is reported with its event, but as it is where no event was handed in. */
  cell(candidates: readonly Candidate[], isForEvent: boolean): number | null {
    if (candidates.length === 0) return null;
    const branches = candidates.map(({ guard, nodeId, plan }) => {
      if (guard === null) return this.plan(plan);
      const passes = this.#guard(guard);
      const body = `{\n${this.plan(plan)}\n}`;
      if (!isForEvent) return `if (${passes}) ${body}`;
      const failure = `guardError(${this.#constant(guard)}, event, ${this.#constant(nodeId)}, error)`;
      return `try { passes = ${passes}; } catch (error) { throw ${failure}; }\nif (passes) ${body}`;
    });
    return this.add([BEGIN, 'let passes;', ...branches, `return ${UNTAKEN};`].join('\n'));
  }

  plan({ operations, next, isMoving }: Plan): string {
    const isChanging = isMoving || operations.some(isAssign);
    const lines = [
      ...operations.map((operation) => operationText(operation, this.#terms)),
      operations.length > 0 ? 'engine.context = context;' : '',
      isMoving ? `engine.state = ${next};` : '',
      // What a callback has enqueued may have assigned.
      `return ${isChanging ? CHANGED : `engine.hasAssigned ? ${CHANGED} : ${UNCHANGED}`};`,
    ];
    return lines.filter((line) => line !== '').join('\n');
  }

  source(): string {
    const constants = this.constants.map((_, at) => `const c${at} = constants[${at}];`);
    const cells = [...this.#cells.keys()].map((body) => `(engine, event) => {\n${body}\n}`);
    return [
      '"use strict";',
      'const plain = Object.prototype, prototypeOf = Object.getPrototypeOf, is = Object.is;',
      ...constants,
      `return { cells: [\n${cells.join(',\n')}\n], late: {\n${LATE.map(lateCell).join(',\n')}\n} };`,
    ].join('\n');
  }

  #constant(value: unknown): string {
    const known = this.#numbers.get(value) ?? this.constants.length;
    if (known === this.constants.length) {
      this.#numbers.set(value, known);
      this.constants.push(value);
    }
    return `c${known}`;
  }

  #guard(guard: CompiledGuard): string {
    const call = this.#constant(guard.call);
    return `${call}(new Given(context, event), ${this.#terms.parameters(guard)})`;
  }
}

function lateCell(sample: Operation): string {
  const lines = [
    BEGIN,
    operationText(sample, LATE_TERMS),
    'engine.context = context;',
    isAssign(sample) ? 'engine.hasAssigned = true;' : '',
  ];
  return `${sample.kind}: (engine, event, operation) => {\n${lines.join('\n')}\n}`;
}
