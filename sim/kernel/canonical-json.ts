import type { Json } from '../../machines/ports/event-log.ts';

/**
 * JSON text with sorted keys and no spaces: equal values give equal bytes on every runtime and
 * whatever the order in which an object was built (I76). Throws a TypeError for what JSON cannot
 * carry faithfully (`undefined`, NaN, infinities, functions, class instances): such a value in an
 * event is a mistake of whoever wrote it, and would be lost in silence.
 */
export function canonicalJson(value: Json): string {
  return write(value, '$');
}

function write(value: unknown, path: string): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value))
        throw new TypeError(`${path} is ${value}, which JSON cannot hold`);
      return JSON.stringify(value);
    case 'object':
      return writeObject(value, path);
    default:
      throw new TypeError(`${path} is of type ${typeof value}, which JSON cannot hold`);
  }
}

function writeObject(value: object | null, path: string): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    return `[${value.map((item, index) => write(item, `${path}[${index}]`)).join(',')}]`;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`${path} is an instance of a class, not a plain object`);
  }
  const record = value as Readonly<Record<string, unknown>>;
  const members = Object.keys(record)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${write(record[key], `${path}.${key}`)}`);
  return `{${members.join(',')}}`;
}
