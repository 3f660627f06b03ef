/** Where a key means something. */
export type Place = 'everywhere' | 'list' | 'page' | 'menu' | 'typing' | 'question';

/** What can be ordered by a key, or by its name after `:`. */
export type Command =
  | 'quit'
  | 'interrupt'
  | 'suspend'
  | 'help'
  | 'pause'
  | 'next'
  | 'previous'
  | 'next-of-session'
  | 'previous-of-session'
  | 'faster'
  | 'slower'
  | 'rate'
  | 'warp'
  | 'first-event'
  | 'goto'
  | 'follow'
  | 'why'
  | 'open'
  | 'do'
  | 'run'
  | 'fork'
  | 'compare'
  | 'switch'
  | 'save'
  | 'filter'
  | 'command'
  | 'everything'
  | 'next-view'
  | 'previous-view'
  | 'sessions'
  | 'credentials'
  | 'timeline'
  | 'sequence'
  | 'rules'
  | 'faults'
  | 'log'
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'first'
  | 'last'
  | 'choose'
  | 'back'
  | 'enter-line'
  | 'erase'
  | 'erase-line'
  | 'yes'
  | 'no';

export interface Binding {
  readonly command: Command;
  /** Names as `keyNames` gives them; the first is shown. Empty: by name only. */
  readonly keys: readonly string[];
  readonly place: Place;
  /** A sentence for the help. */
  readonly help: string;
  /** Two words at most for the line at the bottom; null: help only. */
  readonly hint: string | null;
  /** What may follow the name after `:`; absent: nothing. */
  readonly argument?: string;
}

const bind = (
  command: Command,
  keys: readonly string[],
  place: Place,
  help: string,
  hint: string | null = null,
  argument?: string,
): Binding => ({
  command,
  keys,
  place,
  help,
  hint,
  ...(argument === undefined ? {} : { argument }),
});

/**
 * The one table of key bindings. Keys, `:` commands, the help, the hints at the bottom and
 * docs/terminal.md are all made from it.
 */
export const BINDINGS: readonly Binding[] = [
  bind('help', ['?'], 'everywhere', 'Show or hide this help; / searches it', 'help'),
  bind('quit', ['q'], 'everywhere', 'Leave; a run that still goes on is cancelled', 'quit'),
  bind('pause', ['space'], 'everywhere', 'Pause, or go on', 'pause'),
  bind('next', ['n'], 'everywhere', 'Pause and show the next event', 'next'),
  bind('previous', ['p'], 'everywhere', 'Pause and step back by one event', 'back 1'),
  bind('next-of-session', ['N'], 'everywhere', 'The next event of the chosen session'),
  bind('previous-of-session', ['P'], 'everywhere', 'The event before of the chosen session'),
  bind('warp', ['w'], 'everywhere', 'Move time: to a named stop, or by a time', 'warp', '<time>'),
  bind('faster', ['+', '='], 'everywhere', 'Ten times faster, up to 1,000,000 times'),
  bind('slower', ['-'], 'everywhere', 'Ten times slower, down to real time'),
  bind('rate', [], 'everywhere', 'Run so many times faster than real time', null, '<number>'),
  bind('follow', ['F'], 'everywhere', 'To the newest event, and on from there'),
  bind('first-event', ['0'], 'everywhere', 'To before the first event'),
  bind('goto', [], 'everywhere', 'To so many events after the beginning', null, '<number>'),
  bind(
    'why',
    ['y'],
    'everywhere',
    'Why: the guards last evaluated, both operands, the rule',
    'why',
  ),
  bind(
    'open',
    ['enter'],
    'list',
    'Show all of the chosen row; of an event: go to its time',
    'open',
  ),
  bind('do', ['d'], 'everywhere', 'Do: events, faults, settings, sessions', 'do', '<words>'),
  bind('run', [], 'everywhere', 'Start a session of a job', null, '<job>'),
  bind('fork', ['f'], 'everywhere', 'Fork here: the same up to here, then something else', 'fork'),
  bind('compare', ['c'], 'everywhere', 'The two futures of the last fork side by side'),
  bind('switch', ['X'], 'everywhere', 'Go on in the other future of the last fork'),
  bind('save', ['s'], 'everywhere', 'Save the situation as a scenario file', null, '<file>'),
  bind(
    'filter',
    ['/'],
    'everywhere',
    'Narrow the list, the menu or the help',
    'filter',
    '<filter>',
  ),
  bind('command', [':'], 'everywhere', 'Type a command: the names in this help'),
  bind('everything', ['a'], 'everywhere', 'The event log with all events, or only with the news'),
  bind('next-view', ['tab', 'right', 'l'], 'list', 'Next view', 'view'),
  bind('previous-view', ['shift+tab', 'left', 'h'], 'list', 'Previous view'),
  bind('sessions', ['1'], 'everywhere', 'Sessions'),
  bind('credentials', ['2'], 'everywhere', 'Credentials with their life and the renewal line'),
  bind('timeline', ['3'], 'everywhere', 'What happened and what is due, idle time folded'),
  bind('sequence', ['4'], 'everywhere', 'Who said what to whom in the chosen session'),
  bind('rules', ['5'], 'everywhere', 'Rules: how often put to the test, how often violated'),
  bind('faults', ['6'], 'everywhere', 'Faults: armed, and what has struck'),
  bind('log', ['7'], 'everywhere', 'The event log'),
  bind('up', ['up', 'k'], 'everywhere', 'One line up'),
  bind('down', ['down', 'j'], 'everywhere', 'One line down'),
  bind('page-up', ['pageup', 'ctrl+b'], 'everywhere', 'Ten lines up'),
  bind('page-down', ['pagedown', 'ctrl+f'], 'everywhere', 'Ten lines down'),
  bind('first', ['g', 'home'], 'everywhere', 'To the first line'),
  bind('last', ['G', 'end'], 'everywhere', 'To the last line; a list follows what is new there'),
  bind('choose', ['enter'], 'menu', 'Menu: do what is chosen', 'choose'),
  bind('back', ['escape'], 'list', 'Lists: show everything again'),
  bind('back', ['escape'], 'page', 'Back to the list', 'back'),
  bind('back', ['escape'], 'menu', 'Back, nothing is done', 'back'),
  bind('suspend', ['ctrl+z'], 'everywhere', 'To the shell; "fg" comes back'),
  bind('interrupt', ['ctrl+c'], 'everywhere', 'Interrupt the program, as Ctrl-C does everywhere'),
  bind('enter-line', ['enter'], 'typing', 'Typed line: do it, or keep the filter', 'done'),
  bind('back', ['escape'], 'typing', 'Typed line: give it up', 'give up'),
  bind('erase', ['backspace'], 'typing', 'Typed line: one character less'),
  bind('erase-line', ['ctrl+u'], 'typing', 'Typed line: empty it'),
  bind('interrupt', ['ctrl+c'], 'typing', 'Interrupt, also here'),
  bind('yes', ['y'], 'question', 'Question: yes', 'yes'),
  bind('no', ['n', 'escape'], 'question', 'Question: no', 'no'),
  bind('interrupt', ['ctrl+c'], 'question', 'Interrupt, also here'),
];

