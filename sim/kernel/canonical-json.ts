import type { Json } from '../../machines/ports/event-log.ts';
import { memberNamesOf } from './member-names.ts';

/**
 * JSON text with sorted keys and no spaces: equal values give equal bytes on every runtime and
 * whatever the order in which an object was built (I76). Throws a TypeError for what JSON cannot
 * carry faithfully (`undefined`, NaN, infinities, functions, class instances): such a value in an
 * event is a mistake of whoever wrote it, and would be lost in silence.
 */
export function canonicalJson(value: Json): string {
  const text = write(value);
  if (text === null) throw new TypeError(problemIn(value, '$') ?? 'JSON cannot hold this');
  return text;
}

/** `null` for what JSON cannot hold: who asks for the reason walks the value once more. */
function write(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      return Number.isFinite(value) ? `${value}` : null;
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? writeArray(value) : writeObject(value);
    default:
      return null;
  }
}

function writeArray(items: readonly unknown[]): string | null {
  let text = '[';
  // Not `for … of` over entries: a hole is `undefined`, which JSON cannot hold either.
  for (let at = 0; at < items.length; at += 1) {
    const item = write(items[at]);
    if (item === null) return null;
    text += at === 0 ? item : `,${item}`;
  }
  return `${text}]`;
}

function writeObject(value: object): string | null {
  if (!isPlain(value)) return null;
  const { sorted, openings } = memberNamesOf(Object.keys(value));
  if (sorted.length === 0) return '{}';
  let text = '';
  for (let at = 0; at < sorted.length; at += 1) {
    const member = write((value as Record<string, unknown>)[sorted[at] as string]);
    if (member === null) return null;
    text += openings[at] as string;
    text += member;
  }
  return `${text}}`;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The first thing that JSON cannot hold, in the order in which it would have been written. */
function problemIn(value: unknown, path: string): string | null {
  if (typeof value === 'number') {
    return Number.isFinite(value) ? null : `${path} is ${value}, which JSON cannot hold`;
  }
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return null;
  if (typeof value !== 'object')
    return `${path} is of type ${typeof value}, which JSON cannot hold`;
  if (Array.isArray(value)) {
    return firstOf(Array.from(value), (item, at) => problemIn(item, `${path}[${at}]`));
  }
  if (!isPlain(value)) return `${path} is an instance of a class, not a plain object`;
  const record = value as Readonly<Record<string, unknown>>;
  return firstOf(Object.keys(record).sort(), (key) => problemIn(record[key], `${path}.${key}`));
}

function firstOf<Item>(
  items: readonly Item[],
  look: (item: Item, at: number) => string | null,
): string | null {
  for (const [at, item] of items.entries()) {
    const found = look(item, at);
    if (found !== null) return found;
  }
  return null;
}
