import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import { DAY_MS } from '../../machines/rules/time.ts';
import { currentGeneration, olderAlive } from '../../sim/tui/model/credentials.ts';
import { toEntry } from '../../sim/tui/model/sentences.ts';
import {
  credentialsInOrder,
  EMPTY_VIEW,
  reduceEvents,
  sessionsInOrder,
} from '../../sim/tui/view-model.ts';
import { property } from '../support/seed.ts';
import { anyEvent } from './arbitrary-events.ts';
import { recordedEvents } from './recorded-run.ts';

const view = reduceEvents(EMPTY_VIEW, recordedEvents());
const session = (id: string) => view.sessions.get(id) ?? expect.fail(`no session ${id}`);

describe('the view of a recorded run', () => {
  test('has every session in the order of their beginning', () => {
    const ids = sessionsInOrder(view).map(({ id }) => id);
    expect(ids).toEqual(['s1', 's2', 's3', 's4', 's5', 'restore-1', 's6']);
  });

  test.each([
    ['s1', 'gateway', 'gatewayServer', null, 'done', null],
    ['s2', 'direct', 'sourceProxy', 1, 'done', 'renew'],
    ['s3', 'direct', 'sourceProxy', 1, 'done', 'keep'],
    ['s4', 'direct', 'sourceProxy', 2, 'done', 'renew'],
    ['s5', 'direct', 'sourceProxy', 1, 'failed', 'renew'],
    ['s6', 'direct', 'sourceProxy', 2, undefined, 'keep'],
  ])(
    '%s: path, target host, generation, outcome and check',
    (id, path, host, generation, outcome, decision) => {
      const one = session(id);
      expect(one.route?.dataPath).toBe(path);
      expect(one.route?.targetHost).toBe(host);
      expect(one.held?.generation ?? null).toBe(generation);
      expect(one.outcome?.state).toBe(outcome);
      expect(one.lastCheck?.decision ?? null).toBe(decision);
    },
  );

  test('a failed session keeps its code, and no mover of an ended session runs', () => {
    expect(session('s5').outcome?.code).toBe('quota.exceeded');
    expect(session('s5').movers.map(({ isRunning }) => isRunning)).toEqual([false, false]);
    expect(session('s6').movers.map(({ role, isRunning }) => [role, isRunning])).toEqual([
      ['source', true],
      ['target', true],
    ]);
  });

  test('C10: the check at exactly the line has both operands', () => {
    const check = session('s3').lastCheck;
    expect([check?.leftMs, check?.renewBelowMs, check?.decision]).toEqual([DAY_MS, DAY_MS, 'keep']);
  });

  test('C13: the superseded generation is shown as alive until its own expiry', () => {
    const credential = view.credentials.get('acme/vault-direct') ?? expect.fail('no credential');
    const [first] = credential.generations;
    if (first === undefined) throw new Error('no generation');
    expect(currentGeneration(credential)?.generation).toBe(2);
    expect(olderAlive(credential, first.expiresAt - 1)).toEqual([first]);
    expect(olderAlive(credential, first.expiresAt)).toEqual([]);
  });

  test('the renewal line of a credential is the one that was checked', () => {
    expect(view.credentials.get('tiny/vault-direct')?.line).toEqual({
      renewBelowMs: DAY_MS,
      includesLine: false,
    });
  });

  test('gateway routes show what the gateway passed on, direct routes never do', () => {
    expect(session('s1').hops.atGateway).toBe(3 * 1024 ** 2);
    expect(session('s2').hops.atGateway).toBeNull();
  });

  test('F1: a restart is counted once, however often its state is told', () => {
    const state = (name: string) => fact('session.state', { state: `active.${name}` }, 's6');
    const again = ['restarting', 'restarting', 'running', 'restarting'].map(state);
    expect(reduceEvents(view, again).sessions.get('s6')?.restarts).toBe(2);
  });

  test('a fault that strikes is counted by its name', () => {
    const struck = fact('fault.fired', {
      site: 'storage',
      kind: 'jump',
      fault: 'storage put: jump',
    });
    const faults = [...reduceEvents(view, [struck, struck]).faults.values()];
    expect(faults).toMatchObject([{ name: 'storage put: jump', kind: 'jump', firedCount: 2 }]);
  });
});

const fact = (type: string, data: LogEvent['data'], session: string | null = null): LogEvent => ({
  seq: 0,
  at: 0,
  node: 'sp',
  type,
  session,
  data,
});

