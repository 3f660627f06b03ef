import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { guardsOf } from '../../../sim/trace/guards.ts';
import { eventAt, explain, findingsOf, sentenceOfRule } from '../../../sim/trace/why.ts';
import { property } from '../../support/seed.ts';
import { anyLog, recordStory, withEvent } from './recorded.ts';
import { STORIES } from './stories.ts';

const DAY_MS = 86_400_000;

/** The SP's check of the second session: the one at the line. */
async function checkAtLine(name: string): Promise<LogEvent> {
  const { events } = await recordStory(name);
  const found = events.filter(({ type, session, data }) => {
    return type === 'credential.checked' && session === 's2' && data.by === 'sp';
  });
  expect(found).toHaveLength(1);
  return found[0] as LogEvent;
}

describe('the operands of a renewal', () => {
  test.each([
    ['renewal-1ms-before-the-line', DAY_MS + 1, '86,400,001 ms', false, 'keep'],
    ['renewal-at-the-line', DAY_MS, '86,400,000 ms', false, 'keep'],
    ['renewal-1ms-after-the-line', DAY_MS - 1, '86,399,999 ms', true, 'renew'],
  ])('C10: %s', async (name, leftMs, words, holds, outcome) => {
    const check = await checkAtLine(name);
    expect(check.data.leftMs).toBe(leftMs);
    const [guard] = guardsOf(check);
    expect(guard).toMatchObject({
      holds,
      outcome,
      comparison: `${words} < 86,400,000 ms`,
      rules: ['C2', 'C10'],
      contradiction: null,
    });
  });

  test('a decision against its own numbers is named', async () => {
    const check = await checkAtLine('renewal-at-the-line');
    const [guard] = guardsOf({ ...check, data: { ...check.data, decision: 'renew' } });
    expect(guard?.contradiction).toContain('"keep", the log says "renew"');
    const [line] = guardsOf({ ...check, data: { ...check.data, includesLine: true } });
    expect(line).toMatchObject({ holds: true, comparison: '86,400,000 ms <= 86,400,000 ms' });
  });
});

describe('findings', () => {
  test.each(STORIES.map(({ name }) => [name]))(
    '%s: what failed, and no violation',
    async (name) => {
      const { events } = await recordStory(name);
      const { violations, failures } = findingsOf(events);
      expect(violations).toEqual([]);
      const failed = events.filter(({ type, data }) => {
        return type === 'session.ended' && data.state !== 'done';
      });
      expect(failures.map(({ seq }) => seq)).toEqual(failed.map(({ seq }) => seq));
    },
  );

  test('I21: a renewal at the line is a violation, explained with rule, operands and proof', async () => {
    const { events } = await recordStory('renewal-at-the-line');
    const check = await checkAtLine('renewal-at-the-line');
    const position = events.indexOf(check);
    const broken = withEvent(events, position, (event) => ({
      ...event,
      data: { ...event.data, decision: 'renew' },
    }));
    const { violations } = findingsOf(broken);
    const found = violations.find(({ seq }) => seq === check.seq);
    expect(found?.rules).toContain('I21');
    if (found === undefined) return;
    const explained = explain(() => broken, found);
    expect(explained.subject.scope).toBe('acme/vault');
    expect(explained.rules.map(({ id }) => id)).toEqual(expect.arrayContaining(['I21', 'C10']));
    expect(explained.guards.some(({ contradiction }) => contradiction !== null)).toBe(true);
    expect(explained.evidence.map(({ seq }) => seq)).toContain(check.seq);
  });

  test('Q3: the failed session shows what was needed, what was left, and what changed', async () => {
    const { events } = await recordStory('quota-exceeded');
    const [failure] = findingsOf(events).failures;
    if (failure === undefined) throw new Error('the story does not fail');
    const { guards, changes, rules } = explain(() => events, failure);
    const quota = guards.find(({ question }) => question === 'is so much of the quota left?');
    expect(quota).toMatchObject({ holds: false, outcome: 'refused', rules: ['Q2', 'Q3'] });
    expect(quota?.operands.map(({ name }) => name)).toEqual(['needed', 'left']);
    expect(rules.map(({ id }) => id)).toContain('Q3');
    expect(changes.at(-1)).toMatchObject({ what: 's1 outcome', after: 'failed, quota.exceeded' });
    expect(changes.every(({ before, after }) => before !== after)).toBe(true);
  });

  test('C16: a request that starts with an expired credential is wrong by its own numbers', async () => {
    const { events } = await recordStory('backup-direct');
    const use = events.find(({ type }) => type === 'storage.used') as LogEvent;
    const startedAt = use.data.startedAt as number;
    const late = guardsOf(use, { heldExpiresAt: startedAt });
    expect(late).toMatchObject([{ holds: false, rules: ['C16'] }]);
    expect(late[0]?.contradiction).not.toBeNull();
    expect(guardsOf(use, { heldExpiresAt: startedAt + 1 })).toEqual([]);
  });

  test('every rule that a guard cites has a sentence', async () => {
    for (const { name } of STORIES) {
      const { events } = await recordStory(name);
      for (const rule of events.flatMap((event) => guardsOf(event)).flatMap(({ rules }) => rules)) {
        expect([rule, sentenceOfRule(rule)]).not.toEqual([rule, '']);
      }
    }
  });

  property('any log can be asked about any of its events', [anyLog], (events) => {
    findingsOf(events);
    for (const { seq } of events) {
      const subject = eventAt(events, seq);
      if (subject === null) throw new Error(`event ${seq} is not found`);
      explain(() => events, subject);
    }
    return true;
  });
});