/** Where the general keys do not hold: what is typed is text, or an answer. */
const CLOSED: readonly Place[] = ['typing', 'question'];

/** What a key means in a place: what is bound there, else what is bound everywhere. */
export function commandFor(key: string, place: Place): Command | null {
  const bound = (where: Place): Command | undefined =>
    BINDINGS.find((binding) => binding.place === where && binding.keys.includes(key))?.command;
  return bound(place) ?? (CLOSED.includes(place) ? undefined : bound('everywhere')) ?? null;
}

export type TypedCommand =
  | { readonly ok: true; readonly command: Command; readonly argument: string | null }
  | { readonly ok: false; readonly problem: string };

/** What is typed after `:`; a beginning that only one name has is enough. */
export function parseCommand(text: string): TypedCommand {
  const [, name = '', rest = ''] = /^\s*(\S*)\s*(.*?)\s*$/.exec(text) ?? [];
  const known = BINDINGS.filter(({ place }) => !CLOSED.includes(place));
  const exact = known.find(({ command }) => command === name);
  const begun = [
    ...new Set(known.filter(({ command }) => command.startsWith(name)).map((one) => one.command)),
  ];
  const command = exact?.command ?? (begun.length === 1 ? begun[0] : undefined);
  if (name === '' || command === undefined) {
    const problem =
      name !== '' && begun.length > 1
        ? `":${name}" may be ${begun.slice(0, 4).join(', ')}`
        : `":${name}" is no command; ? lists them`;
    return { ok: false, problem };
  }
  const binding = known.find((one) => one.command === command);
  if (rest !== '' && binding?.argument === undefined) {
    return { ok: false, problem: `:${command} takes nothing after it` };
  }
  return { ok: true, command, argument: rest === '' ? null : rest };
}

/** The bindings that mean something in a place, for the line at the bottom. */
export function hintsFor(place: Place): readonly Binding[] {
  return BINDINGS.filter(({ hint, place: where }) => {
    if (hint === null) return false;
    return where === place || (where === 'everywhere' && !CLOSED.includes(place));
  });
}

const SHOWN: Readonly<Record<string, string>> = {
  escape: 'esc',
  'ctrl+c': 'Ctrl-C',
  'ctrl+z': 'Ctrl-Z',
};

export function shownKey(key: string): string {
  return SHOWN[key] ?? key;
}

/** What the terminal library tells of a key press besides the characters. */
export interface PressedKey {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly tab: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly shift: boolean;
  readonly ctrl: boolean;
}

/** The names of the pressed keys: several where they arrived together, none for what has no name. */
export function keyNames(input: string, key: PressedKey): readonly string[] {
  if (key.upArrow) return ['up'];
  if (key.downArrow) return ['down'];
  if (key.leftArrow) return ['left'];
  if (key.rightArrow) return ['right'];
  if (key.pageUp) return ['pageup'];
  if (key.pageDown) return ['pagedown'];
  if (key.home) return ['home'];
  if (key.end) return ['end'];
  if (key.return) return ['enter'];
  if (key.escape) return ['escape'];
  if (key.tab) return [key.shift ? 'shift+tab' : 'tab'];
  // Terminals send DEL for the key above Enter; which name it gets depends on the library.
  if (key.backspace || key.delete) return ['backspace'];
  if (key.ctrl) return input === '' ? [] : [`ctrl+${input}`];
  return [...input].map((character) => {
    if (character === ' ') return 'space';
    if (character === '\r' || character === '\n') return 'enter';
    return character === '\t' ? 'tab' : character;
  });
}

/** The character that a key stands for in a typed line; null for keys that are none. */
export function typedCharacter(key: string): string | null {
  if (key === 'space') return ' ';
  return [...key].length === 1 ? key : null;
}
