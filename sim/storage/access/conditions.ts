import { bindPattern, matchesPattern, type Pattern, parsePattern } from './patterns.ts';

/** What a request says about itself. Instants are epoch ms. Names are lower case. */
export type RequestContext = ReadonlyMap<string, string | number>;

/** One operator on one key with its values: any value may match, negated: none may. */
export interface Condition {
  readonly operator: string;
  readonly key: string;
  matches(context: RequestContext): boolean;
}

type KeyFamily = 'string' | 'date' | 'numeric';

/** The condition keys that the endpoint fills in. Any other key makes a policy refused. */
const KEY_FAMILIES: ReadonlyMap<string, KeyFamily> = new Map<string, KeyFamily>([
  ['s3:prefix', 'string'],
  ['s3:delimiter', 'string'],
  ['s3:max-keys', 'numeric'],
  ['aws:username', 'string'],
  ['aws:userid', 'string'],
  ['aws:principalarn', 'string'],
  ['aws:principalaccount', 'string'],
  ['aws:currenttime', 'date'],
  ['aws:epochtime', 'date'],
  ['aws:tokenissuetime', 'date'],
]);

/** Policy variables: the string keys of the principal, in lower case. */
export const POLICY_VARIABLES: ReadonlySet<string> = new Set([
  'aws:username',
  'aws:userid',
  'aws:principalarn',
  'aws:principalaccount',
]);

const STRING_OPERATORS: ReadonlyMap<string, { wildcards: boolean; negated: boolean }> = new Map([
  ['StringEquals', { wildcards: false, negated: false }],
  ['StringNotEquals', { wildcards: false, negated: true }],
  ['StringLike', { wildcards: true, negated: false }],
  ['StringNotLike', { wildcards: true, negated: true }],
]);

type Comparison = (actual: number, wanted: number) => boolean;

const COMPARISONS: ReadonlyMap<string, { compare: Comparison; negated: boolean }> = new Map([
  ['Equals', { compare: (actual: number, wanted: number) => actual === wanted, negated: false }],
  ['NotEquals', { compare: (actual: number, wanted: number) => actual === wanted, negated: true }],
  ['LessThan', { compare: (actual: number, wanted: number) => actual < wanted, negated: false }],
  [
    'LessThanEquals',
    { compare: (actual: number, wanted: number) => actual <= wanted, negated: false },
  ],
  ['GreaterThan', { compare: (actual: number, wanted: number) => actual > wanted, negated: false }],
  [
    'GreaterThanEquals',
    { compare: (actual: number, wanted: number) => actual >= wanted, negated: false },
  ],
]);

/** Compiles one condition, or says in a sentence why this evaluator does not understand it. */
export function compileCondition(
  operator: string,
  key: string,
  values: readonly string[],
): Condition | { readonly refused: string } {
  const family = KEY_FAMILIES.get(key.toLowerCase());
  if (family === undefined) return { refused: `the condition key ${key} is not supported` };
  if (values.length === 0) return { refused: `the condition on ${key} has no value` };
  if (operator === 'Null') return compileNull(key, values);
  const ifExists = operator.endsWith('IfExists');
  const base = ifExists ? operator.slice(0, -'IfExists'.length) : operator;
  const test = compileTest(base, family, values);
  if ('refused' in test) return { refused: `${operator} on ${key}: ${test.refused}` };
  const name = key.toLowerCase();
  return {
    operator,
    key,
    matches: (context) => {
      const actual = context.get(name);
      // AWS: a key that the request lacks fails a positive operator and passes a negated one.
      if (actual === undefined) return ifExists || test.negated;
      const some = test.some(actual, context);
      return test.negated ? !some : some;
    },
  };
}

function compileNull(key: string, values: readonly string[]): Condition | { refused: string } {
  const [wanted] = values;
  if (values.length !== 1 || (wanted !== 'true' && wanted !== 'false')) {
    return { refused: `Null on ${key} needs the value true or false` };
  }
  const name = key.toLowerCase();
  return {
    operator: 'Null',
    key,
    matches: (context) => !context.has(name) === (wanted === 'true'),
  };
}

interface Test {
  readonly negated: boolean;
  some(actual: string | number, context: RequestContext): boolean;
}

function compileTest(
  operator: string,
  family: KeyFamily,
  values: readonly string[],
): Test | { refused: string } {
  if (family === 'string') return compileStringTest(operator, values);
  const kind = family === 'date' ? 'Date' : 'Numeric';
  const comparison = operator.startsWith(kind) && COMPARISONS.get(operator.slice(kind.length));
  if (!comparison) return { refused: 'the operator is unknown or not meant for this key' };
  const wanted = values.map(family === 'date' ? parsePolicyDate : parseNumber);
  if (wanted.includes(undefined)) return { refused: `a value is no ${family} value` };
  return {
    negated: comparison.negated,
    some: (actual) => wanted.some((value) => comparison.compare(actual as number, value as number)),
  };
}

function compileStringTest(
  operator: string,
  values: readonly string[],
): Test | { refused: string } {
  const mode = STRING_OPERATORS.get(operator);
  if (mode === undefined) {
    return { refused: 'the operator is unknown or not meant for this key' };
  }
  const patterns: Pattern[] = [];
  for (const value of values) {
    const pattern = parsePattern(value, POLICY_VARIABLES, mode);
    if (pattern === undefined) return { refused: `"${value}" has an unknown variable` };
    patterns.push(pattern);
  }
  return {
    negated: mode.negated,
    some: (actual, context) =>
      patterns.some((pattern) => {
        const bound = bindPattern(pattern, (variable) => textOf(context.get(variable)));
        return bound !== undefined && matchesPattern(bound, String(actual));
      }),
  };
}

/** The value of a policy variable: only texts can be put into a pattern. */
export function textOf(value: string | number | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function parseNumber(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const POLICY_DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

/** ISO 8601 or epoch seconds, as IAM takes dates. Policy variables are not allowed here. */
function parsePolicyDate(text: string): number | undefined {
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1000;
  if (!POLICY_DATE.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
