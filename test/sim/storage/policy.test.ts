import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../sim/storage/access/evaluate.ts';
import { matchesPattern, parsePattern } from '../../../sim/storage/access/patterns.ts';
import { compilePolicy, PolicyError } from '../../../sim/storage/access/policy-document.ts';
import { seeded } from '../../support/seed.ts';
import { tenantPolicy } from './lab.ts';

const B = 'arn:aws:s3:::b';

interface Question {
  action?: string;
  resource?: string;
  context?: Record<string, string | number>;
}

function ask(policies: readonly object[], question: Question = {}) {
  const layers = policies.map((policy, index) => ({
    source: (['role policy', 'session policy'] as const)[index]!,
    policy: compilePolicy(policy),
  }));
  return evaluate(layers, {
    action: question.action ?? 's3:GetObject',
    resource: question.resource ?? `${B}/k`,
    context: new Map(Object.entries(question.context ?? {})),
  });
}

const policy = (...statements: object[]) => ({ Version: '2012-10-17', Statement: statements });
const allow = (more: object = {}) => ({ Effect: 'Allow', Action: '*', Resource: '*', ...more });
const deny = (more: object = {}) => ({ Effect: 'Deny', Action: '*', Resource: '*', ...more });
const when = (operator: string, key: string, ...values: string[]) =>
  allow({ Condition: { [operator]: { [key]: values } } });

