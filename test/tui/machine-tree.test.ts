import { describe, expect, test } from 'vitest';
import { backupSessionMachine } from '../../machines/backup-session/index.ts';
import { stateRows, transitionRows } from '../../sim/tui/model/machine-tree.ts';
import type { SessionView } from '../../sim/tui/model/types.ts';
import { recordedHistory } from './frames.ts';
import { START_AT } from './recorded-run.ts';

const { sessions } = recordedHistory().viewAt(1_000);
const direct = sessions.get('s6') ?? expect.fail('no s6');
const gateway: SessionView = { ...(sessions.get('s1') ?? expect.fail('no s1')), outcome: null };
const inState = (session: SessionView, state: string) => ({ ...session, state });

function transition(session: SessionView, event: string) {
  return transitionRows(session, START_AT).find((row) => row.event === event);
}

describe('the tree of states', () => {
  test('is the definition of the machine, with the active ones marked', () => {
    const rows = stateRows('active.running');
    expect(rows.filter(({ isActive }) => isActive).map(({ path }) => path)).toEqual([
      'active',
      'active.running',
    ]);
    const named = Object.keys(backupSessionMachine.states);
    expect(rows.filter(({ depth }) => depth === 0).map(({ name }) => name)).toEqual(named);
  });
});

describe('what an event would do', () => {
  test.each<[string, SessionView, string, string, string, string]>([
    ['P8: lost contact, direct', direct, 'running', 'contact.lost', 'yes', 'to active.detached'],
    ['P8: lost contact, gateway', gateway, 'running', 'contact.lost', 'no', 'isDirect is false'],
    ['P8: lost channel, gateway', gateway, 'running', 'channel.down', 'yes', 'to active.detached'],
    ['C15: the margin', direct, 'running', 'alarm.stopStarting', 'yes', 'to active.draining'],
    ['an end', direct, 'running', 'session.cancelled', 'yes', 'to ending'],
    ['F1: what the event brings decides', direct, 'running', 'mover.failed', 'maybe', 'mayRestart'],
    ['late news', direct, 'running', 'mover.ready', 'no', 'changes nothing here'],
    ['Q3: a raised quota', direct, 'awaitingQuota', 'quota.raised', 'yes', 'to active.running'],
  ])('%s', (_, session, state, event, isEnabled, text) => {
    const row = transition(inState(session, `active.${state}`), event);
    expect(row?.isEnabled).toBe(isEnabled);
    expect(row?.text).toContain(text);
  });

  test('C16: the guard sees the time: an expired credential goes back to contact', () => {
    const session = inState(direct, 'active.awaitingQuota');
    const expiresAt = direct.held?.expiresAt ?? expect.fail('nothing held');
    const row = transitionRows(session, expiresAt).find(({ event }) => event === 'quota.raised');
    expect(row?.text).toBe('to active.contacting');
  });

  test('an ended session hears nothing, and a state that nobody knows has no events', () => {
    const over = transitionRows(inState(direct, 'done'), START_AT);
    expect(over.length).toBeGreaterThan(5);
    expect(over.every(({ isEnabled }) => isEnabled === 'no')).toBe(true);
    expect(transitionRows(inState(direct, 'constructor'), START_AT)).toEqual([]);
  });

  test('every event that the state knows is listed once', () => {
    const events = transitionRows(direct, START_AT).map(({ event }) => event);
    expect(new Set(events).size).toBe(events.length);
    expect(events).toContain('alarm.heartbeat');
    expect(events).not.toContain('*');
  });
});
