import { expect, test } from 'vitest';
import { showLines } from '../../sim/tui/line-mode.ts';
import { FakeRun } from './fake-run.ts';
import { recordedEvents } from './recorded-run.ts';

test('the line mode appends plain sentences until the run is over', async () => {
  const run = new FakeRun();
  const lines: string[] = [];
  const shown = showLines(run, {
    write: (line) => lines.push(line),
    signal: new AbortController().signal,
  });
  run.happen(...recordedEvents());
  run.finish();
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

test('the line mode ends with the signal, also one that came before', async () => {
  const run = new FakeRun();
  const lines: string[] = [];
  await showLines(run, { write: (line) => lines.push(line), signal: AbortSignal.abort() });
  expect(lines).toEqual(['Recorded tour']);
  expect(run.listenerCount).toBe(0);
});
