import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Frame, Shown } from '../../sim/tui/frame.ts';
import { compareHistories } from '../../sim/tui/model/compare.ts';
import { layoutFor, sizeOf } from '../../sim/tui/screen/layout.ts';
import { ASCII_SIGNS, UNICODE_SIGNS } from '../../sim/tui/theme.ts';
import { LISTS, type ListName } from '../../sim/tui/ui-mode.machine.ts';
import { property } from '../support/seed.ts';
import { anyEvent } from './arbitrary-events.ts';
import { FRESH_UI, frameOf, historyOf, recordedHistory, screenText } from './frames.ts';
import { recordedEvents, START_AT, SUMMARY } from './recorded-run.ts';

const history = recordedHistory();
const SHOWN: readonly Shown[] = [...LISTS, 'details', 'help', 'menu', 'comparing', 'finished'];
const FORK = { position: 30, what: 'the user cancels', areComplete: [true, true] } as const;

function framed(shown: Shown): Frame {
  const result = shown === 'finished' ? { ok: true as const, summary: SUMMARY } : null;
  const session = shown === 'details' || shown === 'sequence' ? 's3' : null;
  const cursors = { ...FRESH_UI.cursors, sessions: session };
  const shorter = historyOf(recordedEvents().slice(0, 70));
  const comparison = shown === 'comparing' ? compareHistories(history, shorter, FORK) : null;
  return frameOf(history, shown, { result, comparison, ui: { ...FRESH_UI, cursors } });
}

const SIZES = [
  [120, 40],
  [80, 24],
  [60, 20],
  [40, 10],
] as const;

describe('every view at four sizes, as reviewed', () => {
  test.each(
    SHOWN.flatMap((shown) => SIZES.map(([columns, rows]) => [shown, columns, rows] as const)),
  )('%s at %ix%i', async (shown, columns, rows) => {
    const text = screenText(framed(shown), columns, rows)
      .map((line) => line.trimEnd())
      .join('\n');
    await expect(`${text}\n`).toMatchFileSnapshot(`screens/${shown}-${columns}x${rows}.txt`);
  });
});

describe('the details of a credential', () => {
  test.each(SIZES)('at %ix%i', async (columns, rows) => {
    const cursors = { ...FRESH_UI.cursors, credentials: 'acme/vault-direct' };
    const frame = frameOf(history, 'details', {
      list: 'credentials',
      ui: { ...FRESH_UI, cursors },
    });
    const text = screenText(frame, columns, rows).map((line) => line.trimEnd());
    const file = `screens/credential-${columns}x${rows}.txt`;
    await expect(`${text.join('\n')}\n`).toMatchFileSnapshot(file);
  });
});

describe('a filter that finds nothing', () => {
  const found = (list: ListName, filter: string): string => {
    const frame = frameOf(history, list, { ui: { ...FRESH_UI, filters: { [list]: filter } } });
    return screenText(frame, 120, 24).join('\n');
  };
  test('is not a run without credentials', () => {
    expect(found('credentials', 'nobody')).toContain('No credential fits the filter.');
    expect(found('credentials', 'nobody')).not.toMatch(/C7|no field/);
    const empty = frameOf(historyOf([]), 'credentials');
    expect(screenText(empty, 120, 24).join('\n')).toContain('No credential was issued yet');
  });
  test.each<[ListName, string]>([
    [
      'sessions',
      'session, tenant, subtenant, repository, operation, state, route, gen, left, bytes',
    ],
    ['credentials', 'scope, state, gen, left'],
    ['timeline', 'session, type, node, rule'],
    ['rules', 'rule, exercised, violated'],
    ['faults', 'fault, fired'],
    ['log', 'session, type, node, rule'],
  ])('says in %s that there is no such field, and which there are', (list, fields) => {
    expect(found(list, 'colour=red')).toContain(`"colour" is no field here: ${fields}`);
    expect(found(list, '12:30')).not.toContain('no field');
    for (const field of fields.split(', ')) {
      expect(found(list, `${field}:zzz`)).not.toContain('no field');
    }
  });
});

