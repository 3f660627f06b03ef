import { expect, test } from 'vitest';
import type { JsonObject, LogEvent } from '../../machines/ports/event-log.ts';
import { historyOf } from './frames.ts';
import { START_AT } from './recorded-run.ts';

const fact = (type: string, data: JsonObject, session: string | null = 's1'): LogEvent => ({
  seq: 0,
  at: START_AT,
  node: 'tenant:acme',
  type,
  session,
  data,
});
const down = fact('channel.down', { role: 'target' });
const BEGIN = fact('session.started', { tenant: 'acme', repository: 'vault' });

test.each<[string, readonly LogEvent[], string, string]>([
  ['running', [fact('session.state', { state: 'active.running' })], 'is down', 'attention'],
  ['ending', [fact('session.state', { state: 'ending.stoppingMovers' })], 'is closed', 'plain'],
  ['over', [fact('session.ended', { state: 'done' })], 'is closed', 'plain'],
  ['not told', [], 'is down', 'attention'],
  [
    'running while another ends',
    [fact('session.state', { state: 'ending.closing' }, 's2')],
    'is down',
    'attention',
  ],
])('P8: a connection that goes while its session is %s', (_, before, text, tone) => {
  const history = historyOf([BEGIN, ...before, down]);
  const entry = history.entryAt(before.length + 1);
  expect(entry?.text).toBe(`Control connection of target ${text}`);
  expect(entry?.tone).toBe(tone);
  expect(entry?.rules).toEqual(tone === 'plain' ? [] : ['P8']);
});

test('what closes at the end is not the last news of a session', () => {
  const ending = fact('session.state', { state: 'ending.stoppingMovers' });
  const lastNews = (...events: readonly LogEvent[]) =>
    historyOf([BEGIN, ...events, down])
      .viewAt(events.length + 2)
      .sessions.get('s1')?.lastNews?.type;
  expect(lastNews(ending)).toBe('session.started');
  expect(lastNews()).toBe('channel.down');
});
