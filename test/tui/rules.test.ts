import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import { CHECKERS, checkAll } from '../../sim/check/index.ts';
import { RuleWatch, ruleRows } from '../../sim/tui/model/rules.ts';
import { recordedEvents } from './recorded-run.ts';

describe('the rules of a log', () => {
  test('are what the checkers find, at every position', () => {
    const watch = new RuleWatch();
    for (const position of [20, 60, recordedEvents().length, 20]) {
      const events = recordedEvents().slice(0, position);
      const { witnesses, violations } = checkAll(events);
      const report = watch.advance(position, () => events);
      expect(report).toEqual({ position, share: 1, witnesses, violations });
    }
  });

  test('of a long log are looked at piece by piece, and not again where nothing has changed', () => {
    const events = Array.from({ length: 50_000 }, (_, seq): LogEvent => {
      return { ...(recordedEvents()[0] as LogEvent), seq };
    });
    const watch = new RuleWatch();
    const shares = [1, 2, 3].map(() => watch.advance(events.length, () => events).share);
    expect(shares).toEqual([0.4, 0.8, 1]);
    const report = watch.advance(events.length, () => expect.fail('looked at again'));
    expect(report.position).toBe(50_000);
  });

  test('every invariant that a checker may report has a row', () => {
    const rows = ruleRows(new RuleWatch().advance(0, () => []));
    const ids = new Set(CHECKERS.flatMap(({ invariants }) => invariants));
    expect(new Set(rows.map(({ id }) => id))).toEqual(ids);
  });
});