describe('always', () => {
  const size = fc.record({
    columns: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(49, 50, 79, 80, 119, 120)),
    rows: fc.integer({ min: 1, max: 60 }),
  });
  const cursor = fc.constantFrom(null, 's1', 's3', 'gone', 'acme/vault-direct', '7', 'I21');
  const text = fc.constantFrom('', 'acme', 'state:done', '-x left<24h', '\u001b[2J', '"');
  const place = fc.record({
    shown: fc.constantFrom(...SHOWN),
    list: fc.constantFrom<ListName>(...LISTS),
    input: fc.constantFrom('none' as const, 'typing' as const, 'question' as const),
    mode: fc.constantFrom('following', 'playing', 'paused', 'seeking' as const),
    menu: fc.constantFrom('warp', 'do', 'fork' as const),
    offset: fc.nat(100),
    choice: fc.nat(40),
    cursor,
    filter: text,
    typed: text,
    showsEverything: fc.boolean(),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    now: fc.oneof(fc.constant(START_AT), fc.double()),
    signs: fc.constantFrom(UNICODE_SIGNS, ASCII_SIGNS),
    notice: fc.constantFrom(null, 'The clock moves by 13d 01h before the next step\u001b[2J'),
  });

  property(
    'a frame is at most rows - 1 high and no line wider than the screen, for any log',
    [fc.array(anyEvent(), { maxLength: 40 }), fc.boolean(), place, size],
    (events, isRecorded, at, { columns, rows }) => {
      const { shown, list, input, mode, now, notice, signs, share, filter, typed, ...rest } = at;
      const any = isRecorded ? recordedHistory(events) : historyOf(events);
      const cursors = Object.fromEntries(LISTS.map((name) => [name, rest.cursor]));
      const filters =
        filter === ''
          ? {}
          : Object.fromEntries([...LISTS, 'menu', 'help'].map((key) => [key, filter]));
      const { cursor: _cursor, ...places } = rest;
      const frame = frameOf(any, shown, {
        now,
        notice,
        mode,
        input,
        seekLabel: 'a place\u001b[2J',
        list: LISTS.find((name) => name === shown) ?? list,
        position: Math.floor(share * any.length),
        comparison: shown === 'comparing' ? compareHistories(any, history, FORK) : null,
        ui: {
          ...FRESH_UI,
          ...places,
          filters,
          prompt: { kind: 'filter', text: typed },
          question: typed,
          cursors: cursors as typeof FRESH_UI.cursors,
        },
      });
      const lines = screenText(frame, columns, rows, signs);
      expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
      expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      return true;
    },
  );

  property(
    'with --ascii every character is ASCII',
    [place, size],
    ({ shown }, { columns, rows }) => {
      const text = screenText(framed(shown), columns, rows, ASCII_SIGNS).join('');
      expect(text).toMatch(/^[ -~]*$/);
      return true;
    },
  );
});

describe('never colour alone', () => {
  const lines = screenText(framed('sessions'), 80, 24);
  const row = (id: string) => lines.find((line) => line.includes(` ${id} `)) ?? '';
  test.each([
    ['a done session has a sign and the word', 's1', /✓.*done/],
    ['a failed session has a sign and the code', 's5', /✗.*failed: quota/],
    ['a running session has a sign and the word', 's6', /●.*running/],
    ['the chosen session has a sign', 's6', /^›/],
  ])('%s', (_, id, pattern) => {
    expect(row(id)).toMatch(pattern);
  });

  test('the shown tab has brackets', () => {
    expect(lines[1]).toContain('[1 Ses]');
    expect(lines[1]).toContain(' 2 Cred ');
  });

  test.each([
    ['a violated rule', 'rules', /^› ✗ |^ {2}[✓○] I\d+/m],
    ['an event that needs a look', 'log', / ! /],
    ['a piece of the machine that is active', 'details', /● done/],
  ] as const)('%s has a sign', (_, shown, pattern) => {
    const frame = framed(shown);
    const end = { ...frame, ui: { ...frame.ui, offset: 0 } };
    expect(screenText(end, 100, 120).join('\n')).toMatch(pattern);
  });
});

test('the page of a session answers why, with both operands, their units and the rules', () => {
  const text = screenText(framed('details'), 100, 60).join('\n');
  expect(text).toContain('Not renewed: 24 h 00 m 00.000 s left; C2 says less than 24 hours');
  expect(text).toContain('left        24 h 00 m 00.000 s (86,400,000 ms)');
  expect(text).toContain('line        24 h 00 m 00.000 s (86,400,000 ms)');
  expect(text).toContain('left < line: false, so keep');
  expect(text).toMatch(/C10 +"Less than" is strict/);
});

test('a page that does not fit says how much is below, and its end can be reached', () => {
  const top = screenText(framed('details'), 80, 24).join('\n');
  expect(top).toMatch(/\d+ more lines below/);
  const frame = framed('details');
  const end = screenText({ ...frame, ui: { ...frame.ui, offset: 10_000 } }, 80, 24);
  expect(end.join('\n')).not.toContain('more lines below');
  expect(end.join('\n')).toContain('the session is over');
});

test.each([
  [120, 'wide'],
  [119, 'medium'],
  [80, 'medium'],
  [79, 'slim'],
  [50, 'slim'],
  [49, 'narrow'],
])('%i columns are %s', (columns, layout) => {
  expect(layoutFor({ columns, rows: 24 })).toBe(layout);
});

test.each([
  [{}, 80, 24],
  [{ columns: 0, rows: 0 }, 80, 24],
  [{ columns: 132, rows: 43 }, 132, 43],
])('a terminal that says %j counts as %i by %i', (stream, columns, rows) => {
  expect(sizeOf(stream)).toEqual({ columns, rows });
});
