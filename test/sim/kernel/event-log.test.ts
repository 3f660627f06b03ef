import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject, LogEvent } from '../../../machines/ports/event-log.ts';
import {
  canonicalJson,
  createEventLog,
  createTraceHasher,
  createTraceSink,
  createVirtualClock,
  formatEvent,
  formatTrace,
  parseTrace,
  SecretLeakError,
  TraceFormatError,
  type TraceHeader,
  traceHash,
} from '../../../sim/kernel/index.ts';
import { property } from '../../support/seed.ts';

const HEADER: TraceHeader = { seed: '42', build: '0.1.0', options: { world: 'memory', rate: 1 } };
const CANARY = 'wJalrXUtnFEMI/K7MDENG+"quoted" canary';

function setUp() {
  const lines: string[] = [];
  const clock = createVirtualClock(1_000);
  const sink = createTraceSink(HEADER, (text) => lines.push(text));
  const log = createEventLog({ clock, sinks: [sink] });
  return { lines, clock, log };
}

describe('event log', () => {
  test('numbers the events and stamps them with the clock unless they bring their own time', () => {
    const { log, clock } = setUp();
    log.write({ node: 'sp', type: 'channel.up', session: null, data: { role: 'tenant' } });
    clock.moveTo(2_000);
    log.write({ node: 'sp', type: 'channel.down', session: 's1', data: {}, at: 1_500 });
    log.write({ node: 'sp', type: 'channel.up', session: null, data: {} });
    expect(log.events.map(({ seq, at }) => [seq, at])).toEqual([
      [0, 1_000],
      [1, 1_500],
      [2, 2_000],
    ]);
  });

  test('writes a header and one line an event, keys in a fixed order', () => {
    const { log, lines } = setUp();
    log.write({ node: 'sp', type: 'x', session: 's1', data: { b: 1, a: { d: null, c: [true] } } });
    expect(lines.join('')).toBe(
      '{"type":"trace.header","version":1,"seed":"42","build":"0.1.0",' +
        '"options":{"rate":1,"world":"memory"}}\n' +
        '{"seq":0,"at":1000,"node":"sp","type":"x","session":"s1",' +
        '"data":{"a":{"c":[true],"d":null},"b":1}}\n',
    );
  });

  test('keeps nothing when told so', () => {
    const log = createEventLog({ clock: createVirtualClock(0), keepsEvents: false });
    log.write({ node: 'sp', type: 'x', session: null, data: {} });
    expect(log.events).toEqual([]);
  });

  const disguises: [string, string][] = [
    ['as it is', CANARY],
    ['inside a sentence', `the server said: ${CANARY}!`],
    ['base64', Buffer.from(CANARY).toString('base64')],
    ['base64url', Buffer.from(CANARY).toString('base64url')],
    ['hex', Buffer.from(CANARY).toString('hex')],
    ['upper-case hex', Buffer.from(CANARY).toString('hex').toUpperCase()],
    ['URL-encoded', encodeURIComponent(CANARY)],
  ];
  test.each(disguises)(
    'I64: refuses a secret %s, in any field, without repeating it',
    (_, text) => {
      const { log, lines } = setUp();
      log.registerSecret('secretKey of acme/vault generation 1', CANARY);
      const events: { node: string; type: string; session: string | null; data: JsonObject }[] = [
        { node: 'sp', type: 'x', session: null, data: { deep: [{ detail: text }] } },
        { node: 'sp', type: 'x', session: null, data: { [text]: 1 } },
        { node: text, type: 'x', session: null, data: {} },
        { node: 'sp', type: text, session: null, data: {} },
        { node: 'sp', type: 'x', session: text, data: {} },
      ];
      for (const event of events) {
        let thrown: unknown;
        try {
          log.write(event);
        } catch (error) {
          thrown = error;
        }
        expect(thrown).toBeInstanceOf(SecretLeakError);
        expect(String(thrown)).toContain('generation 1');
        expect(String(thrown)).not.toContain(text);
      }
      expect(log.events).toEqual([]);
      expect(lines).toHaveLength(1);
      log.write({ node: 'sp', type: 'clean', session: null, data: {} });
      expect(log.events[0]?.seq).toBe(0);
    },
  );

  test('I64: a secret too short to look for is refused, not ignored', () => {
    expect(() => setUp().log.registerSecret('pin', '1234')).toThrow(RangeError);
  });

  test.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['undefined', undefined],
    ['a class instance', new Date(0)],
    ['a function', () => undefined],
  ])('refuses %s in an event instead of losing it in silence', (_, value) => {
    const { log } = setUp();
    const data = { a: [value] } as unknown as JsonObject;
    expect(() => log.write({ node: 'sp', type: 'x', session: null, data })).toThrow('$.a[0]');
    expect(log.events).toEqual([]);
  });

  test('refuses an instant that is not a whole millisecond', () => {
    const { log } = setUp();
    const event = { node: 'sp', type: 'x', session: null, data: {}, at: 0.5 };
    expect(() => log.write(event)).toThrow(RangeError);
  });

  property(
    'equal values give equal bytes, whatever the order of their keys',
    [fc.jsonValue()],
    (v) => {
      const value = JSON.parse(JSON.stringify(v)) as JsonObject;
      const reversed = JSON.parse(JSON.stringify(v), (_key, part) =>
        typeof part === 'object' && part !== null && !Array.isArray(part)
          ? Object.fromEntries(Object.entries(part).reverse())
          : part,
      ) as JsonObject;
      expect(canonicalJson(reversed)).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(value);
      return true;
    },
  );
});

