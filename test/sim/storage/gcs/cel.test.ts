import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateCel } from '../../../../sim/storage/gcs/cel/evaluate.ts';
import { CelError } from '../../../../sim/storage/gcs/cel/expression.ts';
import { parseCel } from '../../../../sim/storage/gcs/cel/parse.ts';
import { property } from '../../../support/seed.ts';

const AT = Date.UTC(2026, 0, 15, 12);
const CONTEXT = {
  resourceName: "projects/_/buckets/b/objects/it's",
  resourceType: 'storage.googleapis.com/Object',
  requestAt: AT,
  listPrefix: undefined as string | undefined,
};
const evaluate = (text: string, listPrefix?: string): boolean =>
  evaluateCel(parseCel(text).expression, { ...CONTEXT, listPrefix });
const LIST = "api.getAttribute('storage.googleapis.com/objectListPrefix', '')";

describe('expressions of conditions', () => {
  test.each([
    ['true', true],
    ['false || true && true', true],
    ['(false || true) && false', false],
    ['true || false && false', true],
    ['!true == false', true],
    ['!(true == false)', true],
    ['!!true', true],
    ["resource.name.startsWith('projects/_/buckets/b/objects/')", true],
    ["resource.name.endsWith('it\\'s')", true],
    ['resource.name.endsWith("it\'s")', true],
    ["resource.name == 'projects/_/buckets/b/objects/it\\x27s'", true],
    ["resource.name == 'projects/_/buckets/b/objects/it\\u0027s'", true],
    ["resource.name == 'projects/_/buckets/b/objects/it\\047s'", true],
    ["'a\\\\b' == 'a\\\\b' && 'a\\\\b' != 'a\\b'", true],
    ["resource.type == 'storage.googleapis.com/Object'", true],
    ["resource.service != 'storage.googleapis.com'", false],
    [`${LIST}.startsWith('x')`, false],
    [`${LIST} == ''`, true],
    ["request.time < timestamp('2026-01-15T12:00:00Z')", false],
    ["request.time <= timestamp('2026-01-15T12:00:00Z')", true],
    ["request.time < timestamp('2026-01-15T12:00:00.001Z')", true],
    ["request.time == timestamp('2026-01-15T13:00:00+01:00')", true],
    ["timestamp('2026-01-15T11:59:59.999999999Z') < request.time", true],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toBe(expected);
  });

  test('the prefix of a listing is an attribute', () => {
    expect(evaluate(`${LIST}.startsWith('R/T1/')`, 'R/T1/x')).toBe(true);
    expect(evaluate(`${LIST}.startsWith('R/T1/')`, 'R/T1')).toBe(false);
  });

  test.each([
    '',
    '   ',
    'truth',
    'true true',
    'true ||',
    '|| true',
    'true | true',
    "resource.name.startsWith('x'",
    "resource.name.startsWith('x', 'y')",
    'resource.name.startsWith()',
    'resource.name.startsWith(true)',
    "resource.name.matches('.*')",
    "resource.name.contains('x')",
    "resource.name.extract('{x}') == 'y'",
    'resource.name',
    "resource.name + 'x' == 'y'",
    "resource.name < 'x'",
    "resource['name'] == 'x'",
    "resource.labels.x == 'y'",
    "resource.name in ['x']",
    'true ? true : false',
    'request.time.getFullYear() == 2026',
    "request.time < '2026-01-15T12:00:00Z'",
    "request.time < timestamp('2026-02-30T12:00:00Z')",
    "request.time < timestamp('2026-01-15')",
    'request.time < timestamp(resource.name)',
    "request.auth.claims == 'x'",
    "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', '') == ''",
    "api.getAttribute('storage.googleapis.com/objectListPrefix') == ''",
    "api.getAttribute(resource.name, '') == ''",
    "r'raw' == 'raw'",
    "b'raw' == 'raw'",
    "'''long''' == 'long'",
    "'open",
    "'a\nb' == 'x'",
    "'\\q' == 'x'",
    "'\\ud800' == 'x'",
    "'\\U00110000' == 'x'",
    '1 == 1',
    'true // comment',
    `${'('.repeat(40)}true${')'.repeat(40)}`,
    `${'!'.repeat(40)}true`,
    `true${' || true'.repeat(1000)}`,
  ])('is refused: %s', (text) => {
    expect(() => parseCel(text)).toThrow(CelError);
  });

  const fragment = fc.oneof(
    fc.constantFrom(
      ...['true', 'false', '||', '&&', '!', '(', ')', '==', '<', '.', ',', 'resource.name'],
      ...['request.time', "timestamp('2026-01-01T00:00:00Z')", '.startsWith', "'x'", '"y"', LIST],
      ...['\\', "'", '"', '\\u0027', ' ', '?', '[', 'api', 'resource', 'x'],
    ),
    fc.string({ maxLength: 4 }),
  );

  property(
    'whatever comes is a condition that evaluates, or CelError',
    [fc.array(fragment, { maxLength: 24 }).map((parts) => parts.join(''))],
    (text) => {
      try {
        expect(typeof evaluateCel(parseCel(text).expression, CONTEXT)).toBe('boolean');
      } catch (error) {
        expect(error).toBeInstanceOf(CelError);
      }
      return undefined;
    },
    { numRuns: 5000 },
  );

  const quote = (text: string): string =>
    `'${text.replace(/[\\']/g, '\\$&').replace(/[\n\r]/g, (c) => (c === '\n' ? '\\n' : '\\r'))}'`;

  property(
    'a quoted name is that name and nothing else (CVE-2026-42811)',
    [
      fc.string({
        unit: fc.constantFrom("'", '"', '\\', ')', '|', '&', 'a', '\n', ' ', 'ü', '😀'),
      }),
      fc.string({ unit: fc.constantFrom("'", '"', '\\', 'a', '|', ')') }),
    ],
    (name, other) => {
      const { expression } = parseCel(`resource.name.startsWith(${quote(name)})`);
      const isCovered = evaluateCel(expression, { ...CONTEXT, resourceName: other });
      expect(isCovered).toBe(other.startsWith(name));
      expect(evaluateCel(expression, { ...CONTEXT, resourceName: `${name}x` })).toBe(true);
      return undefined;
    },
  );
});
