import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { formatTrace } from '../../../sim/kernel/index.ts';
import { CATALOGUE } from '../../../sim/rules/catalogue.ts';
import { cleanLog, patch } from '../check/log-builder.ts';
import { capturedMain } from './captured-main.ts';

const folder = mkdtempSync(join(tmpdir(), 'fortnight-rules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function traceFile(name: string, events: readonly LogEvent[]): string {
  const file = join(folder, name);
  writeFileSync(file, formatTrace({ header: { seed: '1', build: 'test', options: {} }, events }));
  return file;
}

const CLEAN = traceFile('clean.ndjson', cleanLog());
const BROKEN = traceFile(
  'broken.ndjson',
  patch(cleanLog(), { session: 'd4', type: 'session.ended' }, { verified: null }),
);

async function json(...words: string[]): Promise<Record<string, unknown>[]> {
  const { stdout } = await capturedMain(['rules', ...words, '--json']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('fortnight rules', () => {
  test('lists every rule once, and says how many have no test', async () => {
    const { code, stdout } = await capturedMain(['rules']);
    expect(code).toBe(0);
    for (const { id } of CATALOGUE) expect(stdout).toMatch(new RegExp(`^${id} `, 'm'));
    expect(stdout).toContain(`${CATALOGUE.length} rules; `);
  });

  test('tells all about one', async () => {
    const { code, stdout } = await capturedMain(['rules', 'c10', '--trace', CLEAN]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^C10 \(decision\)\n {2}"Less than" is strict/);
    expect(stdout).toContain('checkers  renewal-decision');
    expect(stdout).toMatch(/this log {2}put to the test \d+ times, broken 0 times/);
  });

  test('--trace: how often a log put each rule to the test, never, or cannot tell', async () => {
    const lines = await json('--trace', CLEAN);
    const measured = (id: string): unknown => lines.find((line) => line.id === id)?.measured;
    expect(measured('I4')).toEqual({ kind: 'exercised', times: 4, violations: 0 });
    expect(measured('I7')).toEqual({ kind: 'never' });
    expect(measured('I61')).toMatchObject({ kind: 'notInLog' });
    expect(measured('L1')).toMatchObject({ kind: 'notInLog' });
    const kinds = lines.slice(0, -1).map((line) => (line.measured as { kind: string }).kind);
    const count = (kind: string): number => kinds.filter((one) => one === kind).length;
    expect(lines.at(-1)).toMatchObject({
      type: 'rules.summary',
      rules: CATALOGUE.length,
      exercised: count('exercised'),
      never: count('never'),
      notInLog: count('notInLog'),
      violations: [],
    });
  });

  test('a log that breaks a rule ends with 1, and the rule is told by name', async () => {
    const { code, stdout } = await capturedMain(['rules', '--trace', BROKEN]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^I72 .* BROKEN /m);
    expect(stdout).toMatch(/^I72 \(P9\) in d4: the restore says success/m);
  });

  test('--ascii is ASCII', async () => {
    const { stdout } = await capturedMain(['rules', '--ascii']);
    expect(stdout).toMatch(/^[\n -~]*$/);
  });

  test.each([
    [['rules', 'C100'], 2, 'There is no rule "C100". Did you mean "C10"?'],
    [['rules', '--trace', join(folder, 'gone')], 3, 'there is no such file'],
    [['rules', '--trace', new URL(import.meta.url).pathname], 3, 'this is not a trace'],
  ])('%j ends with %d', async (words, wanted, text) => {
    const { code, stderr } = await capturedMain(words);
    expect(code).toBe(wanted);
    expect(stderr).toContain(text);
  });
});
