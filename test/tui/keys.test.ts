import { describe, expect, test } from 'vitest';
import {
  BINDINGS,
  commandFor,
  hintsFor,
  keyNames,
  type Place,
  type PressedKey,
  parseCommand,
  shownKey,
  typedCharacter,
} from '../../sim/tui/keys.ts';
import { textOf } from '../../sim/tui/screen/lines.ts';
import { helpLines } from '../../sim/tui/screen/pages.ts';
import { UNICODE_SIGNS } from '../../sim/tui/theme.ts';

const NO_KEY: PressedKey = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageUp: false,
  pageDown: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  tab: false,
  backspace: false,
  delete: false,
  shift: false,
  ctrl: false,
};
const OPEN_PLACES: readonly Place[] = ['list', 'page', 'menu'];
const PLACES: readonly Place[] = [...OPEN_PLACES, 'typing', 'question'];

describe('the table of key bindings', () => {
  test.each(PLACES)('binds no key twice in a %s', (place) => {
    const isOpen = OPEN_PLACES.includes(place);
    const keys = BINDINGS.filter(
      (one) => one.place === place || (isOpen && one.place === 'everywhere'),
    ).flatMap(({ keys: bound }) => bound);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  test('every binding is in the help with its keys and its sentence', () => {
    const help = helpLines(200, UNICODE_SIGNS).map(textOf).join('\n');
    for (const { keys, help: sentence, command } of BINDINGS) {
      expect(help).toContain(sentence);
      expect(help).toContain(`:${command}`);
      for (const key of keys) expect(help).toContain(shownKey(key));
    }
  });

  test.each<[string, Place, string | null]>([
    ['q', 'list', 'quit'],
    ['q', 'menu', 'quit'],
    ['ctrl+c', 'page', 'interrupt'],
    ['enter', 'list', 'open'],
    ['enter', 'menu', 'choose'],
    ['enter', 'page', null],
    ['escape', 'list', 'back'],
    ['escape', 'page', 'back'],
    ['tab', 'list', 'next-view'],
    ['tab', 'menu', null],
    ['space', 'page', 'pause'],
    ['n', 'list', 'next'],
    ['n', 'question', 'no'],
    ['q', 'typing', null],
    ['q', 'question', null],
    ['ctrl+c', 'typing', 'interrupt'],
    ['enter', 'typing', 'enter-line'],
    ['x', 'list', null],
  ])('%s in a %s means %s', (key, place, command) => {
    expect(commandFor(key, place)).toBe(command);
  });

  test('help and quit are hinted at wherever the user is', () => {
    for (const place of OPEN_PLACES) {
      const hinted = hintsFor(place).map(({ command }) => command);
      expect(hinted).toContain('help');
      expect(hinted).toContain('quit');
    }
  });
});

test.each<[string, string, Partial<PressedKey>, readonly string[]]>([
  ['a letter', 'q', {}, ['q']],
  ['a capital letter', 'G', { shift: true }, ['G']],
  ['several at once', 'jjk', {}, ['j', 'j', 'k']],
  ['space', ' ', {}, ['space']],
  ['an arrow', '', { upArrow: true }, ['up']],
  ['shift and tab', '', { tab: true, shift: true }, ['shift+tab']],
  ['the key above enter', '', { delete: true }, ['backspace']],
  ['control and c', 'c', { ctrl: true }, ['ctrl+c']],
  ['a key without a name', '', {}, []],
])('the name of %s', (_, input, key, names) => {
  expect(keyNames(input, { ...NO_KEY, ...key })).toEqual(names);
});

describe('a typed command', () => {
  test('names everything that keys can do', () => {
    for (const { command, place } of BINDINGS) {
      if (place === 'typing' || place === 'question') continue;
      expect(parseCommand(command)).toMatchObject({ ok: true, command });
    }
  });

  test.each<[string, object]>([
    ['warp 13d1h', { ok: true, command: 'warp', argument: '13d1h' }],
    ['  goto   12 ', { ok: true, command: 'goto', argument: '12' }],
    ['war', { ok: true, command: 'warp', argument: null }],
    ['page', { ok: false, problem: '":page" may be page-up, page-down' }],
    ['fly', { ok: false, problem: '":fly" is no command; ? lists them' }],
    ['', { ok: false, problem: '":" is no command; ? lists them' }],
    ['quit now', { ok: false, problem: ':quit takes nothing after it' }],
    ['erase', { ok: false, problem: '":erase" is no command; ? lists them' }],
  ])('%j', (text, result) => {
    expect(parseCommand(text)).toEqual(result);
  });

  test.each([
    ['space', ' '],
    ['a', 'a'],
    ['é', 'é'],
    ['up', null],
    ['ctrl+u', null],
  ])('the key %s is the character %j', (key, character) => {
    expect(typedCharacter(key)).toBe(character);
  });
});

test('the help is narrowed by the same filter as the lists', () => {
  const help = helpLines(100, UNICODE_SIGNS, { filter: 'fork' }).map(textOf).join('\n');
  expect(help).toContain('Fork here');
  expect(help).not.toContain('The event log');
  expect(textOf(helpLines(100, UNICODE_SIGNS, { filter: 'xyzzy' })[0] ?? [])).toContain('No key');
});
