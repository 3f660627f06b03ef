import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { credentialLifecycleMachine } from '../../../machines/credential-lifecycle/index.ts';
import type { CommandContext } from '../../../sim/cli/command-context.ts';
import { check } from '../../../sim/cli/commands/check.ts';
import { MACHINES, type Machines } from '../../../sim/explore/index.ts';
import { capturedMain } from '../cli/captured-main.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fortnight-check-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SMALL = ['check', '--exhaustive', '--system', 'share,gateway', '--sessions', '1'];

describe('fortnight check', () => {
  test('ends with 0 when all states were seen, and prints the bounds', async () => {
    const { code, stdout, stderr } = await capturedMain([...SMALL, '--faults', '0']);
    expect(stderr).toBe('Nothing is violated.\n');
    expect(code).toBe(0);
    expect(stdout).toMatch(/share \(1 scope, 1 session, 0 faults\): complete, [\d,]+ states/);
    expect(stdout).toContain('every session ends');
    expect(stdout).toMatch(/session: \d+ of \d+ states, \d+ of \d+ transitions taken/);
  });

  test('ends with 5 when the budget ended before', async () => {
    const { code, stderr } = await capturedMain([...SMALL, '--depth', '2']);
    expect(code).toBe(5);
    expect(stderr).toContain('the budget');
  });

  test.each([
    [['--system', 'nowhere'], '"nowhere" is not one of: aws-direct'],
    [['--sessions', '4'], 'from 1 to 3'],
    [['--exhaustive', '--runs', '3'], '--runs is for random ways'],
    [['--time', '60'], '--time'],
  ])('%j is a wrong command line', async (words, said) => {
    const { code, stderr } = await capturedMain(['check', ...words]);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
  });

  test('--json is one value a line; --junit a test case for each system', async () => {
    const file = join(folder, 'check.xml');
    const { code, stdout } = await capturedMain([...SMALL, '--json', '--junit', file]);
    expect(code).toBe(0);
    const values = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(values.filter(({ type }) => type === 'check.system')).toHaveLength(2);
    expect(values.at(-1)).toEqual({ type: 'check.end', isViolated: false });
    const xml = readFileSync(file, 'utf8');
    expect(xml).toContain('tests="2" failures="0"');
  });

  test('random ways: the same seed says the same', async () => {
    const words = ['check', '--system', 'share', '--runs', '5', '--seed', '7', '--json'];
    const [one, other] = [await capturedMain(words), await capturedMain(words)];
    const withoutTime = (text: string): string => text.replace(/"tookMs":[\d.e-]+/g, '');
    expect(withoutTime(one.stdout)).toBe(withoutTime(other.stdout));
    expect(one.code).toBe(0);
  });
});

describe('with a broken rule', () => {
  const isRenewalAsked = ({ event }: { event: { type: string } }) => event.type === 'never';
  const guards = { isRenewalAsked };
  const machines: Machines = {
    ...MACHINES,
    lifecycle: credentialLifecycleMachine.provide({ guards } as never) as never,
  };
  async function run(words: Readonly<Record<string, string | boolean>>) {
    const lines: string[] = [];
    const context = {
      stdout: (line: string) => lines.push(line),
      stderr: (line: string) => lines.push(line),
      json: false,
      workingDirectory: folder,
      signal: new AbortController().signal,
    } as unknown as CommandContext;
    return { code: await check(context, [], words, machines), text: lines.join('\n') };
  }

  test('it is found exhaustively, and told with its operands', async () => {
    const { code, text } = await run({ exhaustive: true, system: 'azure-direct' });
    expect(code).toBe(1);
    expect(text).toContain('VIOLATED C3, C10: I22');
    expect(text).toMatch(/guard isRenewalAsked does not pass: event.type = "credential.requested"/);
    expect(text).toContain('BREAKS C3, C10');
  });

  test('it is found on a random way, and the way is made short', async () => {
    const { code, text } = await run({ system: 'azure-direct', seed: '1', sessions: '1' });
    expect(code).toBe(1);
    expect(text).toContain('VIOLATED C3, C10');
    const steps = text.match(/^ +\d+\. /gm) ?? [];
    expect(steps.length).toBeGreaterThan(3);
    expect(steps.length).toBeLessThan(40);
  });

  test('--only another rule does not see it', async () => {
    const { code } = await run({
      exhaustive: true,
      system: 'azure-direct',
      only: 'M8',
      depth: '30',
    });
    expect(code).toBe(5);
  });
});
