import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject, LogEvent } from '../../../machines/ports/event-log.ts';
import { DAY_MS, HOUR_MS } from '../../../machines/rules/time.ts';
import { type CheckReport, checkAll, createCheckRun } from '../../../sim/check/index.ts';
import { GRACE_EVENTS, GRACE_MS, VIOLATIONS_MAX } from '../../../sim/check/run.ts';
import { property } from '../../support/seed.ts';
import {
  cleanLog,
  connect,
  deliver,
  find,
  issue,
  LogBuilder,
  openDirect,
  use,
  without,
} from './log-builder.ts';

const CLEAN = cleanLog();

/** A change to one event of a log; positions and fields wrap round. */
type Mutation =
  | { readonly kind: 'drop' | 'repeat'; readonly at: number }
  | { readonly kind: 'swap'; readonly at: number }
  | { readonly kind: 'alter'; readonly at: number; readonly field: number; readonly by: number };

const mutationArbitrary: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constantFrom('drop' as const, 'repeat' as const), at: fc.nat(999) }),
  fc.record({ kind: fc.constant('swap' as const), at: fc.nat(999) }),
  fc.record({
    kind: fc.constant('alter' as const),
    at: fc.nat(999),
    field: fc.nat(9),
    by: fc.constantFrom(-DAY_MS, -1, 1, 100, DAY_MS),
  }),
);

function altered(event: LogEvent, field: number, by: number): LogEvent {
  const keys = Object.keys(event.data);
  const key = keys[field % keys.length];
  if (key === undefined) return event;
  const value = event.data[key];
  const other =
    typeof value === 'number' ? value + by : typeof value === 'boolean' ? !value : `${by}`;
  return { ...event, data: { ...event.data, [key]: other } };
}

function mutate(events: readonly LogEvent[], mutations: readonly Mutation[]): LogEvent[] {
  const log = [...events];
  for (const mutation of mutations) {
    const at = mutation.at % log.length;
    const event = log[at] as LogEvent;
    switch (mutation.kind) {
      case 'drop':
        log.splice(at, 1);
        break;
      case 'repeat':
        log.splice(at, 0, event);
        break;
      case 'swap':
        log.splice(at, 1);
        log.splice(at + 1, 0, event);
        break;
      case 'alter':
        log[at] = altered(event, mutation.field, mutation.by);
    }
  }
  return log.map((event, seq) => ({ ...event, seq }));
}

/** The log of another tenant, which shares nothing with it. */
function asTenant(events: readonly LogEvent[], tenant: string): LogEvent[] {
  return events.map((event): LogEvent => {
    const text = JSON.stringify(event.data).replaceAll('acme', tenant);
    const session = event.session === null ? null : `${tenant}-${event.session}`;
    const node = event.node.replace('acme', tenant);
    return { ...event, node, session, data: JSON.parse(text) as JsonObject };
  });
}

/** Both logs in one, each in its own order; `picks` says whose turn it is. */
function interleave(
  left: readonly LogEvent[],
  right: readonly LogEvent[],
  picks: readonly boolean[],
): LogEvent[] {
  const rest: readonly [LogEvent[], LogEvent[]] = [[...left], [...right]];
  const merged: LogEvent[] = [];
  for (let turn = 0; rest[0].length + rest[1].length > 0; turn += 1) {
    const first = picks[turn % picks.length] === true ? 0 : 1;
    const next = rest[first].shift() ?? rest[first === 0 ? 1 : 0].shift();
    if (next !== undefined) merged.push(next);
  }
  return merged.map((event, seq) => ({ ...event, seq }));
}

/** What was found, wherever it stood. */
function findings(...reports: readonly CheckReport[]): string[] {
  return reports
    .flatMap(({ violations }) => violations)
    .map(({ invariant, session, text }) => `${invariant} ${session} ${text}`)
    .sort();
}

function sums(...reports: readonly CheckReport[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { witnesses } of reports) {
    for (const [name, count] of Object.entries(witnesses)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum;
}

describe('a check run, event by event', () => {
  property(
    'tells while it goes nothing that the whole log would not',
    [fc.array(mutationArbitrary, { maxLength: 4 })],
    (mutations) => {
      const log = mutate(CLEAN, mutations);
      const run = createCheckRun();
      const early: string[] = [];
      for (const event of log) {
        run.see(event);
        early.push(...run.violations.slice(early.length).map((one) => JSON.stringify(one)));
      }
      const atEnd = run.end();
      expect(atEnd).toEqual(checkAll(log));
      const all = new Set(atEnd.violations.map((one) => JSON.stringify(one)));
      expect(early.filter((one) => !all.has(one))).toEqual([]);
      return true;
    },
    { numRuns: 80 },
  );

  const logArbitrary = fc
    .array(mutationArbitrary, { maxLength: 3 })
    .map((mutations) => mutate(CLEAN, mutations));
  const picksArbitrary = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 });
  property(
    'tenants do not touch each other, however their events mix (I50)',
    [logArbitrary, logArbitrary, picksArbitrary],
    (one, other, picks) => {
      const left = asTenant(one, 'north');
      const right = asTenant(other, 'south');
      const apart = [checkAll(left), checkAll(right)];
      const together = checkAll(interleave(left, right, picks));
      expect(findings(together)).toEqual(findings(...apart));
      expect(together.witnesses).toEqual(sums(...apart));
      return true;
    },
    { numRuns: 60 },
  );

  property(
    'forgetting what has ended changes nothing in a log that keeps its order',
    [fc.array(mutationArbitrary, { maxLength: 2 }), fc.nat(9)],
    (mutations, at) => {
      // Ten tenants one after the other: each is long forgotten when the last one comes.
      const days = Array.from({ length: 10 }, (_, index) => {
        const own = index === at ? mutate(CLEAN, mutations) : CLEAN;
        const later = index * 40 * DAY_MS;
        return asTenant(own, `t${index}`).map((event) => ({ ...event, at: event.at + later }));
      });
      const log = [...days.flat(), ...filler(1_300)].map((event, seq) => ({ ...event, seq }));
      const run = createCheckRun({ graceMs: 1, graceEvents: 200 });
      for (const event of log) run.see(event);
      expect(run.kept.sessions).toBeLessThan(5);
      const brief = run.end();
      const whole = checkAll(log);
      expect(findings(brief)).toEqual(findings(whole));
      expect(brief.witnesses).toEqual(whole.witnesses);
      return true;
    },
    { numRuns: 20 },
  );
});

