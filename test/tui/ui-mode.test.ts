import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { LISTS, type UiModeEvent, uiModeMachine } from '../../sim/tui/ui-mode.machine.ts';
import { property } from '../support/seed.ts';

function modeAfter(...events: readonly UiModeEvent[]) {
  const actor = createActor(uiModeMachine).start();
  for (const event of events) actor.send(event);
  return actor.getSnapshot();
}

const simple = (...types: readonly string[]) => types.map((type) => ({ type }) as UiModeEvent);
const details: UiModeEvent = { type: 'details.opened', list: 'sessions', id: 's1' };
const menu: UiModeEvent = { type: 'menu.opened', menu: 'do' };
const prompt: UiModeEvent = { type: 'prompt.opened', kind: 'filter', text: '' };
const done: UiModeEvent = { type: 'prompt.done' };
const question: UiModeEvent = { type: 'question.asked', question: 'Really?' };
const at = (list: string) => ({ showing: { browsing: list } });

describe('the modes of the terminal', () => {
  test.each<[string, readonly UiModeEvent[], unknown]>([
    ['it begins with the sessions', [], at('sessions')],
    ['the next view', simple('view.next'), at('credentials')],
    ['round the views', simple(...LISTS.map(() => 'view.next')), at('sessions')],
    ['the previous view', simple('view.previous'), at('log')],
    ...LISTS.map((list): [string, readonly UiModeEvent[], unknown] => [
      `${list} by its number`,
      simple(`view.${list}`),
      at(list),
    ]),
    ['help', simple('help.toggled'), { showing: 'help' }],
    ['help and back to where it was', simple('view.log', 'help.toggled', 'back'), at('log')],
    ['help off again', simple('view.log', 'help.toggled', 'help.toggled'), at('log')],
    ['a session', [details], { showing: 'details' }],
    ['a menu from a session', [details, menu], { showing: 'menu' }],
    ['a menu chosen', [menu, ...simple('menu.chosen')], at('sessions')],
    ['a menu given up', [...simple('view.rules'), menu, ...simple('back')], at('rules')],
    ['tab means nothing in the menu', [menu, ...simple('view.next')], { showing: 'menu' }],
    ['a line is typed', [prompt], 'typing'],
    ['a typed line goes back to the list', [...simple('view.log'), prompt, done], at('log')],
    ['a typed line goes back to the menu', [menu, prompt, done], { showing: 'menu' }],
    [
      'a typed line goes back to the help',
      [...simple('help.toggled'), prompt, done],
      { showing: 'help' },
    ],
    ['keys of views mean nothing while typing', [prompt, ...simple('view.log')], 'typing'],
    ['a question', [menu, question], 'confirming'],
    ['a question answered', [menu, question, ...simple('question.answered')], { showing: 'menu' }],
    ['two futures', simple('comparison.opened'), { showing: 'comparing' }],
    ['the end of the run, untouched', simple('run.finished'), 'finished'],
    ['the end of the run, touched', simple('key.pressed', 'run.finished'), at('sessions')],
    ['leaving by itself', simple('run.finished', 'linger.over'), 'left'],
    ['staying', [...simple('view.log', 'run.finished', 'key.pressed', 'linger.over')], at('log')],
    ['leaving while typing', [prompt, ...simple('leave')], 'left'],
    ['leaving from a page', [details, ...simple('leave')], 'left'],
  ])('%s', (_, events, value) => {
    expect(modeAfter(...events).value).toEqual(value);
  });

  test('a session that is opened stays the chosen one', () => {
    expect(modeAfter(details).context.cursors.sessions).toBe('s1');
  });

  test('a page that is opened begins at its top', () => {
    const scrolled = { type: 'page.scrolled', by: 3, offsetMax: 9 } as const;
    const opened = simple('help.toggled');
    expect(modeAfter(...opened, scrolled).context.offset).toBe(3);
    expect(modeAfter(...opened, scrolled, ...simple('back', 'help.toggled')).context.offset).toBe(
      0,
    );
  });
});

describe('a filter', () => {
  const typed = (text: string, place: string): UiModeEvent => ({
    type: 'prompt.typed',
    text,
    place,
  });

  test('narrows its own place while it is typed, and an empty one narrows nothing', () => {
    const { filters } = modeAfter(prompt, typed('acme', 'log')).context;
    expect(filters).toEqual({ log: 'acme' });
    expect(modeAfter(prompt, typed('acme', 'log'), typed(' ', 'log')).context.filters).toEqual({});
  });

  test('a typed command narrows nothing', () => {
    const command: UiModeEvent = { type: 'prompt.opened', kind: 'command', text: '' };
    const { filters, prompt: line } = modeAfter(command, typed('warp', 'log')).context;
    expect([filters, line.text]).toEqual([{}, 'warp']);
  });

  test('a menu opens without the filter that it had, and others keep theirs', () => {
    const events = [prompt, typed('a', 'menu'), typed('b', 'log'), done, menu];
    expect(modeAfter(...events).context.filters).toEqual({ log: 'b' });
  });

  test('is cleared alone', () => {
    const events = [prompt, typed('a', 'log'), typed('b', 'rules'), done];
    const cleared: UiModeEvent = { type: 'filter.cleared', place: 'log' };
    expect(modeAfter(...events, cleared).context.filters).toEqual({ rules: 'b' });
  });
});

const anyUiEvent: fc.Arbitrary<UiModeEvent> = fc.oneof(
  fc.constantFrom(
    ...simple(
      ...['key.pressed', 'view.next', 'view.previous', 'view.sessions', 'view.log', 'back'],
      ...['help.toggled', 'menu.chosen', 'log.everythingToggled', 'comparison.opened'],
      ...['run.finished', 'linger.over', 'leave', 'prompt.done', 'question.answered'],
    ),
    ...[details, menu, prompt, question],
  ),
  fc.record({
    type: fc.constant('cursor.set' as const),
    list: fc.constantFrom(...LISTS),
    id: fc.option(fc.string()),
  }),
  fc.record({ type: fc.constant('prompt.typed' as const), text: fc.string(), place: fc.string() }),
  fc.record({ type: fc.constant('page.scrolled' as const), by: fc.integer(), offsetMax: fc.nat() }),
  fc.record({
    type: fc.constant('choice.moved' as const),
    by: fc.integer(),
    count: fc.integer({ min: 1, max: 20 }),
  }),
);

property('no keys lead to a place without a way out', [fc.array(anyUiEvent)], (events) => {
  const actor = createActor(uiModeMachine).start();
  for (const event of events) {
    if (actor.getSnapshot().status === 'done') return true;
    actor.send(event);
  }
  const { context, status } = actor.getSnapshot();
  expect(context.offset).toBeGreaterThanOrEqual(0);
  expect(context.choice).toBeGreaterThanOrEqual(0);
  expect(Object.keys(context.cursors)).toEqual([...LISTS]);
  if (status !== 'done') actor.send({ type: 'leave' });
  return actor.getSnapshot().value === 'left';
});
