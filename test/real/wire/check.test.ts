import { describe, expect, test } from 'vitest';
import { AZURITE_DEVIATIONS } from './azure/azurite-deviations.ts';
import { AZURE_CHECKS } from './azure/table.ts';
import {
  answerOf,
  type Deviation,
  expectedOf,
  problemOfOurs,
  problemOfServer,
  tableProblems,
} from './check.ts';
import { CEPH_DEVIATIONS } from './s3/ceph-deviations.ts';
import { S3_CHECKS } from './s3/table.ts';

const deviation: Deviation = { check: 'a', answer: '404', why: 'known', right: 'ours' };

describe('what a real server answers, beside ours', () => {
  test.each([
    ['the same', '200', undefined, null],
    ['an unexplained difference', '404', undefined, 'is not explained'],
    ['the explained difference', '404', deviation, null],
    ['another difference than the explained one', '500', deviation, 'the deviation says 404'],
    ['no difference any more', '200', deviation, 'remove the deviation'],
  ])('%s', (_name, answered, known, problem) => {
    const found = problemOfServer('200', answered, known);
    if (problem === null) expect(found).toBeNull();
    else expect(found).toContain(problem);
  });

  test('ours must answer as stated, or as its variant does', () => {
    expect(problemOfOurs('200', '200')).toBeNull();
    expect(problemOfOurs('200', '404')).toContain('instead of 200');
    const run = async () => '';
    const check = { id: 'a', title: '', run, documented: '200', ours: { other: '400' } };
    expect(expectedOf<unknown, 'own' | 'other'>(check, 'own')).toBe('200');
    expect(expectedOf<unknown, 'own' | 'other'>(check, 'other')).toBe('400');
  });

  test('answers are one line each', () => {
    expect(answerOf(200, { a: 1, b: 'x y', c: undefined, d: { e: 1 } })).toBe(
      '200 a=1 b=x y c=none d={"e":1}',
    );
  });
});

describe('the tables', () => {
  test('a deviation without a check, and two of a kind, are found', () => {
    const checks = [{ id: 'a' }, { id: 'b' }, { id: 'b' }];
    const problems = tableProblems(checks, [deviation, deviation, { ...deviation, check: 'c' }]);
    expect(problems).toEqual([
      'c: there is no such check',
      'b: two checks have this id',
      'a: two deviations of the same server',
    ]);
  });

  test.each([
    ['S3', S3_CHECKS, CEPH_DEVIATIONS],
    ['Azure', AZURE_CHECKS, AZURITE_DEVIATIONS],
  ])('those of %s fit together', (_name, checks, deviations) => {
    expect(checks.length).toBeGreaterThan(80);
    expect(tableProblems(checks, deviations)).toEqual([]);
    expect(deviations.filter(({ why }) => why === '')).toEqual([]);
  });
});
