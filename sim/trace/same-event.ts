import type { Json, LogEvent } from '../../machines/ports/event-log.ts';
import { canonicalJson, type TraceHeader } from '../kernel/index.ts';

/** Fields that a comparison leaves out: `seq`, `at`, `node`, `type`, `session`, `data.keyId`, … */
export type Ignored = ReadonlySet<string>;

export const IGNORE_NOTHING: Ignored = new Set();

/** What differs between two events, by its path. */
export interface FieldDifference {
  readonly path: string;
  /** JSON; `undefined` where this side has no such field. */
  readonly left: Json | undefined;
  readonly right: Json | undefined;
}

/** The text by which two events are compared: equal texts are equal events. */
export function comparable(event: LogEvent, ignored: Ignored): string {
  if (ignored.size === 0) return canonicalJson({ ...event });
  return canonicalJson(without({ ...event }, '', ignored));
}

function without(value: Json, path: string, ignored: Ignored): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).filter(([key]) => !ignored.has(join(path, key)));
  return Object.fromEntries(
    members.map(([key, member]) => [key, without(member, join(path, key), ignored)]),
  );
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

export function differencesOf(
  left: LogEvent,
  right: LogEvent,
  ignored: Ignored,
): readonly FieldDifference[] {
  return fields('', { ...left }, { ...right }, ignored);
}

/** Of two headers; a whole name (`build`, `options`) or a path (`options.text`) may be ignored. */
export function headerDifferences(
  left: TraceHeader,
  right: TraceHeader,
  ignored: Ignored,
): readonly FieldDifference[] {
  return fields('', { ...left }, { ...right }, ignored);
}

function fields(
  path: string,
  left: Json | undefined,
  right: Json | undefined,
  ignored: Ignored,
): readonly FieldDifference[] {
  if (ignored.has(path)) return [];
  if (isRecord(left) && isRecord(right)) {
    const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
    return keys.flatMap((key) => fields(join(path, key), left[key], right[key], ignored));
  }
  const isSame =
    left !== undefined && right !== undefined && canonicalJson(left) === canonicalJson(right);
  return isSame ? [] : [{ path, left, right }];
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
