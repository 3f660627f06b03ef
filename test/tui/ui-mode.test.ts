import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import {
  LISTS,
  movedCursor,
  type UiModeEvent,
  uiModeMachine,
} from '../../sim/tui/ui-mode.machine.ts';
import { property } from '../support/seed.ts';

function modeAfter(...events: readonly UiModeEvent[]) {
  const actor = createActor(uiModeMachine).start();
  for (const event of events) actor.send(event);
  return actor.getSnapshot();
}

const simple = (...types: readonly string[]) => types.map((type) => ({ type }) as UiModeEvent);
const details: UiModeEvent = { type: 'details.opened', id: 's1' };

describe('the modes of the terminal', () => {
  test.each<[string, readonly UiModeEvent[], unknown]>([
    ['it begins with the sessions', [], { browsing: 'sessions' }],
    ['the next view', simple('view.next'), { browsing: 'credentials' }],
    ['round the views', simple('view.next', 'view.next', 'view.next'), { browsing: 'sessions' }],
    ['the previous view', simple('view.previous'), { browsing: 'log' }],
    ['a view by its number', simple('view.log'), { browsing: 'log' }],
    ['help', simple('help.toggled'), 'help'],
    [
      'help and back to where it was',
      simple('view.log', 'help.toggled', 'back'),
      { browsing: 'log' },
    ],
    ['help off again', simple('view.log', 'help.toggled', 'help.toggled'), { browsing: 'log' }],
    ['a session', [details], 'details'],
    ['no session from the log', [...simple('view.log'), details], { browsing: 'log' }],
    ['warp from a session', [details, ...simple('warp.opened')], 'choosingWarp'],
    ['warp chosen', simple('warp.opened', 'warp.chosen'), { browsing: 'sessions' }],
    [
      'warp given up',
      simple('view.credentials', 'warp.opened', 'back'),
      { browsing: 'credentials' },
    ],
    ['tab means nothing in the menu', simple('warp.opened', 'view.next'), 'choosingWarp'],
    ['the end of the run, untouched', simple('run.finished'), 'finished'],
    [
      'the end of the run, touched',
      simple('key.pressed', 'run.finished'),
      { browsing: 'sessions' },
    ],
    ['leaving by itself', simple('run.finished', 'linger.over'), 'left'],
    ['staying', simple('run.finished', 'key.pressed', 'linger.over'), { browsing: 'sessions' }],
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

describe('the cursor', () => {
  const order = ['a', 'b', 'c'];
  test.each<[string, 'sessions' | 'credentials', string | null, number, string | null]>([
    ['up from what is followed', 'sessions', null, -1, 'b'],
    ['down to the end follows again', 'sessions', 'b', 1, null],
    ['not above the first', 'sessions', 'a', -1, 'a'],
    ['to the first', 'sessions', null, Number.MIN_SAFE_INTEGER, 'a'],
    ['credentials begin at the first', 'credentials', null, 1, 'b'],
    ['credentials do not follow', 'credentials', 'b', 1, 'c'],
    ['a row that has gone', 'sessions', 'gone', -1, 'b'],
  ])('%s', (_, list, cursor, by, moved) => {
    expect(movedCursor(list, cursor, by, order)).toBe(moved);
  });

  test('an empty list has none', () => {
    expect(movedCursor('sessions', 'a', 1, [])).toBeNull();
  });
});

const anyUiEvent: fc.Arbitrary<UiModeEvent> = fc.oneof(
  fc.constantFrom(
    ...simple(
      ...['key.pressed', 'view.next', 'view.previous', 'view.sessions', 'view.log', 'back'],
      ...['help.toggled', 'warp.opened', 'warp.chosen', 'log.everythingToggled'],
      ...['run.finished', 'linger.over', 'leave'],
    ),
    details,
  ),
  fc.record({
    type: fc.constant('cursor.moved' as const),
    by: fc.integer(),
    order: fc.uniqueArray(fc.string()),
  }),
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
