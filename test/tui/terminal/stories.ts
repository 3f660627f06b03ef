import type { RealTerminal, TerminalSize } from './real-terminal.ts';
import { expectLines } from './screens.ts';

/** What a person does at a terminal of a size. */
export interface Story {
  readonly name: string;
  readonly size: TerminalSize;
  readonly run: (terminal: RealTerminal) => Promise<void>;
}

export const WIDE = { columns: 120, rows: 40 };
export const USUAL = { columns: 80, rows: 24 };
export const SLIM = { columns: 60, rows: 20 };
export const NARROW = { columns: 40, rows: 10 };

/** Left before its end, nothing violated. */
export const LEFT_EARLY = 5;

export async function expectExit(terminal: RealTerminal, code: number): Promise<void> {
  const found = await terminal.exitCode();
  if (found !== code) throw new Error(`exit ${found}, not ${code}:\n${terminal.everything()}`);
}

export async function leave(terminal: RealTerminal): Promise<void> {
  terminal.press('q');
  await expectExit(terminal, LEFT_EARLY);
  await terminal.expectRestored();
}

/** A session of the job whose credential everything is about, from a paused tour. */
async function startDirect(terminal: RealTerminal): Promise<void> {
  await terminal.see('Do 1 of', 'd');
  terminal.press('/');
  terminal.type('"start files"');
  await terminal.see(/"start files"\n[\s\S]*› +start files/, 'Enter');
  await terminal.see(/✓ s\d+ +acme\/vault-direct/, 'Enter');
  await terminal.shows('paused');
}

/** The job of the chosen session once more: the first thing that can be done. */
async function connectAgain(terminal: RealTerminal, sign: RegExp): Promise<void> {
  await terminal.see(/› +start files/, 'd');
  await terminal.see(sign, 'Enter');
  await terminal.shows('paused');
}

/** The acceptance of the issue, with keys alone. */
async function renewalStory(terminal: RealTerminal): Promise<void> {
  await terminal.shows('[1 Ses');
  await terminal.see('Show or hide this help', '?');
  terminal.press('/');
  terminal.type('named stop');
  await terminal.see(/w +Move time: to a named stop/, 'Enter');
  await terminal.see('[1 Ses', 'Escape');
  await terminal.see('paused', 'Space');
  await startDirect(terminal);

  await terminal.see('a connect there: kept', 'w');
  const atLine = await terminal.see('At renewal line -1 ms of acme/vault-direct', 'Enter');
  expectLines(atLine, [/2026-01-18 0[78]:\d\d:\d\d\.\d{3}Z ‖ paused/]);
  await connectAgain(terminal, /✓ s\d+ +acme\/vault-direct[\s\S]*✓ s\d+ +acme\/vault-direct/);
  const kept = await terminal.see('What is known', 'y');
  expectLines(kept, [
    /^s\d+: backup of files, acme\/vault-direct, server job$/,
    'state       done',
    /^Why ─+$/,
    'Not renewed: 24 h 00 m 00.001 s left; C2 says less than 24 hours',
    /^checked {5}2026-01-18 0[78]:\d\d:\d\d\.\d{3}, by sp, at connect$/,
    'left        24 h 00 m 00.001 s (86,400,001 ms)',
    'line        24 h 00 m 00.000 s (86,400,000 ms)',
    'guard       left < line: false, so keep',
  ]);

  await terminal.see('News', 'Escape');
  terminal.press(':');
  terminal.type('warp 1ms');
  await terminal.see('At +1ms', 'Enter');
  await connectAgain(terminal, /acme\/vault-direct .* 2\n/);
  await terminal.see('News', 'G');
  const renewed = await terminal.see('What is known', 'y');
  expectLines(renewed, [
    /^Why ─+$/,
    /^Renewed: 23 h 59 m 59\.\d{3} s left; C2 says less than 24 hours$/,
    'guard       left < line: true, so renew',
  ]);
  await terminal.see(/generation +2/, '2');
}

/** Back before the last end, a fork with a refusing issuer, a fault of one's own, a filter. */
async function forkStory(terminal: RealTerminal): Promise<void> {
  await terminal.see('News', '1');
  await terminal.see('‖ past', 'p', 'p', 'p');
  await terminal.see('Fork after event', 'f');
  terminal.press('/');
  terminal.type('issuer: access denied');
  await terminal.see(/› +fault issuer: access denied/, 'Enter');
  const futures = await terminal.see('two futures', 'Enter');
  expectLines(futures, [/fault issuer: access denied/]);
  await terminal.see('News', 'Escape');
  terminal.press('F');
  await terminal.hides('‖ past');
}

async function doStory(terminal: RealTerminal): Promise<void> {
  await terminal.see('Do 1 of', 'd');
  terminal.press('/');
  terminal.type('storage: slow');
  await terminal.see(/› +fault storage: slow down/, 'Enter');
  await terminal.see('[1 Ses', 'Enter');
  await terminal.see(/storage PutObject, call 1: error/, '6');
  await terminal.see('News', '1');
  terminal.press('/');
  terminal.type('gen:2');
  const narrowed = await terminal.see('/gen:2', 'Enter');
  if (/vault-gateway/.test(narrowed.split('News')[0] ?? '')) {
    throw new Error(`gen:2 shows a session without a generation:\n${narrowed}`);
  }
}

export const STORIES: readonly Story[] = [
  {
    name: 'tour, help, pause, renewal line, generation 2, back, fork, fault, filter, quit',
    size: USUAL,
    run: async (terminal) => {
      terminal.start();
      await renewalStory(terminal);
      await forkStory(terminal);
      await doStory(terminal);
      await leave(terminal);
    },
  },
];
