import { describe, expect, test } from 'vitest';
import type { JsonObject, LogEvent } from '../../../machines/ports/event-log.ts';
import { DAY_MS, HOUR_MS } from '../../../machines/rules/time.ts';
import { checkAll } from '../../../sim/check/index.ts';
import {
  cleanLog,
  connect,
  deliver,
  insertAfter,
  issue,
  LIFETIME_MS,
  LogBuilder,
  openDirect,
  patch,
  START_AT,
  use,
} from './log-builder.ts';

function broken(events: readonly LogEvent[]): string[] {
  return [...new Set(checkAll(events).violations.map(({ invariant }) => invariant))].sort();
}

/** One check, alone in a session of this storage kind, with this much left. */
function oneCheck(storage: string, leftMs: number, decision: string, line: JsonObject): LogEvent[] {
  const log = new LogBuilder();
  openDirect(log, 's');
  const expiresAt = START_AT + 100 * DAY_MS;
  log.add('s', 'gateway.connected', { heldGeneration: 1, heldExpiresAt: expiresAt });
  log.add('s', 'credential.requested', { scope: 'acme/vault-direct', trigger: 'connect' });
  log.at = expiresAt - leftMs;
  log.add('s', 'credential.checked', {
    by: storage === 'azure' ? 'sp' : 'tenant',
    trigger: storage === 'azure' ? 'request' : 'connect',
    expiresAt,
    leftMs,
    decision,
    ...line,
  });
  const place = { session: 's', type: 'route.selected' };
  const access = storage === 's3-compatible' ? 'iam-sts' : null;
  const credential = storage === 'azure' ? 'sas' : 'limited';
  return patch(log.events, place, { storage, access, credential });
}

const DAY_LINE = { renewBelowMs: 24 * HOUR_MS, includesLine: false };
const SAS_LINE = { renewBelowMs: 15 * DAY_MS, includesLine: false };
const ENTRA_LINE = { renewBelowMs: 6 * DAY_MS, includesLine: true };

describe('checkers: the renewal line', () => {
  test.each<[string, number, JsonObject, string, string]>([
    ['s3-compatible', 24 * HOUR_MS + 1, DAY_LINE, 'keep', 'I21'],
    ['s3-compatible', 24 * HOUR_MS, DAY_LINE, 'keep', 'I21'],
    ['s3-compatible', 24 * HOUR_MS - 1, DAY_LINE, 'renew', 'I22'],
    ['aws', 24 * HOUR_MS, DAY_LINE, 'keep', 'I21'],
    ['gcs', 24 * HOUR_MS - 1, DAY_LINE, 'renew', 'I22'],
    ['s3-compatible', 1, DAY_LINE, 'renew', 'I22'],
    ['s3-compatible', 0, DAY_LINE, 'renew', 'I22'],
    ['s3-compatible', -1, DAY_LINE, 'renew', 'I22'],
    ['azure', 15 * DAY_MS + 1, SAS_LINE, 'keep', 'I24'],
    ['azure', 15 * DAY_MS, SAS_LINE, 'keep', 'I24'],
    ['azure', 15 * DAY_MS - 1, SAS_LINE, 'renew', 'I24'],
    ['azure', 6 * DAY_MS + 1, ENTRA_LINE, 'keep', 'I24'],
    ['azure', 6 * DAY_MS, ENTRA_LINE, 'renew', 'I24'],
  ])('I23 C10: %s with %d ms left (%j) must %s, else %s', (storage, leftMs, line, right, id) => {
    expect(broken(oneCheck(storage, leftMs, right, line))).toEqual([]);
    const wrong = right === 'keep' ? 'renew' : 'keep';
    expect(broken(oneCheck(storage, leftMs, wrong, line))).toEqual([id]);
  });

  test('I23 is witnessed within 1 ms of the line, not 2 ms from it', () => {
    const seen = (leftMs: number): number | undefined =>
      checkAll(oneCheck('aws', leftMs, leftMs < DAY_MS ? 'renew' : 'keep', DAY_LINE)).witnesses.I23;
    expect([-2, -1, 0, 1, 2].map((offMs) => seen(DAY_MS + offMs))).toEqual([0, 1, 1, 1, 0]);
  });
});

