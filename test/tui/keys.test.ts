import { describe, expect, test } from 'vitest';
import {
  BINDINGS,
  commandFor,
  hintsFor,
  keyNames,
  type Place,
  type PressedKey,
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
  shift: false,
  ctrl: false,
};
const PLACES: readonly Place[] = ['list', 'page', 'menu'];

describe('the table of key bindings', () => {
  test.each(PLACES)('binds no key twice in a %s', (place) => {
    const keys = BINDINGS.filter(
      (one) => one.place === place || one.place === 'everywhere',
    ).flatMap(({ keys: bound }) => bound);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  test('every binding is in the help with its keys and its sentence', () => {
    const help = helpLines(200, UNICODE_SIGNS).map(textOf).join('\n');
    for (const { keys, help: sentence } of BINDINGS) {
      expect(help).toContain(sentence);
      expect(help).toContain(keys.at(-1)?.replace('escape', 'esc').replace('ctrl+c', 'Ctrl-C'));
    }
  });

  test.each<[string, Place, string | null]>([
    ['q', 'list', 'quit'],
    ['q', 'menu', 'quit'],
    ['ctrl+c', 'page', 'interrupt'],
    ['enter', 'list', 'open'],
    ['enter', 'menu', 'choose'],
    ['enter', 'page', null],
    ['escape', 'list', null],
    ['escape', 'page', 'back'],
    ['tab', 'list', 'nextView'],
    ['tab', 'menu', null],
    ['space', 'page', 'pauseOrContinue'],
    ['x', 'list', null],
  ])('%s in a %s means %s', (key, place, command) => {
    expect(commandFor(key, place)).toBe(command);
  });

  test('help and quit are hinted at wherever the user is', () => {
    for (const place of PLACES) {
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
  ['control and c', 'c', { ctrl: true }, ['ctrl+c']],
  ['a key without a name', '', {}, []],
])('the name of %s', (_, input, key, names) => {
  expect(keyNames(input, { ...NO_KEY, ...key })).toEqual(names);
});
