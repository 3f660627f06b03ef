import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { open } from '../../sim/cli/commands/open.ts';
import { formatTrace } from '../../sim/kernel/index.ts';
import { LiveStore } from '../../sim/tui/live-store.ts';
import { openTrace } from '../../sim/tui/runs/trace-run.ts';
import { eventsOf, runStep, runToEnd, smallScenario, startMemoryRun } from './memory-run.ts';

const HEADER = { seed: '14', build: 'test', options: { scenario: 'Small', world: 'memory' } };
const folder = mkdtempSync(join(tmpdir(), 'fortnight-trace-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function tracedRun(): Promise<string> {
  const run = await startMemoryRun(smallScenario(runStep('files')));
  await runToEnd(run);
  await run.close();
  return formatTrace({ header: HEADER, events: eventsOf(run) });
}

async function opened(file: string, json = false) {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const code = await open(
    {
      stdout: (line) => stdout.push(line),
      stderr: (line) => stderr.push(line),
      json,
      stateDirectory: folder,
      workingDirectory: folder,
      color: false,
      ascii: true,
      signal: new AbortController().signal,
      isTerminal: false,
    },
    [file],
    {},
  );
  return { code, stdout, stderr };
}

describe('a trace that is opened', () => {
  test('stays, although its run is over from the start', async () => {
    const trace = openTrace(await tracedRun(), 'trace.ndjson');
    const store = new LiveStore(trace);
    await trace.finished;
    for (let second = 0; second < 10; second += 1) {
      store.tick(1_000);
      expect(store.frame().shown).toBe('sessions');
    }
    expect(store.frame().result?.ok).toBe(true);
    store.close();
  });

  test('shows what the run showed, can be stepped through, and takes no orders', async () => {
    const store = new LiveStore(openTrace(await tracedRun(), 'small.ndjson'));
    store.tick(66);
    expect(store.frame().view.sessions.get('s1')?.outcome?.state).toBe('done');
    store.press('p');
    store.press('0');
    expect([store.frame().position, store.frame().mode]).toEqual([0, 'paused']);
    store.command('run files');
    expect(store.frame().notice).toContain('none here');
    store.press('F');
    store.command('warp 1d');
    expect(store.frame().notice).toContain('no future');
  });

  test('without a terminal it is told in sentences', async () => {
    writeFileSync(join(folder, 'small.ndjson'), await tracedRun());
    const { code, stdout, stderr } = await opened('small.ndjson');
    expect([code, stdout[0], stderr]).toEqual([0, 'Small', []]);
    expect(stdout.join('\n')).toMatch(/s1: Done\./);
    const lines = (await opened('small.ndjson', true)).stdout.map((line) => JSON.parse(line));
    expect(lines.every(({ type }) => type === 'news')).toBe(true);
  });

  test('I21: a log that breaks a rule ends with 1', async () => {
    const text = (await tracedRun()).replace('"decision":"renew"', '"decision":"keep"');
    writeFileSync(join(folder, 'broken.ndjson'), text);
    const { code, stderr } = await opened('broken.ndjson');
    expect([code, stderr.length > 0]).toEqual([1, true]);
  });

  test('a file that is not there, or no trace, is told with its line (exit 3)', async () => {
    await expect(opened('gone.ndjson')).rejects.toMatchObject({ exitCode: 3 });
    writeFileSync(join(folder, 'cut.ndjson'), `${(await tracedRun()).slice(0, 400)}`);
    await expect(opened('cut.ndjson')).rejects.toMatchObject({
      exitCode: 3,
      lines: [expect.stringMatching(/^cut\.ndjson:\d+: not a line of JSON/)],
    });
  });
});