describe('checkers: SAS', () => {
  function azureLog(issued: JsonObject, deliveredExpiresAt: number): LogEvent[] {
    const events = oneCheck('azure', 15 * DAY_MS - 1, 'renew', SAS_LINE);
    const log = new LogBuilder();
    log.events.push(...events);
    log.at = (events.at(-1)?.at ?? 0) + 1;
    log.add('s', 'credential.issued', {
      scope: 'acme/vault-direct',
      generation: 2,
      issuedAt: log.at,
      keyId: 'sas',
      issuer: 'account key',
      ...issued,
    });
    log.add('s', 'credential.saved', { scope: 'acme/vault-direct', generation: 2 });
    log.add('s', 'gateway.connected', { heldGeneration: 1, heldExpiresAt: null });
    deliver(log, 's', 'backup', { generation: 2, expiresAt: deliveredExpiresAt });
    return log.events;
  }
  const issuedAt = START_AT + 85 * DAY_MS + 2;

  test('I20: 30 days, unless the SP overrides it', () => {
    const expiresAt = issuedAt + 30 * DAY_MS;
    const thirty = azureLog({ lifetimeMs: 30 * DAY_MS, expiresAt }, expiresAt);
    expect(broken(thirty)).toEqual([]);
    expect(checkAll(thirty).witnesses).toMatchObject({ I20: 1, I26: 1 });
    const shorterAt = issuedAt + 20 * DAY_MS;
    const shorter = { lifetimeMs: 20 * DAY_MS, expiresAt: shorterAt };
    expect(broken(azureLog(shorter, shorterAt))).toEqual(['I20']);
    const overridden = { ...shorter, protocolLifetimeMs: 20 * DAY_MS };
    expect(broken(azureLog(overridden, shorterAt))).toEqual([]);
  });

  test('I26: what is reissued has 15 days left', () => {
    const expiresAt = issuedAt + 15 * DAY_MS - 2;
    const issued = { lifetimeMs: 30 * DAY_MS, expiresAt, issuedAt: expiresAt - 30 * DAY_MS };
    expect(broken(azureLog(issued, expiresAt))).toEqual(['I26']);
  });
});

