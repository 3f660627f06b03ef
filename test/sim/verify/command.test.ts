import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { createRealClock } from '../../../adapters/clock/index.ts';
import { capturedMain } from '../cli/captured-main.ts';
import { ENVIRONMENT, s3World } from './worlds.ts';

/** A thousand requests each: slow where many tests share a core. */
vi.setConfig({ testTimeout: 180_000 });

const folder = mkdtempSync(join(tmpdir(), 'fortnight-verify-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => void vi.unstubAllEnvs());

function targetFile(lines: readonly string[]): string {
  const file = join(folder, 'target.yaml');
  writeFileSync(file, lines.join('\n'));
  return file;
}

const run = (...words: readonly string[]) => capturedMain(words, { workingDirectory: folder });

describe('fortnight verify TARGET', () => {
  test('a good storage: exit 0, one line a point, a summary, JUnit, no secret', async () => {
    const storageNow = createRealClock().now;
    const world = await s3World({ issuer: 'assume-role', storageNow });
    for (const [name, value] of Object.entries(ENVIRONMENT)) vi.stubEnv(name, value);
    try {
      const file = targetFile(world.lines);
      const { code, stderr, stdout } = await run('verify', file, '--json', '--junit', 'j.xml');
      expect(stderr).toBe('');
      const lines = stdout.trim().split('\n');
      const values = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      const bad = values.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive');
      expect(bad).toEqual([]);
      expect(code).toBe(0);
      expect(values.at(-1)).toMatchObject({ type: 'verify.summary', ok: true, fail: 0 });
      expect(values[0]).toMatchObject({ type: 'verify.point', id: 'reach-endpoint' });
      const junit = readFileSync(join(folder, 'j.xml'), 'utf8');
      expect(junit).toContain('failures="0" errors="0"');
      expect(stdout + junit).not.toContain(ENVIRONMENT.SP_SECRET);
    } finally {
      await world.close();
    }
  });

  test('nobody there: exit 4, in words, with a remedy', async () => {
    const world = await s3World({ issuer: 'assume-role' });
    await world.close();
    for (const [name, value] of Object.entries(ENVIRONMENT)) vi.stubEnv(name, value);
    const { code, stdout } = await run('verify', targetFile(world.lines), '--ascii');
    expect(code).toBe(4);
    expect(stdout).toMatch(/^FAIL {2}reach-endpoint /m);
    expect(stdout).toContain('remedy    check the address and the network');
    expect(stdout).toContain('NOT REACHED');
    expect(stdout).toMatch(/^[ -~\n]*$/);
  });

  test('a secret that is not there: exit 4, and its name is told', async () => {
    const world = await s3World({ issuer: 'assume-role' });
    await world.close();
    vi.stubEnv('SP_KEY', 'AKIA');
    const { code, stderr } = await run('verify', targetFile(world.lines));
    expect(code).toBe(4);
    expect(stderr).toContain('SP_SECRET is not set');
  });

  test('a wrong file: exit 3 with line and column, also as JSON', async () => {
    const file = targetFile(['kind: aws', 'bucket: B']);
    const { code, stderr, stdout } = await run('verify', file, '--json');
    expect(code).toBe(3);
    expect(stderr).toMatch(/target\.yaml:2:9: bucket:/);
    expect(stderr).toContain('nothing was sent');
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({ type: 'verify.problem' });
  });

  test.each([
    [['verify', 'none.yaml'], 3, 'no such file'],
    [['verify', 'target.yaml', '--tenant', 'acme'], 2, '--tenant is for a backup'],
    [['verify', 'target.yaml', '--junit', 'none/j.xml'], 2, 'is not there'],
    [['verify', 'photos', '--junit', 'j.xml'], 2, '--junit is for a storage'],
  ])('%j ends with %d', async (words, exit, text) => {
    const { code, stderr } = await run(...words);
    expect(code).toBe(exit);
    expect(stderr).toContain(text);
  });
});