describe('trace', () => {
  const event = (seq: number, data: JsonObject = {}): LogEvent => ({
    seq,
    at: 1_000 + seq,
    node: 'sp',
    type: 'x',
    session: seq % 2 === 0 ? null : 's1',
    data,
  });
  const trace = { header: HEADER, events: [event(0), event(1, { text: 'ü\n"' }), event(2)] };

  test('what was written is read back', () => {
    expect(parseTrace(formatTrace(trace))).toEqual(trace);
  });

  test('I76: the hash is of the normalised lines: line ends and key order do not count', () => {
    const text = formatTrace(trace);
    const scrambled = text
      .split('\n')
      .map((line) =>
        line === ''
          ? ''
          : JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line)).reverse())),
      )
      .join('\r\n');
    expect(scrambled).not.toBe(text);
    expect(traceHash(parseTrace(scrambled))).toBe(traceHash(trace));
    expect(traceHash(trace)).toMatchInlineSnapshot(
      `"7ef4ed8635179df5bf3a40cff34ad31aef0e054f2d974a6e22b7f892f5830078"`,
    );
  });

  test('I76: a running hash equals the hash of the whole', () => {
    const hasher = createTraceHasher(HEADER);
    for (const one of trace.events) hasher.add(one);
    expect(hasher.digest()).toBe(traceHash(trace));
  });

  test.each([
    ['another seed', { ...trace, header: { ...HEADER, seed: '43' } }],
    ['another build', { ...trace, header: { ...HEADER, build: '0.1.1' } }],
    ['an event less', { ...trace, events: trace.events.slice(0, 2) }],
    ['another time', { ...trace, events: [{ ...event(0), at: 7 }, event(1), event(2)] }],
  ])('the hash sees %s', (_, other) => {
    expect(traceHash(other)).not.toBe(traceHash(trace));
  });

  const good = formatTrace(trace).split('\n');
  test.each<[string, number, string[]]>([
    ['the file is empty', 1, []],
    ['not a line of JSON', 1, ['hello']],
    ['not a trace.header', 1, [formatEvent(event(0))]],
    ['trace version 2', 1, [good[0]?.replace('"version":1', '"version":2') ?? '']],
    ['needs seed, build and options', 1, ['{"type":"trace.header","version":1}']],
    ['cut off', 3, [good[0] ?? '', good[1] ?? '', good[2]?.slice(0, 30) ?? '']],
    ['not a JSON object', 2, [good[0] ?? '', '[1]']],
    ['seq must be', 2, [good[0] ?? '', '{}']],
    ['at must be', 2, [good[0] ?? '', '{"seq":0,"at":0.5}']],
    ['node must be', 2, [good[0] ?? '', '{"seq":0,"at":0}']],
    ['type must be', 2, [good[0] ?? '', '{"seq":0,"at":0,"node":"sp"}']],
    ['session must be', 2, [good[0] ?? '', '{"seq":0,"at":0,"node":"sp","type":"x"}']],
    ['data must be', 2, [good[0] ?? '', '{"seq":0,"at":0,"node":"","type":"","session":null}']],
    ['seq 0 comes after 0', 3, [good[0] ?? '', good[1] ?? '', good[1] ?? '']],
    ['not a line of JSON', 3, [good[0] ?? '', good[1] ?? '', '', good[2] ?? '']],
  ])('refuses with "%s" at line %d', (problem, line, lines) => {
    let thrown: unknown;
    try {
      parseTrace(lines.join('\n'), 'run.ndjson');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(TraceFormatError);
    expect((thrown as TraceFormatError).line).toBe(line);
    expect(String(thrown)).toContain(`run.ndjson:${line}: `);
    expect(String(thrown)).toContain(problem);
  });
});
