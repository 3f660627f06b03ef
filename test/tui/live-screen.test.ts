import type { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { showScreen } from '../../sim/tui/live-screen.ts';
import { UNICODE_SIGNS } from '../../sim/tui/theme.ts';
import { FakeRun } from './fake-run.ts';
import { type FakeTerminal, fakeTerminal } from './fake-terminal.ts';
import { recordedEvents } from './recorded-run.ts';

const ENTER = '\u001b[?1049h';
const EXIT = '\u001b[?1049l';
const SHOW_CURSOR = '\u001b[?25h';

let run: FakeRun;
let terminal: FakeTerminal;
let controller: AbortController;
let monitors: number;

beforeEach(() => {
  run = new FakeRun();
  run.happen(...recordedEvents());
  terminal = fakeTerminal({ columns: 80, rows: 24 });
  controller = new AbortController();
  monitors = process.listenerCount('uncaughtExceptionMonitor');
});

function show(): Promise<string> {
  const { stdin, stdout } = terminal;
  return showScreen(run, { stdin, stdout, signs: UNICODE_SIGNS, signal: controller.signal });
}

function expectRestored(): void {
  const text = terminal.written();
  expect(text.split(ENTER)).toHaveLength(2);
  expect(text.split(EXIT)).toHaveLength(2);
  expect(text.lastIndexOf(EXIT)).toBeGreaterThan(text.lastIndexOf(ENTER));
  expect(text.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(text.lastIndexOf('\u001b[?25l'));
  expect(text).not.toContain('\u001b[3J');
  expect(terminal.isRaw()).toBe(false);
  expect(run.listenerCount).toBe(0);
  expect(process.listenerCount('uncaughtExceptionMonitor')).toBe(monitors);
}

describe('the terminal is as it was', () => {
  test('after q', async () => {
    const left = show();
    await terminal.shows('Sessions 7');
    expect(terminal.isRaw()).toBe(true);
    terminal.type('q');
    expect(await left).toBe('quit');
    expectRestored();
  });

  test('after Ctrl-C', async () => {
    const left = show();
    await terminal.shows('Sessions 7');
    terminal.type('\u0003');
    expect(await left).toBe('interrupt');
    expectRestored();
  });

  test('after a signal (SIGTERM aborts it)', async () => {
    const left = show();
    await terminal.shows('Sessions 7');
    controller.abort('SIGTERM');
    await left;
    expectRestored();
  });

  test('after a signal that came before the first frame', async () => {
    controller.abort('SIGTERM');
    await show();
    expectRestored();
  });

  test('after an exception in what is drawn, which is passed on', async () => {
    const left = show();
    left.catch(() => {});
    await terminal.shows('Sessions 7');
    vi.spyOn(run, 'now').mockImplementation(() => {
      throw new Error('the clock is broken');
    });
    await expect(left).rejects.toThrow('the clock is broken');
    expectRestored();
  });

  test('before the reason of a crash is printed', async () => {
    const left = show();
    await terminal.shows('Sessions 7');
    (process as EventEmitter).emit('uncaughtExceptionMonitor', new Error('crash'));
    expect(terminal.written()).toContain(EXIT);
    await left;
    expectRestored();
  });
});

test('a new size is drawn at once, with its own layout', async () => {
  const left = show();
  await terminal.shows('Sessions 7');
  expect(terminal.written()).not.toContain('life left');
  terminal.resize({ columns: 130, rows: 40 });
  await terminal.shows('life left');
  terminal.type('q');
  await left;
});

test('keys change what is shown', async () => {
  const left = show();
  await terminal.shows('Sessions 7');
  terminal.type('2');
  await terminal.shows('still alive, ');
  terminal.type('?');
  await terminal.shows('Show or hide this help');
  terminal.type('\u001b');
  terminal.type('q');
  await left;
  expectRestored();
});
