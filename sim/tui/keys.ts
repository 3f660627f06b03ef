/** Where a key means something. */
export type Place = 'everywhere' | 'list' | 'page' | 'menu';

export type Command =
  | 'quit'
  | 'interrupt'
  | 'help'
  | 'nextView'
  | 'previousView'
  | 'showSessions'
  | 'showCredentials'
  | 'showLog'
  | 'up'
  | 'down'
  | 'pageUp'
  | 'pageDown'
  | 'first'
  | 'last'
  | 'open'
  | 'choose'
  | 'back'
  | 'pauseOrContinue'
  | 'warp'
  | 'everything';

export interface Binding {
  readonly command: Command;
  /** Names as `keyName` gives them; the first is shown. */
  readonly keys: readonly string[];
  readonly place: Place;
  /** A sentence for the help. */
  readonly help: string;
  /** Two words at most for the line at the bottom; null: help only. */
  readonly hint: string | null;
}

/** The one table of key bindings; the help and the hints at the bottom are made from it. */
export const BINDINGS: readonly Binding[] = [
  {
    command: 'help',
    keys: ['?'],
    place: 'everywhere',
    help: 'Show or hide this help',
    hint: 'help',
  },
  {
    command: 'quit',
    keys: ['q'],
    place: 'everywhere',
    help: 'Leave; a run that still goes on is cancelled',
    hint: 'quit',
  },
  {
    command: 'pauseOrContinue',
    keys: ['space'],
    place: 'everywhere',
    help: 'Hold the scenario before its next step, or let it go on',
    hint: 'pause',
  },
  {
    command: 'warp',
    keys: ['w'],
    place: 'everywhere',
    help: 'Move the clock: to the renewal line or the expiry of the chosen credential, or by a time',
    hint: 'warp',
  },
  {
    command: 'open',
    keys: ['enter'],
    place: 'list',
    help: 'Sessions: show the chosen one, why its credential was kept or renewed, and its log',
    hint: 'why',
  },
  {
    command: 'nextView',
    keys: ['tab', 'right', 'l'],
    place: 'list',
    help: 'Next view',
    hint: 'view',
  },
  {
    command: 'previousView',
    keys: ['shift+tab', 'left', 'h'],
    place: 'list',
    help: 'Previous view',
    hint: null,
  },
  {
    command: 'showSessions',
    keys: ['1'],
    place: 'everywhere',
    help: 'Sessions',
    hint: null,
  },
  {
    command: 'showCredentials',
    keys: ['2'],
    place: 'everywhere',
    help: 'Credentials with their life and the renewal line',
    hint: null,
  },
  { command: 'showLog', keys: ['3'], place: 'everywhere', help: 'The event log', hint: null },
  {
    command: 'everything',
    keys: ['a'],
    place: 'everywhere',
    help: 'The event log with all events, or only with the news',
    hint: null,
  },
  {
    command: 'up',
    keys: ['up', 'k'],
    place: 'everywhere',
    help: 'One line up',
    hint: null,
  },
  {
    command: 'down',
    keys: ['down', 'j'],
    place: 'everywhere',
    help: 'One line down',
    hint: null,
  },
  {
    command: 'pageUp',
    keys: ['pageup', 'ctrl+b'],
    place: 'everywhere',
    help: 'Ten lines up',
    hint: null,
  },
  {
    command: 'pageDown',
    keys: ['pagedown', 'ctrl+f'],
    place: 'everywhere',
    help: 'Ten lines down',
    hint: null,
  },
  {
    command: 'first',
    keys: ['g', 'home'],
    place: 'everywhere',
    help: 'To the first line',
    hint: null,
  },
  {
    command: 'last',
    keys: ['G', 'end'],
    place: 'everywhere',
    help: 'To the last line; a list follows what is new there',
    hint: null,
  },
  {
    command: 'choose',
    keys: ['enter'],
    place: 'menu',
    help: 'Warp menu: move the clock to the chosen stop',
    hint: 'go there',
  },
  { command: 'back', keys: ['escape'], place: 'page', help: 'Back to the list', hint: 'back' },
  { command: 'back', keys: ['escape'], place: 'menu', help: 'Back, the clock stays', hint: 'back' },
  {
    command: 'interrupt',
    keys: ['ctrl+c'],
    place: 'everywhere',
    help: 'Interrupt the program, as Ctrl-C does everywhere',
    hint: null,
  },
];

/** What a key means in a place: what is bound there, else what is bound everywhere. */
export function commandFor(key: string, place: Place): Command | null {
  const bound = (where: Place): Command | undefined =>
    BINDINGS.find((binding) => binding.place === where && binding.keys.includes(key))?.command;
  return bound(place) ?? bound('everywhere') ?? null;
}

/** The bindings that mean something in a place, for the line at the bottom. */
export function hintsFor(place: Place): readonly Binding[] {
  return BINDINGS.filter(
    ({ hint, place: where }) => hint !== null && (where === place || where === 'everywhere'),
  );
}

const SHOWN: Readonly<Record<string, string>> = { escape: 'esc', 'ctrl+c': 'Ctrl-C' };

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
  if (key.ctrl) return input === '' ? [] : [`ctrl+${input}`];
  return [...input].map((character) => {
    if (character === ' ') return 'space';
    if (character === '\r' || character === '\n') return 'enter';
    return character === '\t' ? 'tab' : character;
  });
}
