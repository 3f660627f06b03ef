import { describe, expect, test } from 'vitest';
import { showLines } from '../../sim/tui/line-mode.ts';
import { FakeRun } from './fake-run.ts';
import { recordedEvents } from './recorded-run.ts';

/** A heart that beats when it is told to. */
function manualBeat() {
  let tick: (elapsedMs: number) => void = () => {};
  const beat = (given: typeof tick) => {
    tick = given;
    return () => {
      tick = () => {};
    };
  };
  return { beat, tick: () => tick(66) };
}

async function* typed(...lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

const never = new AbortController().signal;

/** What is written when these commands are given to a recorded run; the last should be `quit`. */
async function answers(...commands: readonly string[]): Promise<readonly string[]> {
  const run = new FakeRun();
  run.happen(...recordedEvents());
  const lines: string[] = [];
  await showLines(run, {
    write: (line) => lines.push(line),
    signal: never,
    beat: manualBeat().beat,
    commands: typed(...commands),
  });
  expect(run.listenerCount).toBe(0);
  return lines;
}

describe('the line mode', () => {
  test('appends plain sentences until the run is over', async () => {
    const run = new FakeRun();
    const lines: string[] = [];
    const { beat, tick } = manualBeat();
    const shown = showLines(run, { write: (line) => lines.push(line), signal: never, beat });
    run.happen(...recordedEvents());
    tick();
    run.finish();
    await Promise.resolve();
    tick();
    await shown;
    expect(lines[0]).toBe('Recorded tour');
    expect(lines).toContain(
      '2026-01-18 08:00:00.760Z s3: Not renewed: 24 h 00 m 00.000 s left; C2 says less than 24 hours [C2 C10].',
    );
    expect(lines.find((line) => line.includes('quota.exceeded'))).toMatch(
      / s5: problem: Ended failed/,
    );
    expect(lines.join('')).toMatch(/^[ -~]*$/);
    expect(run.listenerCount).toBe(0);
  });

  test('ends with the signal, also one that came before', async () => {
    const run = new FakeRun();
    const lines: string[] = [];
    const { beat } = manualBeat();
    const signal = AbortSignal.abort();
    await showLines(run, { write: (line) => lines.push(line), signal, beat });
    expect(lines).toEqual(['Recorded tour']);
    expect(run.listenerCount).toBe(0);
  });

  test.each<[string, RegExp]>([
    ['sessions', /s4 +acme\/vault-direct/],
    [':why', /Not renewed: .* left; C2 says less than 24 hours/],
    ['credentials', /acme\/vault-direct {2}generation 2/],
    ['timeline', /idle/],
    ['rules', /I21/],
    ['help', /:next-of-session/],
    ['fly', /":fly" is no command/],
    ['goto 0', /./],
  ])('%s is answered', async (command, pattern) => {
    expect((await answers(command, 'quit')).join('\n')).toMatch(pattern);
  });

  test('a pause is said, also by a prefix of its name, and so is going on', async () => {
    const lines = await answers('goto 5', 'pause', 'paus', 'quit');
    const told = lines.filter((line) => /^(Paused|Goes on)/.test(line));
    expect(told).toEqual([
      'Goes on.',
      expect.stringMatching(
        /^Paused at 2026-\S+ \S+Z\. "pause" goes on, "next" shows one event\.$/,
      ),
    ]);
  });

  test('a menu is numbered, and a number chooses', async () => {
    const lines = await answers('do user cancels', '1', 'yes', 'quit');
    expect(lines).toContainEqual(expect.stringMatching(/^1\. s6: session\.cancelled/));
    expect(lines).toContainEqual(expect.stringMatching(/cancels\? yes or no\?$/));
  });

  test('the end of the commands ends nothing', async () => {
    const run = new FakeRun();
    run.happen(...recordedEvents());
    let isOver = false;
    const { beat } = manualBeat();
    const controller = new AbortController();
    const shown = showLines(run, {
      write: () => {},
      signal: controller.signal,
      beat,
      commands: typed('sessions'),
    }).then(() => {
      isOver = true;
    });
    for (let round = 0; round < 20; round += 1) await Promise.resolve();
    expect(isOver).toBe(false);
    controller.abort();
    await shown;
  });
});
