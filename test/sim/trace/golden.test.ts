import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkAll } from '../../../sim/check/index.ts';
import { recordStory, textOf } from './recorded.ts';
import { STORIES } from './stories.ts';

const FOLDER = new URL('../../golden/traces/', import.meta.url);

/** Reviewed like code: `npx vitest run test/sim/trace/golden.test.ts -u` writes them anew. */
describe('golden traces of the main stories', () => {
  test.each(STORIES.map(({ name }) => [name]))('%s', async (name) => {
    const recorded = await recordStory(name);
    expect(recorded.verdict.violations).toEqual([]);
    expect(checkAll(recorded.events).violations).toEqual([]);
    await expect(textOf(recorded)).toMatchFileSnapshot(
      fileURLToPath(new URL(`${name}.ndjson`, FOLDER)),
    );
  });

  test('C10: only the story of 1 ms less than 24 h issues twice', async () => {
    const issues = async (name: string): Promise<number> =>
      (await recordStory(name)).events.filter(({ type }) => type === 'credential.issued').length;
    expect(await issues('renewal-1ms-before-the-line')).toBe(1);
    expect(await issues('renewal-at-the-line')).toBe(1);
    expect(await issues('renewal-1ms-after-the-line')).toBe(2);
  });

  test('F4: the SP of its story truly restarts, in the middle of a session', async () => {
    const { events } = await recordStory('sp-restart');
    const restart = events.findIndex(({ type, node }) => type === 'channel.down' && node !== 'sp');
    const delivered = events.findIndex(({ type }) => type === 'credential.delivered');
    const ended = events.findIndex(({ type }) => type === 'session.ended');
    expect(delivered).toBeGreaterThan(-1);
    expect(restart).toBeGreaterThan(delivered);
    expect(restart).toBeLessThan(ended);
  });

  test('no golden trace stands there without its story', () => {
    const files = readdirSync(FOLDER).map((file) => file.replace(/\.ndjson$/, ''));
    expect(files.sort()).toEqual(STORIES.map(({ name }) => name).sort());
  });
});
