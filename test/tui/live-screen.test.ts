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
  stops = 0;
});

let stops: number;
let goOn: () => void;

function show(): Promise<string> {
  const { stdin, stdout } = terminal;
  const { signal } = controller;
  const stopGroup = (): Promise<void> => {
    stops += 1;
    return new Promise((resolve) => {
      goOn = resolve;
    });
  };
  return showScreen(run, { stdin, stdout, signs: UNICODE_SIGNS, signal, stopGroup });
}

function expectRestored(times = 1): void {
  const text = terminal.written();
  expect(text.split(ENTER)).toHaveLength(times + 1);
  expect(text.split(EXIT)).toHaveLength(times + 1);
  expect(text.lastIndexOf(EXIT)).toBeGreaterThan(text.lastIndexOf(ENTER));
  expect(text.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(text.lastIndexOf('\u001b[?25l'));
  expect(text).not.toContain('\u001b[3J');
  expect(terminal.isRaw()).toBe(false);
  expect(run.listenerCount).toBe(0);
  expect(process.listenerCount('uncaughtExceptionMonitor')).toBe(monitors);
  expect(process.listenerCount('SIGTSTP')).toBe(0);
}

describe('the terminal is as it was', () => {
  test('after q', async () => {
    const left = show();
    await terminal.shows('[1 Ses]');
    expect(terminal.isRaw()).toBe(true);
    terminal.type('q');
    expect(await left).toBe('quit');
    expectRestored();
  });

  test('after Ctrl-C', async () => {
    const left = show();
    await terminal.shows('[1 Ses]');
    terminal.type('\u0003');
    expect(await left).toBe('interrupt');
    expectRestored();
  });

  test('after a signal (SIGTERM aborts it)', async () => {
    const left = show();
    await terminal.shows('[1 Ses]');
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
    await terminal.shows('[1 Ses]');
    vi.spyOn(run, 'now').mockImplementation(() => {
      throw new Error('the clock is broken');
    });
    await expect(left).rejects.toThrow('the clock is broken');
    expectRestored();
  });

  test('before the reason of a crash is printed', async () => {
    const left = show();
    await terminal.shows('[1 Ses]');
    (process as EventEmitter).emit('uncaughtExceptionMonitor', new Error('crash'));
    expect(terminal.written()).toContain(EXIT);
    await left;
    expectRestored();
  });
});

describe('Ctrl-Z', () => {
  test.each([
    ['as a key', () => terminal.type('\u001a')],
    ['as a signal', () => (process as EventEmitter).emit('SIGTSTP')],
  ])(
    '%s gives the terminal back before the program stops, and then draws anew',
    async (_, stop) => {
      const left = show();
      await terminal.shows('[1 Ses]');
      stop();
      await terminal.shows(EXIT);
      await vi.waitFor(() => expect(stops).toBe(1));
      expect(terminal.isRaw()).toBe(false);
      const before = terminal.written().length;
      goOn();
      await vi.waitFor(() => expect(terminal.written().slice(before)).toContain('[1 Ses]'));
      expect(terminal.isRaw()).toBe(true);
      terminal.type('q');
      expect(await left).toBe('quit');
      expectRestored(2);
    },
  );
});

test('a new size is drawn at once, with its own layout', async () => {
  const left = show();
  await terminal.shows('[1 Ses]');
  expect(terminal.written()).not.toContain('life left');
  terminal.resize({ columns: 130, rows: 40 });
  await terminal.shows('life left');
  terminal.type('q');
  await left;
});

test('keys change what is shown', async () => {
  const left = show();
  await terminal.shows('[1 Ses]');
  terminal.type('2');
  await terminal.shows('still alive, ');
  terminal.type('?');
  await terminal.shows('Show or hide this help');
  terminal.type('\u001b');
  terminal.type('q');
  await left;
  expectRestored();
});
