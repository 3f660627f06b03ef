import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CHECKERS } from '../../../sim/check/index.ts';
import { CATALOGUE, type Rule, TESTS, type TestLink } from '../../../sim/rules/catalogue.ts';
import { CODE } from '../../../sim/rules/code.ts';
import { GAPS } from '../../../sim/rules/gaps.ts';
import { MUTANTS, type Mutant } from '../../../sim/rules/mutants/index.ts';

const ROOT = new URL('../../../', import.meta.url);
const sources = new Map<string, string | null>();

/** The text of a file of the project, without its comments; null when it is not there. */
function sourceOf(file: string): string | null {
  const known = sources.get(file);
  if (known !== undefined) return known;
  const path = fileURLToPath(new URL(file, ROOT));
  const source = existsSync(path)
    ? readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')
    : null;
  sources.set(file, source);
  return source;
}

/** What is wrong with a link to a test; null when it points somewhere. */
function testProblem(link: TestLink): string | null {
  const end = link.indexOf(': ');
  const [file, words] = [link.slice(0, end), link.slice(end + 2)];
  const source = sourceOf(file);
  if (source === null) return `${file} is not there`;
  return source.includes(words) ? null : `${file} has no test or row "${words}"`;
}

/** A whole file or folder, or a test of it. */
function killerProblem(test: string): string | null {
  // Vitest filters by the names as they are printed, with their rows filled in.
  if (/: .*%/.test(test)) return `${test}: a name with a hole never fits`;
  if (test.includes(': ')) return testProblem(test as TestLink);
  return existsSync(fileURLToPath(new URL(test, ROOT))) ? null : `${test} is not there`;
}

function codeProblem(link: string): string | null {
  const [file = '', name = ''] = link.split('#');
  const source = sourceOf(file);
  if (source === null) return `${file} is not there`;
  return new RegExp(`\\b${name}\\b`).test(source) ? null : `${file} declares no ${name}`;
}

/** What is wrong with a mutant; null when it can be made and somebody is asked to notice it. */
function mutantProblem({ rule, what, file, find, replace, tests }: Mutant): string | null {
  const name = `${rule} ${what}`;
  const path = fileURLToPath(new URL(file, ROOT));
  if (!existsSync(path)) return `${name}: ${file} is not there`;
  const count = readFileSync(path, 'utf8').split(find).length - 1;
  if (count !== 1) return `${name}: its text stands ${count} times in ${file}`;
  if (find === replace) return `${name}: changes nothing`;
  const problem = tests.map(killerProblem).find(isText);
  return problem === undefined ? null : `${name}: ${problem}`;
}

/** All that is wrong with one rule of the catalogue. */
function problemsOf({ id, kind, tests, gap, related, mutants }: Rule): string[] {
  const problems = tests.map(testProblem).filter(isText);
  if (kind === 'seed' && mutants.length === 0) problems.push('a seed rule without a mutant');
  if (tests.length === 0 && gap === null) problems.push('no test, and no reason why');
  if (tests.length > 0 && gap !== null) problems.push('a gap that is closed');
  if (kind === 'sentence' && related.length === 0) problems.push('a sentence without a rule');
  for (const other of related) {
    if (!CATALOGUE.some((one) => one.id === other)) problems.push(`no rule ${other}`);
  }
  return problems.map((problem) => `${id}: ${problem}`);
}

function isText(value: string | null): value is string {
  return value !== null;
}

function numbered(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
}

describe('the rule catalogue', () => {
  test('has every rule of the protocol, invariant, bound and sentence, once', () => {
    const wanted = [
      ...numbered('M', 9),
      ...numbered('P', 9),
      ...numbered('C', 22),
      ...numbered('Q', 5),
      ...numbered('X', 5),
      ...numbered('I', 79),
      ...numbered('L', 15),
      ...numbered('S', 42),
    ];
    expect(CATALOGUE.map(({ id }) => id)).toEqual(wanted);
    expect(CATALOGUE.filter(({ text }) => text.length < 8)).toEqual([]);
  });

  test('no rule has lost its last test, and no link to a test points nowhere', () => {
    expect(CATALOGUE.flatMap(problemsOf)).toEqual([]);
    const ids = new Set(CATALOGUE.map(({ id }) => id));
    expect([...Object.keys(TESTS), ...Object.keys(GAPS)].filter((id) => !ids.has(id))).toEqual([]);
  });

  test('no link to code points nowhere', () => {
    const links = Object.entries(CODE).flatMap(([id, all]) => all.map((link) => ({ id, link })));
    const broken = links
      .map(({ id, link }) => ({ id, problem: codeProblem(link) }))
      .filter(({ problem }) => problem !== null);
    expect(broken).toEqual([]);
  });

  test('a rule that loses its test, or a link that points nowhere, is told', () => {
    const [rule] = CATALOGUE.filter(({ id }) => id === 'C10') as [Rule];
    expect(problemsOf(rule)).toEqual([]);
    expect(problemsOf({ ...rule, tests: [] })).toEqual(['C10: no test, and no reason why']);
    const lost = { ...rule, tests: ['test/gone.test.ts: x'] as const };
    expect(problemsOf(lost)).toEqual(['C10: test/gone.test.ts is not there']);
    const file = 'test/sim/check/boundaries.test.ts' as const;
    const renamed = { ...rule, tests: [`${file}: no such words`] as const };
    expect(problemsOf(renamed)).toEqual([`C10: ${file} has no test or row "no such words"`]);
    expect(problemsOf({ ...rule, kind: 'seed', mutants: [] })).toEqual([
      'C10: a seed rule without a mutant',
    ]);
    expect(codeProblem('machines/rules/renewal.ts#isExpired')).toBeNull();
    expect(codeProblem('machines/rules/renewal.ts#isFresh')).toContain('declares no isFresh');
  });

  test('every mutant fits its file, breaks a rule that there is, and has a test to notice it', () => {
    expect(MUTANTS.map(mutantProblem).filter(isText)).toEqual([]);
    expect(MUTANTS.filter(({ tests }) => tests.length === 0)).toEqual([]);
    // §6 of the protocol and the faults F1–F48 have no entry of their own in the catalogue.
    const named = MUTANTS.filter(({ rule }) => !/^(§6|F\d+)$/.test(rule));
    const ids = new Set(CATALOGUE.map(({ id }) => id));
    expect(named.filter(({ rule }) => !ids.has(rule))).toEqual([]);
    const [first] = MUTANTS as readonly [Mutant];
    expect(mutantProblem({ ...first, find: 'no such text' })).toContain('stands 0 times');
  });

  test('what a checker may report is in the catalogue, and says so', () => {
    const reported = new Set(CHECKERS.flatMap(({ invariants }) => invariants));
    // LOG is about the log itself, not about the protocol.
    reported.delete('LOG');
    const judged = CATALOGUE.filter(({ id }) => reported.has(id));
    expect(judged.map(({ id }) => id).sort()).toEqual([...reported].sort());
    expect(judged.filter(({ id, judgedBy }) => !judgedBy.includes(id))).toEqual([]);
  });

  test('an invariant or bound that no checker judges says why', () => {
    const silent = CATALOGUE.filter(
      ({ kind, judgedBy }) => judgedBy.length === 0 && ['invariant', 'liveness'].includes(kind),
    );
    expect(silent.filter(({ notInLog }) => notInLog === undefined)).toEqual([]);
    const spoken = CATALOGUE.filter(
      ({ kind, judgedBy, notInLog }) =>
        kind === 'invariant' && judgedBy.length > 0 && notInLog !== undefined,
    );
    expect(spoken).toEqual([]);
  });
});
