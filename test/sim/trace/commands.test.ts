import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { formatTrace, parseTrace } from '../../../sim/kernel/index.ts';
import { encodeToken } from '../../../sim/trace/token.ts';
import { type Captured, capturedMain } from '../cli/captured-main.ts';
import { recordStory, scratchFolder, storyNamed, textOf, withEvent } from './recorded.ts';

const folder = scratchFolder();

function fortnight(...words: readonly string[]): Promise<Captured> {
  return capturedMain(words, { workingDirectory: folder.path });
}

function jsonOf({ stdout }: Captured): readonly Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

beforeAll(async () => {
  const recorded = await recordStory('renewal-at-the-line');
  folder.write('line.ndjson', textOf(recorded));
  folder.write('after.ndjson', textOf(await recordStory('renewal-1ms-after-the-line')));
  const changed = withEvent(recorded.events, 40, (event) => ({ ...event, at: event.at + 1 }));
  folder.write('changed.ndjson', formatTrace({ ...recorded, events: changed }));
  folder.write('quota.ndjson', textOf(await recordStory('quota-exceeded')));
});

describe('from run to replay', () => {
  test('I76: run --trace writes a trace that replays alone, also where its file is gone', async () => {
    const text = storyNamed('backup-gateway').text;
    folder.write('story.yaml', text);
    const run = await fortnight('run', 'story.yaml', '--world', 'memory', '--trace', 'run.ndjson');
    expect(run.code).toBe(0);
    folder.write('story.yaml', '');
    const replayed = await fortnight('replay', 'run.ndjson');
    expect([replayed.code, replayed.stderr]).toEqual([0, '']);
    expect(replayed.stdout).toMatch(/^Same: \d+ events/);
    // The same log as the golden one; only the header names another build.
    const { events } = parseTrace(readFileSync(join(folder.path, 'run.ndjson'), 'utf8'));
    expect(events).toEqual((await recordStory('backup-gateway')).events);
  });

  test('a failed run prints the token that repeats it', async () => {
    const text = storyNamed('backup-direct').text.replace('generation: 1', 'generation: 7');
    folder.write('wrong.yaml', text);
    const run = await fortnight('run', 'wrong.yaml', '--world', 'memory');
    const [token = ''] = /fn1\.[\w-]+/.exec(run.stderr) ?? [];
    expect([run.code, token === '']).toEqual([1, false]);
    const again = await fortnight('replay', token, '--json');
    expect(again.code).toBe(0);
    expect(jsonOf(again)).toMatchObject([
      { type: 'replay.summary', same: true, violations: [{ invariant: 'expect', session: 's1' }] },
    ]);
  });

  test('trace token: the same run, checked by its hash; another log is different', async () => {
    folder.write('own.yaml', storyNamed('backup-gateway').text);
    await fortnight('run', 'own.yaml', '--world', 'memory', '--trace', 'own.ndjson');
    const token = (await fortnight('trace', 'token', 'own.ndjson')).stdout.trim();
    const same = await fortnight('replay', token, '--trace', 'again.ndjson');
    expect([same.code, same.stdout.startsWith('Same: ')]).toEqual([0, true]);
    const diff = await fortnight('trace', 'diff', 'own.ndjson', 'again.ndjson');
    expect([diff.code, diff.stdout.startsWith('Same: ')]).toEqual([0, true]);
    const lines = readFileSync(join(folder.path, 'own.ndjson'), 'utf8').replace('"at":1', '"at":2');
    folder.write('other.ndjson', lines);
    const other = (await fortnight('trace', 'token', 'other.ndjson')).stdout.trim();
    expect((await fortnight('replay', other)).code).toBe(1);
  });

  test('replay stops at the first difference and shows both sides (exit 1)', async () => {
    const { code, stdout } = await fortnight('replay', 'changed.ndjson');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Different after 40 events/);
    expect(stdout).toMatch(/recorded {2}\{"seq":40,.*\nreplayed {2}\{"seq":40,/);
    expect(stdout).toMatch(/^ {2}at: \d+ recorded, \d+ replayed$/m);
    const stopped = await fortnight('replay', 'changed.ndjson', '--to', '39', '--json');
    expect(stopped.code).toBe(0);
    expect(jsonOf(stopped)).toMatchObject([{ same: true, sameCount: 40, stoppedAt: 39 }]);
  });
});

describe('trace diff', () => {
  test('exit 0 and 1; --ignore leaves out fields', async () => {
    expect((await fortnight('trace', 'diff', 'line.ndjson', 'line.ndjson')).code).toBe(0);
    const { code, stdout } = await fortnight('trace', 'diff', 'line.ndjson', 'changed.ndjson');
    expect([code, stdout.includes('after 40 events')]).toEqual([1, true]);
    const ignored = ['trace', 'diff', 'line.ndjson', 'changed.ndjson', '--ignore', 'at'];
    expect((await fortnight(...ignored)).code).toBe(0);
  });

  test('says by session and credential what differs', async () => {
    const diff = await fortnight('trace', 'diff', 'line.ndjson', 'after.ndjson', '--json');
    expect(jsonOf(diff)).toContainEqual(
      expect.objectContaining({
        type: 'diff.part',
        kind: 'credential',
        name: 'acme/vault',
        ends: ['generation 1', 'generation 2'],
      }),
    );
    const text = await fortnight('trace', 'diff', 'line.ndjson', 'after.ndjson', '--ascii');
    expect(text.stdout).toMatch(
      /credential acme\/vault +\d+ +\d+ +\d+\/\d+ +generation 1 +generation 2/,
    );
    // Nothing is ignored unasked: the titles of the two scenarios differ as well.
    expect(text.stdout).toContain('header options.scenario');
  });
});

describe('trace show, trace export, why', () => {
  test('show draws one session; --json gives one line an event', async () => {
    const shown = await fortnight('trace', 'show', 'line.ndjson', '--session', 's2', '--ascii');
    expect(shown.stdout).toContain('s2: backup of files');
    expect(shown.stdout).not.toContain('s1: ');
    const lines = jsonOf(await fortnight('trace', 'show', 'line.ndjson', '--json', '--to', '9'));
    expect(lines.map(({ type, seq }) => [type, seq])).toEqual(
      Array.from({ length: 10 }, (_, seq) => ['trace.event', seq]),
    );
  });

  test.each([
    ['mermaid', 'sequenceDiagram\n'],
    ['itf', '{"#meta":{"format":"ITF"'],
    ['shiviz', '(?<host>'],
  ])('export --format %s', async (format, start) => {
    const { code, stdout } = await fortnight('trace', 'export', 'line.ndjson', '--format', format);
    expect([code, stdout.startsWith(start)]).toEqual([0, true]);
  });

  test('C10: why names the rule and shows both operands in ms', async () => {
    const recorded = await recordStory('renewal-at-the-line');
    const check = recorded.events.find(
      ({ type, session }) => type === 'credential.checked' && session === 's2',
    ) as LogEvent;
    const { code, stdout } = await fortnight('why', 'line.ndjson', '--at', `${check.seq}`);
    expect(code).toBe(0);
    expect(stdout).toContain('86,400,000 ms < 86,400,000 ms is false: keep (C2, C10)');
    expect(stdout).toMatch(/^ {2}C10 +"Less than" is strict/m);
  });

  test('Q3: why finds the failed session by itself', async () => {
    const { stdout } = await fortnight('why', 'quota.ndjson', '--ascii');
    expect(stdout).toMatch(/^0 violated, 1 failed or cancelled/);
    expect(stdout).toContain('Ended failed, quota.exceeded');
    expect(stdout).toContain('is so much of the quota left? no');
    const [explained] = jsonOf(await fortnight('why', 'quota.ndjson', '--json'));
    expect(explained).toMatchObject({ type: 'why.summary', subject: { session: 's1' } });
  });
});

describe('bad input', () => {
  const header = '{"type":"trace.header","version":1,"seed":"1","build":"b","options":{}}';
  const kind = header.replace('"seed"', '"kind":"scenario","seed"');
  const event = '{"seq":0,"at":1,"node":"sp","type":"x","session":null,"data":{}}';
  const lab = kind.replace('{}', '{"world":"lab","text":""}');

  test.each<[string, string, string, number, string]>([
    ['another version', `${header.replace('1,"seed', '9,"seed')}\n`, 'show', 3, 'reads 1'],
    [
      'the last line is cut',
      `${header}\n${event}\n${event.slice(0, 30)}`,
      'show',
      3,
      ':3: the file ends',
    ],
    ['the header is cut', header.slice(0, 40), 'show', 3, ':1: the file ends'],
    ['a line is garbage', `${header}\n${event}\nnot json\n${event}\n`, 'show', 3, ':3: not a line'],
    ['seq goes back', `${header}\n${event}\n${event}\n`, 'show', 3, ':3: seq 0 comes after 0'],
    ['no trace at all', '# Read me\n', 'show', 3, 'this is not a trace'],
    ['another JSON file', '{"name":"x"}\n', 'show', 3, 'not a trace.header'],
    ['an empty file', '', 'show', 3, 'the file is empty'],
    ['bytes', '\u0000\u0001\u0002', 'show', 3, 'this is not a trace'],
    ['no events', `${header}\n`, 'show', 2, 'holds no event'],
    ['no kind', `${header}\n${event}\n`, 'replay', 3, 'not how to run it again'],
    ['a lab run', `${lab}\n${event}\n`, 'replay', 3, 'never the same twice'],
    ['an unknown kind', `${kind.replace('scenario', 'dream')}\n`, 'replay', 3, 'kind "dream"'],
    ['no scenario', `${kind}\n`, 'replay', 3, 'holds no scenario'],
    ['a wrong scenario', `${kind.replace('{}', '{"text":"steps: 3"}')}\n`, 'replay', 3, 'steps'],
    ['a kind that is none', `${kind.replace('"scenario"', '7')}\n`, 'replay', 3, 'kind must be'],
  ])('%s', async (_name, text, command, exitCode, words) => {
    folder.write('bad.ndjson', text);
    const line = command === 'replay' ? ['replay', 'bad.ndjson'] : ['trace', command, 'bad.ndjson'];
    const { code, stderr, stdout } = await fortnight(...line);
    expect([code, stdout]).toEqual([exitCode, '']);
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test.each<[string, readonly string[], number, string]>([
    ['no such file', ['trace', 'show', 'gone.ndjson'], 3, 'there is no such file'],
    ['a folder', ['trace', 'show', '.'], 3, 'cannot be read'],
    ['why without a trace', ['why', 'gone.ndjson'], 3, 'there is no such file'],
    [
      'an unknown session',
      ['trace', 'show', 'line.ndjson', '--session', 's22'],
      2,
      'Did you mean "s2"?',
    ],
    ['an unknown scope', ['trace', 'show', 'line.ndjson', '--scope', 'acme/vaul'], 2, 'acme/vault'],
    ['an unknown event', ['why', 'line.ndjson', '--at', '99999'], 2, 'its events are 0 to'],
    [
      'a seq that is none',
      ['replay', 'line.ndjson', '--to', 'x'],
      2,
      'write the number of an event',
    ],
    [
      'from after to',
      ['trace', 'show', 'line.ndjson', '--from', '9', '--to', '8'],
      2,
      'comes after',
    ],
    ['a width that is none', ['trace', 'show', 'line.ndjson', '--width', '7'], 2, '40 to 500'],
    [
      'an unknown format',
      ['trace', 'export', 'line.ndjson', '--format', 'mermade'],
      2,
      '"mermaid"',
    ],
    ['no format', ['trace', 'export', 'line.ndjson'], 2, '--format'],
    [
      'an unknown field',
      ['trace', 'diff', 'line.ndjson', 'line.ndjson', '--ignore', 'seqq'],
      2,
      'seqq',
    ],
    ['two questions', ['why', 'line.ndjson', '--session', 's1', '--at', '3'], 2, 'one thing'],
    ['an unknown command', ['trace', 'shw'], 2, 'Did you mean "trace show"?'],
    ['no command', ['trace'], 2, 'trace diff'],
    ['a token that is cut', ['replay', 'fn1.abcdefgh'], 3, 'damaged or cut off'],
    ['a token of another format', ['replay', 'fn7.abc'], 3, 'another format'],
  ])('%s', async (_name, words, exitCode, said) => {
    const { code, stderr, stdout } = await fortnight(...words);
    expect([code, stdout]).toEqual([exitCode, '']);
    expect(stderr).toContain(said);
  });

  test('a token of another build is refused, and tried with --force', async () => {
    const { header: recipe } = await recordStory('backup-gateway');
    const token = encodeToken({ recipe: { ...recipe, build: 'fortnight 9.9.9' }, outcome: null });
    const refused = await fortnight('replay', token);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toMatch(/"fortnight 9\.9\.9".*this is "fortnight \d/);
    expect((await fortnight('replay', token, '--force')).code).toBe(0);
  });
});
