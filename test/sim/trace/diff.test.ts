import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { diffEvents } from '../../../sim/trace/diff.ts';
import { differencesOf, IGNORE_NOTHING } from '../../../sim/trace/same-event.ts';
import { property } from '../../support/seed.ts';
import { recordStory, withEvent } from './recorded.ts';
import { STORIES } from './stories.ts';

const stories = fc.constantFrom(...STORIES.map(({ name }) => name));

describe('diff', () => {
  property(
    'a trace and itself: no difference, in no part',
    [stories],
    async (name) => {
      const { events } = await recordStory(name);
      const difference = diffEvents(events, [...events], IGNORE_NOTHING);
      expect(difference).toEqual({
        counts: [events.length, events.length],
        first: null,
        parts: [],
      });
      return true;
    },
    { numRuns: STORIES.length },
  );

  property(
    'one changed event: found at its place, and its session or credential named',
    [stories, fc.nat()],
    async (name, drawn) => {
      const { events } = await recordStory(name);
      const position = drawn % events.length;
      const planted = (event: LogEvent): LogEvent => ({
        ...event,
        data: { ...event.data, planted: 1 },
      });
      const other = withEvent(events, position, planted);
      const event = events[position] as LogEvent;
      const { first, parts } = diffEvents(events, other, IGNORE_NOTHING);
      expect(first).toMatchObject({ position, left: event, right: other[position] });
      expect(differencesOf(event, planted(event), IGNORE_NOTHING)).toEqual([
        { path: 'data.planted', left: undefined, right: 1 },
      ]);
      const names = parts.map((part) => part.name);
      if (event.session !== null) expect(names).toContain(event.session);
      for (const part of parts)
        expect(part.first.map((one) => one?.seq)).toEqual([event.seq, event.seq]);
      const ignored = diffEvents(events, other, new Set(['data.planted']));
      expect([ignored.first, ignored.parts]).toEqual([null, []]);
      return true;
    },
    { numRuns: 60 },
  );

  property(
    'a log and its beginning: the rest is the difference, and swapping the sides swaps it',
    [stories, fc.nat()],
    async (name, drawn) => {
      const { events } = await recordStory(name);
      const length = drawn % events.length;
      const [one, other] = [events, events.slice(0, length)];
      const { first, counts } = diffEvents(one, other, IGNORE_NOTHING);
      expect(counts).toEqual([events.length, length]);
      expect(first).toMatchObject({ position: length, left: events[length], right: null });
      const swapped = diffEvents(other, one, IGNORE_NOTHING);
      expect(swapped.first).toMatchObject({ left: null, right: events[length] });
      return true;
    },
    { numRuns: 30 },
  );

  test('ignoring seq and at, a later run of the same session is the same', async () => {
    const { events } = await recordStory('backup-gateway');
    const later = events.map((event) => ({
      ...event,
      seq: event.seq + 7,
      at: event.at + 1_000,
    }));
    expect(diffEvents(events, later, IGNORE_NOTHING).first?.position).toBe(0);
    const ignored = new Set(['seq', 'at', 'data.startedAt', 'data.endedAt']);
    const uses = (list: readonly LogEvent[]) => list.filter(({ type }) => type !== 'storage.used');
    expect(diffEvents(uses(events), uses(later), ignored).first).toBeNull();
    expect(diffEvents(uses(events), uses(later), new Set(['seq'])).first).not.toBeNull();
  });

  test('what sessions and credentials came to, where they differ', async () => {
    const at = await recordStory('renewal-at-the-line');
    const after = await recordStory('renewal-1ms-after-the-line');
    const { parts } = diffEvents(at.events, after.events, IGNORE_NOTHING);
    const byName = new Map(parts.map((part) => [`${part.kind} ${part.name}`, part]));
    expect(byName.get('session s2')?.ends).toEqual(['done', 'done']);
    expect(byName.get('credential acme/vault')?.ends).toEqual(['generation 1', 'generation 2']);
    // s1 is over before the clock moves.
    expect(byName.has('session s1')).toBe(false);
  });
});