describe('checkers: what the rules allow', () => {
  test('C17: a degraded delivery may repeat the old generation', () => {
    const log = new LogBuilder();
    openDirect(log, 's');
    const held = { generation: 1, expiresAt: log.at + HOUR_MS };
    connect(log, 's', held);
    deliver(log, 's', 'backup', held);
    const place = { session: 's', type: 'credential.delivered' };
    expect(broken(log.events)).toEqual(['I22']);
    expect(broken(patch(log.events, place, { degraded: true }))).toEqual([]);
  });

  test('C14: where the issuer ends below the line, every connect renews, without bound', () => {
    const log = new LogBuilder();
    openDirect(log, 's');
    let held: { generation: number; expiresAt: number } | null = null;
    for (const generation of [1, 2, 3, 4]) {
      connect(log, 's', held);
      held = { generation, expiresAt: issue(log, 's', generation) };
      deliver(log, 's', 'backup', held);
      log.wait(HOUR_MS);
    }
    const shortMs = LIFETIME_MS - 12 * HOUR_MS;
    const moved = log.events.map((event): LogEvent => {
      const data: Record<string, unknown> = { ...event.data };
      if (typeof data.expiresAt === 'number') data.expiresAt -= shortMs;
      if (typeof data.heldExpiresAt === 'number') data.heldExpiresAt -= shortMs;
      if (typeof data.lifetimeMs === 'number') data.lifetimeMs -= shortMs;
      if (event.type === 'credential.issued') data.issuerMaximumMs = 12 * HOUR_MS;
      if (event.type === 'route.selected') Object.assign(data, { storage: 'aws', access: null });
      if (event.type === 'credential.checked' && data.expiresAt !== null) {
        Object.assign(data, { leftMs: (data.expiresAt as number) - event.at, decision: 'renew' });
      }
      return { ...event, data: data as JsonObject };
    });
    expect(broken(moved)).toEqual([]);
    expect(checkAll(moved).witnesses).toMatchObject({ I33: 0, I25: 0, I31: 4 });
  });

  test('F20: an issue that could not be saved may be repeated', () => {
    const log = new LogBuilder();
    openDirect(log, 's');
    connect(log, 's', null);
    issue(log, 's', 1);
    log.events.pop();
    deliver(log, 's', 'backup', { generation: 2, expiresAt: issue(log, 's', 2) });
    const events = log.events.map((event, seq) => ({ ...event, seq }));
    expect(broken(events)).toEqual([]);
  });

  test('I38: a request that began in time may end after the expiry', () => {
    const log = new LogBuilder();
    openDirect(log, 's');
    connect(log, 's', null);
    const expiresAt = issue(log, 's', 1);
    deliver(log, 's', 'backup', { generation: 1, expiresAt });
    log.at = expiresAt - 1;
    use(log, 's', 1, HOUR_MS);
    const { violations, witnesses } = checkAll(log.events);
    expect(violations).toEqual([]);
    expect(witnesses).toMatchObject({ I37: 1, I38: 1 });
  });

  test('C13 C22: what is irrevocable lives on, and a refused request proves no harm', () => {
    const place = { session: 'd2', type: 'credential.delivered' };
    const revokedAs = (state: string): LogEvent[] =>
      insertAfter(cleanLog(), place, {
        type: 'credential.revoked',
        data: { scope: 'acme/vault-direct', generation: 2, state },
      });
    expect(broken(revokedAs('irrevocable'))).toEqual([]);
    expect(broken(revokedAs('revoked'))).toEqual(['I42']);
    const refused = revokedAs('revoked').map((event): LogEvent => {
      if (event.type !== 'storage.used') return event;
      return { ...event, data: { ...event.data, status: 'access.denied' } };
    });
    expect(broken(refused)).toEqual([]);
  });

  test('F1: a mover that exited may be replaced', () => {
    const log = new LogBuilder();
    openDirect(log, 's');
    log.add('s', 'mover.exited', { role: 'target', host: 'sourceProxy' });
    log.add('s', 'mover.started', { role: 'target', host: 'sourceProxy' });
    expect(broken(log.events)).toEqual([]);
  });

  test('F34 I56: a quota lowered below what is used is no violation until it gets worse', () => {
    const log = new LogBuilder();
    const ledger = { scope: 'acme/vault-direct', usedBytes: 100, reservedBytes: 0 };
    const granted = { ...ledger, reservedBytes: 50, grantedBytes: 50, quotaBytes: 200 };
    log.add('s', 'quota.granted', granted);
    log.add('s', 'quota.returned', { ...ledger, quotaBytes: 60, returnedBytes: 50 });
    expect(broken(log.events)).toEqual([]);
    log.add('s', 'quota.spent', { ...ledger, usedBytes: 101, quotaBytes: 60, spentBytes: 0 });
    expect(broken(log.events)).toEqual(['I51']);
  });

  test('X1: a job behind an HTTP proxy goes to the gateway server, whatever the option', () => {
    const place = { session: 'g1', type: 'route.selected' };
    const routed = patch(cleanLog(), place, { targetHost: 'gatewayServer', rules: ['X1'] });
    const moved = patch(
      routed,
      { session: 'g1', type: 'mover.started', nth: 1 },
      { host: 'gatewayServer' },
    );
    expect(broken(moved)).toEqual([]);
  });

  test('M6: an unset direct route without a mount server ends on the gateway server', () => {
    const place = { session: 'g1', type: 'route.selected' };
    const routed = patch(cleanLog(), place, {
      mode: 'direct',
      access: null,
      assumed: true,
      targetHost: 'gatewayServer',
    });
    const moved = patch(
      routed,
      { session: 'g1', type: 'mover.started', nth: 1 },
      { host: 'gatewayServer' },
    );
    expect(broken(moved)).toEqual([]);
    expect(checkAll(moved).witnesses.I5).toBe(1);
  });

  test('F14 C11: a tenant whose clock is wrong checks on that clock', () => {
    const events = oneCheck('aws', DAY_MS - 1, 'renew', DAY_LINE);
    const last = events.at(-1) as LogEvent;
    const skewed = [...events.slice(0, -1), { ...last, at: last.at - 26 * HOUR_MS }];
    expect(broken(skewed)).toEqual(['I21']);
    const leftMs = DAY_MS - 1 + 26 * HOUR_MS;
    const data = { ...last.data, leftMs, decision: 'keep' };
    expect(broken([...events.slice(0, -1), { ...last, at: last.at - 26 * HOUR_MS, data }])).toEqual(
      [],
    );
  });
});