describe('sentences', () => {
  const day = { renewBelowMs: DAY_MS, includesLine: false, by: 'tenant', trigger: 'connect' };
  test.each<[string, LogEvent, string, readonly string[]]>([
    [
      'C10 at the line',
      fact('credential.checked', { ...day, expiresAt: 1, leftMs: DAY_MS, decision: 'keep' }),
      'Not renewed: 24 h 00 m 00.000 s left; C2 says less than 24 hours',
      ['C2', 'C10'],
    ],
    [
      'C10 one millisecond below the line',
      fact('credential.checked', { ...day, expiresAt: 1, leftMs: DAY_MS - 1, decision: 'renew' }),
      'Renewed: 23 h 59 m 59.999 s left; C2 says less than 24 hours',
      ['C2', 'C10'],
    ],
    [
      'C10 at the expiry',
      fact('credential.checked', { ...day, expiresAt: 1, leftMs: 0, decision: 'renew' }),
      'Renewed: expired 00 h 00 m 00.000 s ago',
      ['C2', 'C10'],
    ],
    [
      'C12 nothing held',
      fact('credential.checked', { ...day, expiresAt: null, leftMs: 0, decision: 'renew' }),
      'Nothing is held yet: the tenant asks for a credential',
      ['C2', 'C12'],
    ],
    [
      'C12 nothing held at the SP either',
      fact('credential.checked', {
        ...day,
        by: 'sp',
        expiresAt: null,
        leftMs: 0,
        decision: 'renew',
      }),
      'The SP holds none either: it issues one',
      ['C2', 'C12'],
    ],
    [
      'C21 at the line',
      fact('credential.checked', {
        ...day,
        trigger: 'request',
        includesLine: true,
        renewBelowMs: 6 * DAY_MS,
        expiresAt: 1,
        leftMs: 6 * DAY_MS,
        decision: 'renew',
      }),
      'Renewed: 6 d 00 h 00 m 00.000 s left; C21 says 6 days or less',
      ['C21', 'C10'],
    ],
    [
      'C17 degraded',
      fact('credential.delivered', { scope: 'a/b', generation: 1, degraded: true }),
      'a/b: generation 1 goes sealed to the target mover, degraded: its renewal failed',
      ['C6', 'C17'],
    ],
    [
      'Q3 in the code of an end',
      fact('session.ended', { state: 'failed', code: 'quota.exceeded' }),
      'Ended failed, quota.exceeded: The quota of the tenant is used up (Q3)',
      ['Q3'],
    ],
    [
      'an end that was not verified',
      fact('session.ended', { state: 'done', verified: false }),
      'Ended done, but NOT verified',
      [],
    ],
    ['an unknown event by its name', fact('something.new', {}), 'something.new', []],
    ['a type that every object has', fact('constructor', {}), 'constructor', []],
  ])('%s', (_, event, text, rules) => {
    const entry = toEntry(event);
    expect(entry.text).toBe(text);
    expect(entry.rules).toEqual(rules);
  });

  test('control characters of a log cannot reach the terminal', () => {
    const entry = toEntry(fact('fault.fired', { kind: '\u001b[2Jboom\n', site: 'x' }));
    expect(entry.text).toBe('Fault: ?[2Jboom? at x');
  });
});

describe('always', () => {
  property(
    'no event breaks the view, and every one is counted',
    [fc.array(anyEvent())],
    (events) => {
      expect(reduceEvents(EMPTY_VIEW, events).eventCount).toBe(events.length);
      return true;
    },
  );

  property(
    'one by one or in batches gives the same view',
    [fc.array(anyEvent()), fc.nat()],
    (events, cut) => {
      const at = events.length === 0 ? 0 : cut % events.length;
      const once = reduceEvents(EMPTY_VIEW, events);
      const twice = reduceEvents(reduceEvents(EMPTY_VIEW, events.slice(0, at)), events.slice(at));
      expect(twice).toEqual(once);
      return true;
    },
  );

  property(
    'with a bound no ended session is lost from the counts, one by one or in batches',
    [fc.array(anyEvent()), fc.nat(), fc.integer({ min: 1, max: 4 })],
    (events, cut, endedSessions) => {
      const keeping = { endedSessions, generations: 2 };
      const at = events.length === 0 ? 0 : cut % events.length;
      const once = reduceEvents(EMPTY_VIEW, events, keeping);
      const half = reduceEvents(EMPTY_VIEW, events.slice(0, at), keeping);
      expect(reduceEvents(half, events.slice(at), keeping)).toEqual(once);
      const ended = [...once.sessions.values()].filter(({ outcome }) => outcome !== null);
      expect(ended.length).toBe(once.endedCount);
      expect(ended.length).toBeLessThan(2 * endedSessions);
      return true;
    },
  );

  test('what is folded away is counted by how it ended', () => {
    const ids = Array.from({ length: 10 }, (_, index) => `f${index}`);
    const ofSession = recordedEvents().filter(({ session: id }) => id === 's1');
    const events = ids.flatMap((id) => ofSession.map((event) => ({ ...event, session: id })));
    const keeping = { endedSessions: 2, generations: 9 };
    const { sessions, folded, endedCount } = reduceEvents(EMPTY_VIEW, events, keeping);
    expect([...sessions.keys()]).toEqual(ids.slice(-endedCount));
    expect(folded).toEqual({ done: 10 - endedCount, failed: 0, cancelled: 0 });
  });

  // Sessions of two tenants share neither a session nor a scope.
  const ofTenant = (tenant: string): readonly LogEvent[] =>
    JSON.parse(
      JSON.stringify(recordedEvents().filter(({ session: id }) => id === 's3' || id === null))
        .replaceAll('acme', tenant)
        .replaceAll('"s3"', `"${tenant}-1"`),
    ) as LogEvent[];

  property(
    'the order of events of unrelated sessions does not matter',
    [fc.array(fc.boolean(), { minLength: 80, maxLength: 80 })],
    (turns) => {
      const [left, right] = [ofTenant('acme'), ofTenant('globex')];
      const merged: LogEvent[] = [];
      const rest = [[...left], [...right]];
      for (const turn of turns) {
        const next = rest[turn ? 0 : 1]?.shift();
        if (next !== undefined) merged.push(next);
      }
      merged.push(...rest.flat());
      const apart = reduceEvents(EMPTY_VIEW, [...left, ...right]);
      const mixed = reduceEvents(EMPTY_VIEW, merged);
      expect(sessionsInOrder(mixed)).toEqual(sessionsInOrder(apart));
      expect(credentialsInOrder(mixed)).toEqual(credentialsInOrder(apart));
      return true;
    },
  );

  property(
    'a view that was shown is never changed afterwards',
    [fc.array(anyEvent())],
    (events) => {
      const before = structuredClone(view);
      reduceEvents(view, events);
      expect(view).toEqual(before);
      return true;
    },
  );
});
