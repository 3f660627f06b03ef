import type { RealTerminal } from './real-terminal.ts';
import { expectLines } from './screens.ts';
import { expectExit, LEFT_EARLY, leave, NARROW, SLIM, type Story, USUAL, WIDE } from './stories.ts';

/** An escape sequence that chooses one of the colours of the palette. */
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[3[0-7]`);
const TERMINATED = 143;

async function opened(terminal: RealTerminal, parameters = ''): Promise<void> {
  terminal.start(parameters);
  await terminal.shows(/✓ s1/);
  await terminal.see('paused', 'Space');
}

/** Nothing that a screen leaves behind is on the main one. */
function expectNoLeftovers(terminal: RealTerminal): void {
  if (terminal.everything().includes('1 Ses')) {
    throw new Error(`a screen is left on the terminal:\n${terminal.everything()}`);
  }
}

/** How it behaves towards the terminal, the shell and the system. */
export const MANNERS: readonly Story[] = [
  {
    name: '120x40: the wide layout, in colour and not, and a new size at once',
    size: WIDE,
    run: async (terminal) => {
      await opened(terminal);
      await terminal.see('life left', '1');
      terminal.resize(USUAL);
      await terminal.hides('life left');
      terminal.resize(SLIM);
      await terminal.shows('2 Cr');
      terminal.resize(NARROW);
      await terminal.hides('2 Cr');
      terminal.resize(WIDE);
      await terminal.shows('life left');
      await leave(terminal);
      expectNoLeftovers(terminal);
    },
  },
  {
    name: '60x20: menus and pages fit the slim layout',
    size: SLIM,
    run: async (terminal) => {
      await opened(terminal);
      await terminal.see('renewal line -1 ms', 'w');
      await terminal.see('start files', 'Escape', 'd');
      await terminal.see('Everywhere', 'Escape', '?');
      await terminal.hides(/.{61}/);
      await leave(terminal);
    },
  },
  {
    name: '40x10: told in sentences, commands by name',
    size: NARROW,
    run: async (terminal) => {
      terminal.start();
      await terminal.shows('Commands: help');
      const order = async (typed: string, wanted: string | RegExp): Promise<void> => {
        terminal.type(typed);
        terminal.press('Enter');
        await terminal.appears(wanted);
      };
      await order('pause', /./);
      await order('run files', /vault-direct: generation\s+1\s+issued/);
      await order('why', /Why ─+\nThe SP holds none either: it issues one/);
      await order('sessions', /s1 acme\/vault-direct backup/);
      terminal.type('quit');
      terminal.press('Enter');
      await expectExit(terminal, LEFT_EARLY);
      await terminal.expectRestored();
    },
  },
  {
    name: 'SIGTERM: the terminal is given back, exit 143',
    size: USUAL,
    run: async (terminal) => {
      await opened(terminal);
      process.kill(terminal.foreground(), 'SIGTERM');
      await expectExit(terminal, TERMINATED);
      await terminal.expectRestored();
      expectNoLeftovers(terminal);
    },
  },
  {
    name: 'Ctrl-Z and fg; a stop signal and fg: the shell gets its turn, the screen comes back',
    size: USUAL,
    run: async (terminal) => {
      await opened(terminal);
      for (const stop of [
        () => terminal.press('C-z'),
        () => process.kill(terminal.foreground(), 'SIGTSTP'),
      ]) {
        stop();
        await terminal.shows('Stopped');
        await terminal.expectRestored();
        terminal.type('clear; fg');
        terminal.press('Enter');
        await terminal.shows('1 Ses');
        await terminal.see('Show or hide this help', '?');
        await terminal.see('News', 'Escape');
      }
      terminal.press('q');
      await terminal.shows('NOT OK: it was left before its end');
      await terminal.expectRestored();
    },
  },
  {
    name: 'a crash: its reason stands on the main screen',
    size: USUAL,
    run: async (terminal) => {
      terminal.run('node test/tui/demo.ts --crash 1500');
      await terminal.shows('1 Ses');
      await expectExit(terminal, 1);
      await terminal.appears('the demo was asked to crash');
      await terminal.expectRestored();
      expectNoLeftovers(terminal);
    },
  },
  {
    name: 'npm start | cat, </dev/null, TERM=dumb, NO_COLOR=1: sensible output, right exit codes',
    size: USUAL,
    run: async (terminal) => {
      terminal.run('set -o pipefail; npm start | cat');
      await expectExit(terminal, 0);
      expectLines(terminal.everything(), [/^OK: no rule was violated/]);
      await terminal.clear();
      terminal.run('npm start </dev/null');
      await expectExit(terminal, 0);
      expectLines(terminal.everything(), [/^OK: no rule was violated/]);
      await terminal.clear();
      terminal.run('TERM=dumb npm start');
      await terminal.appears('Commands: help');
      terminal.type('rate 1000000');
      terminal.press('Enter');
      terminal.type('quit');
      terminal.press('Enter');
      await expectExit(terminal, LEFT_EARLY);
      if (terminal.coloured().includes('\u001b[')) throw new Error('TERM=dumb shows colours');
      await terminal.clear();
      terminal.run('NO_COLOR=1 npm start');
      await terminal.shows('1 Ses');
      await terminal.see('paused', 'Space');
      if (COLOUR.test(terminal.coloured())) throw new Error('NO_COLOR=1 shows colours');
      await leave(terminal);
    },
  },
];
