import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import { History } from '../../sim/tui/history/history.ts';
import { isNews } from '../../sim/tui/model/news.ts';
import { EMPTY_VIEW, reduceEvents } from '../../sim/tui/view-model.ts';
import { property } from '../support/seed.ts';
import { anyEvent } from './arbitrary-events.ts';
import { historyOf } from './frames.ts';
import { recordedEvents } from './recorded-run.ts';

/** Many sessions, one event after the other. */
function longLog(count: number): readonly LogEvent[] {
  const recorded = recordedEvents().filter(({ session }) => session === 's2');
  return Array.from({ length: count }, (_, seq) => {
    const event = recorded[seq % recorded.length] as LogEvent;
    return { ...event, seq, at: seq, session: `s${Math.floor(seq / recorded.length) % 500}` };
  });
}

describe('the state at a position', () => {
  property(
    'is the fold of the events before it, wherever one looked before',
    [fc.array(anyEvent(), { maxLength: 60 }), fc.array(fc.nat(80), { maxLength: 12 })],
    (events, positions) => {
      const history = historyOf(events);
      for (const position of positions) {
        const before = events.slice(0, Math.min(position, events.length));
        expect(history.viewAt(position)).toEqual(reduceEvents(EMPTY_VIEW, before));
      }
      return true;
    },
  );

  test('checkpoints change nothing, however long the log and wherever one goes', () => {
    const events = longLog(9_000);
    const history = historyOf(events);
    for (const position of [9_000, 8_999, 4_097, 4_096, 4_095, 1, 0, 2_048, 8_191, 9_000]) {
      const expected = reduceEvents(EMPTY_VIEW, events.slice(0, position));
      expect(history.viewAt(position)).toEqual(expected);
    }
  });

  test('stepping back through a long log folds a few hundred events, not the whole log', () => {
    const history = historyOf(longLog(300_000));
    history.viewAt(300_000);
    // The first look into a stretch leaves checkpoints behind for the steps after it.
    history.viewAt(200_000);
    const before = history.foldedCount;
    for (let step = 1; step <= 100; step += 1) history.viewAt(200_000 - step);
    expect((history.foldedCount - before) / 100).toBeLessThan(1_100);
  });

  test('what was shown is never changed afterwards', () => {
    const history = historyOf(recordedEvents());
    const shown = history.viewAt(20);
    const copy = structuredClone(shown);
    history.viewAt(history.length);
    history.append(recordedEvents()[0] as LogEvent);
    history.viewAt(3);
    expect(shown).toEqual(copy);
  });
});

describe('the index', () => {
  property(
    'finds the news and the events of each session, in their order',
    [fc.array(anyEvent(), { maxLength: 50 })],
    (events) => {
      const history = historyOf(events);
      const positions = (test: (event: LogEvent) => boolean) =>
        events.flatMap((event, position) => (test(event) ? [position] : []));
      expect(history.newsPositions()).toEqual(positions(isNews));
      for (const id of new Set(events.map(({ session }) => session))) {
        if (id === null) continue;
        const own = positions(({ session }) => session === id);
        expect(history.positionsOfSession(id)).toEqual(own);
      }
      return true;
    },
  );

  property(
    'times never fall, and positionAt separates what has happened from what has not',
    [fc.array(anyEvent(), { maxLength: 50 }), fc.double({ noNaN: true })],
    (events, at) => {
      const history = historyOf(events);
      const position = history.positionAt(at);
      const times = events.map((_, index) => history.timeAt(index + 1) ?? Number.NEGATIVE_INFINITY);
      expect(times).toEqual([...times].sort((left, right) => left - right));
      expect(times.filter((time) => time <= at)).toHaveLength(position);
      return true;
    },
  );

  test('counts of movers belong to the position at which they came', () => {
    const history = new History();
    const [first, second] = recordedEvents();
    const counts = (storageBytes: number) => ({ role: 'target', linkBytes: 0, storageBytes });
    history.append(first as LogEvent);
    history.noteProgress('s1', counts(5), 10);
    history.append(second as LogEvent);
    history.noteProgress('s1', counts(9), 20);
    const bytesAt = (position: number) =>
      history.progressAt('s1', 'target', position).map((mark) => mark.counts.storageBytes);
    expect([bytesAt(0), bytesAt(1), bytesAt(2)]).toEqual([[], [5], [9, 5]]);
    expect(history.progressAt('s1', 'source', 2)).toEqual([]);
  });

  test('the marks of a long session are thinned and keep the newest', () => {
    const history = new History();
    for (let bytes = 0; bytes < 5_000; bytes += 1) {
      history.noteProgress('s1', { role: 'target', linkBytes: bytes, storageBytes: bytes }, bytes);
    }
    expect(history.progressAt('s1', 'target', 0)[0]?.counts.storageBytes).toBe(4_999);
  });
});

