import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import type { Place } from './types.ts';

/** Keys and indices from the root of the file to a value. */
export type Path = readonly (string | number)[];

/** A scenario file as YAML: its plain data, and where each piece of it stands. */
export interface ScenarioDocument {
  readonly data: unknown;
  /** Where the value at a path stands; the nearest enclosing thing where there is none. */
  placeOf(path: Path): Place;
  /** Where the last key of a path stands. */
  placeOfKey(path: Path): Place;
  /** A line of the file, without its line end; empty past the end. */
  lineText(line: number): string;
}

export interface SyntaxProblem {
  readonly place: Place;
  readonly text: string;
}

export type DocumentResult =
  | { readonly ok: true; readonly document: ScenarioDocument }
  | { readonly ok: false; readonly problems: readonly SyntaxProblem[] };

const START: Place = { line: 1, column: 1 };

/** Reads YAML 1.2 (so `13:00` and dates stay text, and duplicate keys are errors). */
export function readDocument(text: string): DocumentResult {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const placeAt = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return line === 0 ? START : { line, column: col };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({
      place: placeAt(error.pos[0]),
      text: `this is not YAML: ${error.message}`,
    }));
    return { ok: false, problems };
  }
  const lines = text.split(/\r?\n/);
  const resolved = (node: unknown): Node | null => {
    if (isAlias(node)) return node.resolve(document) ?? null;
    return isNode(node) ? node : null;
  };
  const startOf = (node: unknown): number | null =>
    isNode(node) && node.range ? node.range[0] : null;

  const find = (path: Path): { readonly key: number | null; readonly value: number | null } => {
    let node = resolved(document.contents);
    let found = { key: startOf(node), value: startOf(node) };
    for (const segment of path) {
      if (isMap(node)) {
        const pair = node.items.find(
          ({ key }) => isScalar(key) && String(key.value) === String(segment),
        );
        if (pair === undefined) break;
        const isEmpty = isScalar(pair.value) && pair.value.value === null;
        const key = startOf(pair.key) ?? found.key;
        found = { key, value: isEmpty ? key : (startOf(pair.value) ?? key) };
        node = resolved(pair.value);
      } else if (isSeq(node)) {
        const item = node.items[Number(segment)];
        const start = startOf(item) ?? found.value;
        found = { key: start, value: start };
        node = resolved(item);
      } else {
        break;
      }
    }
    return found;
  };
  return {
    ok: true,
    document: {
      data: document.toJS(),
      placeOf: (path) => placeAt(find(path).value ?? 0),
      placeOfKey: (path) => placeAt(find(path).key ?? 0),
      lineText: (line) => lines[line - 1] ?? '',
    },
  };
}

/** `jobs[0].source.folder`: how a path is shown to people. */
export function formatPath(path: Path): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}

/** The value at a path of plain data; undefined where there is none. */
export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, segment)
      ? (value as Record<string | number, unknown>)[segment]
      : undefined;
  }
  return value;
}