describe('policy evaluation', () => {
  it.each<[string, object[], Question, boolean]>([
    ['nothing allows', [deny({ Action: 's3:PutObject' })], {}, false],
    ['everything', [allow()], {}, true],
    ['the action by name', [allow({ Action: 's3:GetObject' })], {}, true],
    ['the action in another case', [allow({ Action: 's3:getobject' })], {}, true],
    ['the action by wildcard', [allow({ Action: 's3:Get*' })], {}, true],
    ['the action by question mark', [allow({ Action: 's3:?etObject' })], {}, true],
    ['another action', [allow({ Action: 's3:PutObject' })], {}, false],
    ['another service', [allow({ Action: 'sts:*' })], {}, false],
    ['NotAction of this one', [allow({ Action: undefined, NotAction: 's3:Get*' })], {}, false],
    ['NotAction of others', [allow({ Action: undefined, NotAction: 's3:Put*' })], {}, true],
    ['the resource', [allow({ Resource: `${B}/k` })], {}, true],
    ['the bucket is not its objects', [allow({ Resource: B })], {}, false],
    ['a star passes slashes', [allow({ Resource: `${B}/*` })], { resource: `${B}/a/b` }, true],
    ['resources are case-sensitive', [allow({ Resource: `${B}/K` })], {}, false],
    ['prefix twin', [allow({ Resource: `${B}/T1/*` })], { resource: `${B}/T10/x` }, false],
    ['escaped star, literal', [allow({ Resource: `${B}/\${*}` })], { resource: `${B}/*` }, true],
    ['escaped star, other', [allow({ Resource: `${B}/\${*}` })], {}, false],
    ['escaped question mark', [allow({ Resource: `${B}/\${?}` })], {}, false],
    ['escaped dollar', [allow({ Resource: `${B}/\${$}{*}` })], { resource: `${B}/\${*}` }, true],
    ['NotResource', [allow({ Resource: undefined, NotResource: `${B}/k` })], {}, false],
    ['explicit deny wins, first', [deny(), allow()], {}, false],
    ['explicit deny wins, last', [allow(), deny()], {}, false],
    ['a deny that does not apply', [allow(), deny({ Action: 's3:Put*' })], {}, true],
    [
      'a variable',
      [allow({ Resource: `${B}/\${aws:username}/*` })],
      { resource: `${B}/ann/x`, context: { 'aws:username': 'ann' } },
      true,
    ],
    [
      'a variable whose value is a star',
      [allow({ Resource: `${B}/\${aws:username}/*` })],
      { resource: `${B}/ann/x`, context: { 'aws:username': '*' } },
      false,
    ],
    ['a variable without value', [allow({ Resource: `${B}/\${aws:username}` })], {}, false],
    [
      'a variable without value in NotResource',
      [allow({ Resource: undefined, NotResource: `${B}/\${aws:username}` })],
      {},
      false,
    ],
  ])('%s', (_name, statements, question, expected) => {
    expect(ask([policy(...statements)], question).allowed).toBe(expected);
  });

  const at = Date.UTC(2026, 5, 1);
  it.each<[string, string, string[], Record<string, string | number>, boolean]>([
    ['StringEquals', 's3:prefix', ['a/'], { 's3:prefix': 'a/' }, true],
    ['StringEquals', 'S3:Prefix', ['a/'], { 's3:prefix': 'a/' }, true],
    ['StringEquals', 's3:prefix', ['a/', 'b/'], { 's3:prefix': 'b/' }, true],
    ['StringEquals', 's3:prefix', ['*'], { 's3:prefix': 'a' }, false],
    ['StringEquals', 's3:prefix', ['a'], {}, false],
    ['StringEqualsIfExists', 's3:prefix', ['a'], {}, true],
    ['StringNotEquals', 's3:prefix', ['a', 'b'], { 's3:prefix': 'b' }, false],
    ['StringNotEquals', 's3:prefix', ['a', 'b'], { 's3:prefix': 'c' }, true],
    ['StringNotEquals', 's3:prefix', ['a'], {}, true],
    ['StringLike', 's3:prefix', ['T1/*'], { 's3:prefix': 'T1/x' }, true],
    ['StringLike', 's3:prefix', ['T1/*'], { 's3:prefix': 'T10/x' }, false],
    ['StringLike', 's3:prefix', ['T1/*'], { 's3:prefix': 'T1' }, false],
    ['StringLike', 's3:prefix', ['*'], {}, false],
    ['StringNotLike', 's3:prefix', ['T1/*'], { 's3:prefix': 'T2/' }, true],
    [
      'DateLessThan',
      'aws:CurrentTime',
      ['2026-06-01T00:00:00Z'],
      { 'aws:currenttime': at - 1 },
      true,
    ],
    ['DateLessThan', 'aws:CurrentTime', ['2026-06-01T00:00:00Z'], { 'aws:currenttime': at }, false],
    ['DateLessThanEquals', 'aws:CurrentTime', ['2026-06-01'], { 'aws:currenttime': at }, true],
    ['DateGreaterThan', 'aws:CurrentTime', ['2026-06-01'], { 'aws:currenttime': at }, false],
    ['DateGreaterThanEquals', 'aws:CurrentTime', ['2026-06-01'], { 'aws:currenttime': at }, true],
    ['DateLessThan', 'aws:CurrentTime', [String(at / 1000)], { 'aws:currenttime': at - 1 }, true],
    ['DateLessThan', 'aws:TokenIssueTime', ['2026-06-01'], { 'aws:tokenissuetime': at - 1 }, true],
    ['DateLessThan', 'aws:TokenIssueTime', ['2026-06-01'], {}, false],
    ['NumericLessThanEquals', 's3:max-keys', ['10'], { 's3:max-keys': 10 }, true],
    ['NumericLessThanEquals', 's3:max-keys', ['10'], { 's3:max-keys': 11 }, false],
    ['Null', 'aws:TokenIssueTime', ['true'], {}, true],
    ['Null', 'aws:TokenIssueTime', ['true'], { 'aws:tokenissuetime': 1 }, false],
  ])('condition %s %s %j on %j: %s', (operator, key, values, context, expected) => {
    expect(ask([policy(when(operator, key, ...values))], { context }).allowed).toBe(expected);
  });

  it.each<[string, unknown]>([
    ['no object', 'text'],
    ['another version', { Version: '2008-10-17', Statement: allow() }],
    ['no version', { Statement: allow() }],
    ['no statement', policy()],
    ['an unknown member', policy(allow({ Extra: 1 }))],
    ['a principal', policy(allow({ Principal: '*' }))],
    ['another effect', policy(allow({ Effect: 'allow' }))],
    ['no action', policy(allow({ Action: undefined }))],
    ['action and NotAction', policy(allow({ NotAction: '*' }))],
    ['no resource', policy(allow({ Resource: undefined }))],
    ['an empty resource list', policy(allow({ Resource: [] }))],
    ['a resource of another service', policy(allow({ Resource: 'arn:aws:sqs:::q' }))],
    ['an action without service', policy(allow({ Action: 'GetObject' }))],
    ['an unknown variable', policy(allow({ Resource: `${B}/\${aws:Mystery}` }))],
    ['an unclosed variable', policy(allow({ Resource: `${B}/\${aws:username` }))],
    ['an unknown operator', policy(when('StringSortOf', 's3:prefix', 'a'))],
    ['an unknown key', policy(when('StringEquals', 'aws:SourceIp', '1.1.1.1'))],
    ['a date operator on a text', policy(when('DateLessThan', 's3:prefix', '2026-06-01'))],
    ['a text operator on a date', policy(when('StringEquals', 'aws:CurrentTime', 'x'))],
    ['a date that is none', policy(when('DateLessThan', 'aws:CurrentTime', 'soon'))],
    ['a variable in a date', policy(when('DateLessThan', 'aws:CurrentTime', `\${aws:username}`))],
    ['Null of nonsense', policy(when('Null', 's3:prefix', 'maybe'))],
    ['a number as value', policy(allow({ Condition: { StringEquals: { 's3:prefix': 1 } } }))],
    ['a Sid twice', policy(allow({ Sid: 'A' }), allow({ Sid: 'A' }))],
    ['ForAllValues', policy(when('ForAllValues:StringEquals', 's3:prefix', 'a'))],
  ])('refuses what it does not fully understand: %s', (_name, document) => {
    expect(() => compilePolicy(document)).toThrow(PolicyError);
  });

  it('says why', () => {
    const role = policy(allow({ Sid: 'All' }), deny({ Sid: 'NoDelete', Action: 's3:Delete*' }));
    expect(
      ask([role, policy(allow({ Action: 's3:Get*' }))], { action: 's3:DeleteObject' }).layers,
    ).toEqual([
      { source: 'role policy', outcome: 'explicit deny', statement: 'NoDelete' },
      { source: 'session policy', outcome: 'not allowed' },
    ]);
  });
});