describe('a history with limits', () => {
  const keeping = { endedSessions: 3, generations: 2 };
  /** Many short sessions, each with a credential of its own scope or of one that is known. */
  const manySessions = (count: number): readonly LogEvent[] =>
    Array.from({ length: count }, (_, session) => {
      const id = `s${session}`;
      const scope = `t${session % 5}/vault`;
      const fact = (type: string, data: LogEvent['data']): LogEvent => {
        return { seq: 0, at: session, node: 'sp', type, session: id, data };
      };
      const [issuedAt, expiresAt] = [session, session + 9];
      return [
        fact('session.started', { tenant: `t${session % 5}`, repository: 'vault' }),
        fact('credential.issued', { scope, generation: session, issuedAt, expiresAt }),
        fact('session.ended', { state: session % 7 === 0 ? 'failed' : 'done' }),
      ];
    }).flat();

  property(
    'keeps a bounded store, however many events come',
    [fc.integer({ min: 1, max: 4_000 }), fc.integer({ min: 1, max: 200 })],
    (sessions, limit) => {
      const history = new History({ events: limit, keeping });
      for (const [index, event] of manySessions(sessions).entries()) {
        history.append(event);
        if (index % 50 === 0) history.viewAt(history.length);
      }
      history.noteProgress('s0', { role: 'target', linkBytes: 1, storageBytes: 1 }, 1);
      const { kept, firstKept, length } = history;
      const view = history.viewAt(length);
      expect(length).toBe(3 * sessions);
      expect(kept.events).toBe(length - firstKept);
      expect(kept.events).toBeLessThanOrEqual(limit + Math.ceil(limit / 64));
      expect(kept.sessions).toBeLessThanOrEqual(kept.events);
      expect(history.newsPositions().length).toBeLessThanOrEqual(kept.events);
      expect(view.sessions.size).toBeLessThanOrEqual(2 * keeping.endedSessions + 1);
      for (const { generations } of view.credentials.values()) {
        expect(generations.length).toBeLessThanOrEqual(keeping.generations);
      }
      return true;
    },
    { numRuns: 40 },
  );

  property(
    'every kept position shows what a fold of the whole log shows; an older one the oldest',
    [
      fc.array(anyEvent(), { minLength: 1, maxLength: 120 }),
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.nat(130), { maxLength: 12 }),
    ],
    (events, limit, positions) => {
      const history = new History({ events: limit, keeping });
      for (const event of events) history.append(event);
      for (const position of [...positions, history.firstKept, events.length]) {
        const shown = Math.max(history.firstKept, Math.min(position, events.length));
        const expected = reduceEvents(EMPTY_VIEW, events.slice(0, shown), keeping);
        expect(history.viewAt(position)).toEqual(expected);
        expect(history.event(shown)).toBe(events[shown]);
        expect(history.timeAt(shown)).toBe(historyOf(events).timeAt(shown));
      }
      expect(history.event(history.firstKept - 1)).toBeUndefined();
      return true;
    },
  );

  test('the index names kept events only, by the positions that they always had', () => {
    const history = new History({ events: 64, keeping });
    for (const event of manySessions(100)) history.append(event);
    const { firstKept } = history;
    expect(firstKept).toBeGreaterThan(200);
    expect(history.newsPositions()[0]).toBeGreaterThanOrEqual(firstKept);
    expect(history.positionsOfSession('s0')).toEqual([]);
    expect(history.positionsOfSession('s99')).toEqual([297, 298, 299]);
    expect(history.event(299)?.session).toBe('s99');
    expect(history.positionAt(-1)).toBe(firstKept);
  });
});
