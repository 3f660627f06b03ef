import { describe, expect, test } from 'vitest';
import { capturedMain } from '../cli/captured-main.ts';
import { recordStory, scratchFolder, textOf } from '../trace/recorded.ts';

const folder = scratchFolder();

async function fileOf(story: string, name: string, gone: string | null): Promise<string> {
  const recorded = await recordStory(story);
  const index = recorded.events.findIndex(({ type }) => type === gone);
  const events = recorded.events.filter((_, place) => place !== index);
  return folder.write(name, textOf({ ...recorded, events }));
}

const conform = (...words: string[]) =>
  capturedMain(['conform', ...words], { workingDirectory: folder.path });

describe('fortnight conform', () => {
  test('says that every step is one that the machines allow', async () => {
    const { code, stdout } = await conform(await fileOf('backup-direct', 'good.ndjson', null));
    expect(code).toBe(0);
    expect(stdout).toContain('Every step is one that the machines allow.');
    expect(stdout).toMatch(/2 sessions, 1 credential scopes and 3 connections of good\.ndjson/);
  });

  test('names the first line that is no step, where the machine was, and what it allowed', async () => {
    const file = await fileOf('backup-direct', 'bad.ndjson', 'credential.saved');
    const { code, stdout } = await conform(file, '--ascii');
    expect(code).toBe(1);
    expect(stdout).toContain('acme/vault: no step of the credential lifecycle');
    expect(stdout).toMatch(/credential\.delivered .*"generation":1/);
    expect(stdout).toMatch(/it was in +backingOff\n +issuing\.saving\n/);
    expect(stdout).toContain('credential.saved generation 1');
  });

  test('--json: a line for each deviation and one summary', async () => {
    const { code, stdout } = await conform(
      await fileOf('backup-gateway', 'json.ndjson', 'route.selected'),
      '--json',
    );
    expect(code).toBe(1);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ type: 'conform.deviation', subject: 's1' });
    expect(lines.at(-1)).toMatchObject({ type: 'conform.summary', deviations: 1, sessions: 1 });
  });

  test.each([
    [['gone.ndjson'], 3, 'there is no such file'],
    [[], 2, "missing required argument 'trace'"],
  ])('%j ends with %d', async (words, wanted, text) => {
    const { code, stderr } = await conform(...words);
    expect(code).toBe(wanted);
    expect(stderr.toLowerCase()).toContain(text.toLowerCase());
  });
});