describe('policy properties', () => {
  const action = fc.constantFrom(
    '*',
    's3:*',
    's3:Get*',
    's3:GetObject',
    's3:PutObject',
    's3:ListBucket',
  );
  const resource = fc.constantFrom('*', `${B}/*`, `${B}/T1/*`, `${B}/T1*`, `${B}/T10/*`, B);
  const condition = fc.constantFrom(
    undefined,
    { StringLike: { 's3:prefix': 'T1/*' } },
    { StringNotLike: { 's3:prefix': 'T1/*' } },
    { DateLessThan: { 'aws:CurrentTime': '2026-06-01T00:00:00Z' } },
  );
  const statement = fc
    .record({
      Effect: fc.constantFrom('Allow', 'Deny'),
      negated: fc.boolean(),
      action,
      resource,
      condition,
    })
    .map(({ Effect, negated, action: name, resource: arn, condition: Condition }) => ({
      Effect,
      [negated ? 'NotAction' : 'Action']: name,
      Resource: arn,
      ...(Condition ? { Condition } : {}),
    }));
  const document = fc
    .array(statement, { minLength: 1, maxLength: 5 })
    .map((list) => policy(...list));
  const question = fc.record({
    action: fc.constantFrom('s3:GetObject', 's3:PutObject', 's3:ListBucket', 's3:DeleteObject'),
    resource: fc.constantFrom(B, `${B}/T1/x`, `${B}/T10/x`, `${B}/other`),
    context: fc.constantFrom(
      {},
      { 's3:prefix': 'T1/a' },
      { 's3:prefix': 'T10/', 'aws:currenttime': 0 },
    ),
  }) as fc.Arbitrary<Question>;

  it('an explicit deny always wins, wherever it stands', () => {
    fc.assert(
      fc.property(document, question, fc.nat(), (before, asked, position) => {
        const statements = [...before.Statement];
        statements.splice(position % (statements.length + 1), 0, deny({ Action: asked.action }));
        expect(ask([policy(...statements)], asked).allowed).toBe(false);
      }),
      seeded({ numRuns: 500 }),
    );
  });

  it('adding a session policy never widens', () => {
    fc.assert(
      fc.property(document, document, question, (role, session, asked) => {
        if (ask([role, session], asked).allowed) expect(ask([role], asked).allowed).toBe(true);
      }),
      seeded({ numRuns: 1000 }),
    );
  });

  it('adding a statement that denies never widens, one that allows never narrows', () => {
    fc.assert(
      fc.property(document, statement, question, (base, added, asked) => {
        const before = ask([base], asked).allowed;
        const after = ask([policy(...base.Statement, added)], asked).allowed;
        if (added.Effect === 'Deny') expect(after && !before).toBe(false);
        else expect(before && !after).toBe(false);
      }),
      seeded({ numRuns: 1000 }),
    );
  });

  it('C9: the policy of one tenant never reaches a key outside its folder', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9]{1,6}$/);
    const rest = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(name, rest, (tenant, tail) => {
        const folder = `arn:aws:s3:::backup-bucket/Veeam/Backup/repo/Clients/`;
        const resource = `${folder}${tenant}${tail}`;
        const { allowed } = ask([tenantPolicy(tenant)], { action: 's3:PutObject', resource });
        expect(allowed).toBe(tail.startsWith('/'));
      }),
      seeded({ numRuns: 500 }),
    );
  });

  it('an escaped text matches itself and nothing else', () => {
    const text = fc
      .array(fc.constantFrom('*', '?', '$', '{', '}', 'a', '/', `\${*}`), { maxLength: 8 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, (one, other) => {
        const escaped = one.replace(/[*?$]/g, (character) => `\${${character}}`);
        const pattern = parsePattern(escaped, new Set())!;
        expect(matchesPattern(pattern, one)).toBe(true);
        expect(matchesPattern(pattern, other)).toBe(one === other);
      }),
      seeded({ numRuns: 1000 }),
    );
  });

  it('wildcards match as the equivalent regular expression, and never blow up', () => {
    const glob = fc
      .array(fc.constantFrom('*', '?', 'a', 'b'), { maxLength: 10 })
      .map((parts) => parts.join(''));
    const text = fc
      .array(fc.constantFrom('a', 'b'), { maxLength: 12 })
      .map((list) => list.join(''));
    fc.assert(
      fc.property(glob, text, (pattern, given) => {
        const source = pattern.replaceAll('*', '.*').replaceAll('?', '.');
        const expected = new RegExp(`^${source}$`).test(given);
        expect(matchesPattern(parsePattern(pattern, new Set())!, given)).toBe(expected);
      }),
      seeded({ numRuns: 2000 }),
    );
    const evil = parsePattern(`${'*a'.repeat(200)}b`, new Set())!;
    expect(matchesPattern(evil, 'a'.repeat(1000))).toBe(false);
  });
});
