import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseScenario } from '../../sim/scenario/index.ts';
import { scenarioJsonSchema } from '../../sim/scenario/schema.ts';
import { capturedMain } from '../sim/cli/captured-main.ts';
import { documentedCommands, PROJECT, runDocumented } from './shell.ts';

const text = readFileSync(join(PROJECT, 'docs/scenario.md'), 'utf8');
const example = text.match(/^```yaml\n([\s\S]*?)^```$/m)?.[1] ?? '';

/** Every key that the file can have, at any depth. */
function keysOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties } = schema as { properties?: Record<string, unknown> };
  const own = properties === undefined ? [] : Object.keys(properties);
  return [...own, ...Object.values(schema).flatMap(keysOf)];
}

describe('docs/scenario.md', () => {
  test('its example is a scenario', () => {
    const result = parseScenario(example, {
      file: 'example.yaml',
      baseFolder: PROJECT,
      isFolder: () => false,
    });
    expect(result).toMatchObject({ ok: true });
  });

  test('its example runs in memory as it expects (C2, C10, Q3, I72)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fortnight-docs-'));
    try {
      const file = join(folder, 'example.yaml');
      writeFileSync(file, example);
      const { code, stdout } = await capturedMain(['run', file, '--world', 'memory', '--json']);
      expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
        type: 'run.summary',
        ok: true,
      });
      expect(code).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('names every key of the schema', () => {
    const keys = new Set(keysOf(scenarioJsonSchema()));
    expect(keys.size).toBeGreaterThan(40);
    const missing = [...keys].filter((key) => !new RegExp(`\\b${key}\\b`).test(text));
    expect(missing).toEqual([]);
  });

  test.each(documentedCommands(text).map(({ command, output }) => [command, output] as const))(
    '$ %s',
    async (command, output) => {
      const printed = await runDocumented(command, PROJECT);
      const isCut = output.at(-1) === '…';
      const shown = isCut ? output.slice(0, -1) : output;
      expect(isCut ? printed.slice(0, shown.length) : printed).toEqual(shown);
    },
  );
});
