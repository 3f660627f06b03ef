import type { ObjectRecord } from '../../core/records.ts';
import { GcsError } from '../errors.ts';

export const PRECONDITION_NAMES = [
  'ifGenerationMatch',
  'ifGenerationNotMatch',
  'ifMetagenerationMatch',
  'ifMetagenerationNotMatch',
] as const;
export type PreconditionName = (typeof PRECONDITION_NAMES)[number];
export type Preconditions = Readonly<Partial<Record<PreconditionName, string>>>;

/** Takes the preconditions out of a query; `source` selects `ifSourceGenerationMatch` and so on. */
export function readPreconditions(
  query: ReadonlyMap<string, string>,
  kind: 'target' | 'source' = 'target',
): Preconditions {
  const found: Partial<Record<PreconditionName, string>> = {};
  for (const name of PRECONDITION_NAMES) {
    const wireName = kind === 'target' ? name : name.replace(/^if/, 'ifSource');
    const value = query.get(wireName);
    if (value === undefined) continue;
    if (!/^\d{1,19}$/.test(value)) {
      throw new GcsError('invalidParameter', `Invalid value for ${wireName}: "${value}".`);
    }
    found[name] = value;
  }
  return found;
}

/**
 * Throws `conditionNotMet` (412) when a `Match` does not hold; `not modified` when a `NotMatch`
 * does not. Generation 0 stands for an object that is not there.
 */
export function checkPreconditions(
  conditions: Preconditions,
  object: ObjectRecord | undefined,
): 'met' | 'not modified' {
  const generation = String(object?.generation ?? 0);
  const metageneration = String(object?.metageneration ?? 0);
  const pairs = [
    ['ifGenerationMatch', generation],
    ['ifMetagenerationMatch', metageneration],
  ] as const;
  for (const [name, actual] of pairs) {
    const wanted = conditions[name];
    if (wanted !== undefined && BigInt(wanted) !== BigInt(actual)) throw notMet();
  }
  const isSame =
    isEqual(conditions.ifGenerationNotMatch, generation) ||
    isEqual(conditions.ifMetagenerationNotMatch, metageneration);
  return isSame ? 'not modified' : 'met';
}

/** The same for what changes something, where `not modified` is no answer. */
export function requirePreconditions(
  conditions: Preconditions,
  object: ObjectRecord | undefined,
): void {
  if (checkPreconditions(conditions, object) !== 'met') throw notMet();
}

function isEqual(wanted: string | undefined, actual: string): boolean {
  return wanted !== undefined && BigInt(wanted) === BigInt(actual);
}

function notMet(): GcsError {
  return new GcsError('conditionNotMet', undefined, { xmlCode: 'PreconditionFailed' });
}