/** Narrative, long after everything. */
function filler(count: number): LogEvent[] {
  const at = (CLEAN.at(-1)?.at ?? 0) + 1_000 * DAY_MS;
  const event = { seq: 0, at, node: 'sp', type: 'note', session: null, data: {} };
  return Array.from({ length: count }, () => event);
}

describe('what a check run forgets', () => {
  /** Feeds a log and then so many narrative events, this much later. */
  function afterwards(log: readonly LogEvent[], laterMs: number, late: readonly LogEvent[] = []) {
    const run = createCheckRun();
    for (const event of log) run.see(event);
    const last = log.at(-1) as LogEvent;
    const at = last.at + laterMs;
    for (let index = 0; index < GRACE_EVENTS + 2_048; index += 1) {
      run.see({ ...last, seq: last.seq + 1 + index, at, type: 'note', session: null, data: {} });
    }
    for (const [index, event] of late.entries()) {
      run.see({ ...event, at: at + 1, seq: last.seq + GRACE_EVENTS + 3_000 + index });
    }
    return run;
  }
  const FIRST = CLEAN.filter(({ session }) => session === 'd1');
  const d1 = (type: string) => ({ session: 'd1', type });
  const stateAfter = { ...find(CLEAN, d1('session.state')), data: { state: 'active.running' } };

  test('sessions that ended, after the grace period and not before', () => {
    expect(afterwards(FIRST, GRACE_MS / 2).kept.sessions).toBe(1);
    expect(afterwards(FIRST, GRACE_MS + HOUR_MS).kept.sessions).toBe(0);
    expect(afterwards(FIRST, GRACE_MS + HOUR_MS).end().violations).toEqual([]);
  });

  test('I71: a late state is judged within the grace period', () => {
    const inTime = afterwards(FIRST, GRACE_MS / 2, [stateAfter]).end();
    expect(inTime.violations.map(({ invariant }) => invariant)).toEqual(['I71', 'I71']);
    const tooLate = afterwards(FIRST, GRACE_MS + HOUR_MS, [stateAfter]).end();
    expect(tooLate.violations).toEqual([]);
  });

  test('I58: a grant that the SP settles hours later is waited for, one that it never does is told', () => {
    const open = without(FIRST, d1('quota.returned'));
    const returned = find(CLEAN, d1('quota.returned'));
    const settled = afterwards(open, 3 * DAY_MS, [returned]);
    expect(settled.kept.sessions).toBe(1);
    expect(settled.end().violations).toEqual([]);
    const [violation] = afterwards(open, 3 * DAY_MS).end().violations;
    expect(violation?.invariant).toBe('I58');
  });

  test('sessions without an end are kept, strays are not', () => {
    const log = new LogBuilder();
    openDirect(log, 'open');
    log.add('stray', 'session.state', { state: 'active.running' });
    const run = afterwards(log.events, GRACE_MS + HOUR_MS);
    expect(run.kept.sessions).toBe(1);
    expect(run.end().pending.map(({ session }) => session)).toEqual(['open']);
  });

  test('I37: a generation that ended long ago still counts as expired', () => {
    const expired = (days: number): string[] => {
      const log = new LogBuilder();
      openDirect(log, 's');
      connect(log, 's', null);
      const first = { generation: 1, expiresAt: issue(log, 's', 1) };
      deliver(log, 's', 'backup', first);
      log.wait(days * DAY_MS);
      issue(log, 's', 2);
      use(log, 's', 1);
      return checkAll(log.events).violations.map(({ invariant }) => invariant);
    };
    expect(expired(13)).not.toContain('I37');
    expect(expired(30)).toContain('I37');
  });
});

describe('a log with very many violations', () => {
  test(`lists ${VIOLATIONS_MAX} of each invariant and counts all`, () => {
    const log = new LogBuilder();
    for (let index = 0; index < VIOLATIONS_MAX + 5; index += 1) log.add(null, 'mover.started', {});
    const { violations, violationCount } = checkAll(log.events);
    expect(violations).toHaveLength(VIOLATIONS_MAX);
    expect(violationCount).toBe(VIOLATIONS_MAX + 5);
  });

  test('a checker can be left out, and then proves nothing; an unknown one is told', () => {
    const run = createCheckRun({ without: ['no-secrets'] });
    for (const event of CLEAN) run.see(event);
    const { witnesses } = run.end();
    expect(witnesses.I64).toBeUndefined();
    expect(witnesses.I71).toBe(5);
    expect(() => createCheckRun({ without: ['secrets'] })).toThrow('no checker "secrets"');
  });

  test('a run that has ended takes nothing more', () => {
    const run = createCheckRun();
    run.end();
    expect(() => run.see(CLEAN[0] as LogEvent)).toThrow('has ended');
    expect(() => run.end()).toThrow('has ended');
  });
});
