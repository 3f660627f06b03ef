import { describe, expect, test } from 'vitest';
import type { JsonObject, LogEvent } from '../../../machines/ports/event-log.ts';
import { DAY_MS, HOUR_MS } from '../../../machines/rules/time.ts';
import { CHECKERS, checkAll } from '../../../sim/check/index.ts';
import {
  cleanLog,
  connect,
  deliver,
  find,
  insertAfter,
  issue,
  LogBuilder,
  moveAfter,
  openDirect,
  type Patch,
  patch,
  use,
} from './log-builder.ts';

function broken(events: readonly LogEvent[]): string[] {
  return [...new Set(checkAll(events).violations.map(({ invariant }) => invariant))].sort();
}

function seen(events: readonly LogEvent[], invariant: string): number | undefined {
  return checkAll(events).witnesses[invariant];
}

const CLEAN = cleanLog();
const d1 = (type: string, nth = 0) => ({ session: 'd1', type, nth });
const d4 = (type: string, nth = 0) => ({ session: 'd4', type, nth });
const g1 = (type: string, nth = 0) => ({ session: 'g1', type, nth });

/** A backup on the route of *share*: the repository's own key, generation 0. */
function sharedLog(delivered: JsonObject = {}): LogEvent[] {
  const log = new LogBuilder();
  openDirect(log, 's');
  log.add('s', 'gateway.connected', { heldGeneration: 0, heldExpiresAt: null });
  log.add('s', 'quota.granted', {
    scope: 'acme/vault-direct',
    usedBytes: 0,
    reservedBytes: 200,
    quotaBytes: 1_000,
    grantedBytes: 200,
  });
  log.add('s', 'credential.delivered', {
    scope: 'acme/vault-direct',
    generation: 0,
    expiresAt: null,
    degraded: false,
    operation: 'backup',
    keyId: 'OWNER',
    quotaBytes: 200,
    ...delivered,
  });
  const route = { access: 'share', credential: 'shared' };
  return patch(log.events, { session: 's', type: 'route.selected' }, route);
}

/** The same session twice; the second is told another key. */
function sharedTwice(keyId: string): LogEvent[] {
  const first = sharedLog();
  const second = sharedLog({ keyId }).map((event) => ({
    ...event,
    session: 't',
    seq: event.seq + first.length,
  }));
  return [...first, ...second];
}

/** One Azure check and issue with what the route says of its limits. */
function azureLog(sasLimits: string | null, line: Patch, protocolLifetimeMs: number): LogEvent[] {
  const log = new LogBuilder();
  openDirect(log, 's');
  log.add('s', 'gateway.connected', { heldGeneration: 0, heldExpiresAt: null });
  log.add('s', 'credential.requested', { scope: 'acme/vault-direct', trigger: 'connect' });
  log.add('s', 'credential.checked', {
    by: 'sp',
    trigger: 'connect',
    expiresAt: null,
    leftMs: 0,
    renewBelowMs: 15 * DAY_MS,
    includesLine: false,
    decision: 'renew',
    ...line,
  } as JsonObject);
  log.add(null, 'credential.issued', {
    scope: 'acme/vault-direct',
    generation: 1,
    issuedAt: log.at,
    expiresAt: log.at + protocolLifetimeMs,
    lifetimeMs: protocolLifetimeMs,
    protocolLifetimeMs,
    keyId: 'sas',
    issuer: 'account key',
  });
  const route: Patch = { storage: 'azure', access: null, credential: 'sas', sasLimits };
  const place = { session: 's', type: 'route.selected' };
  return patch(log.events, place, sasLimits === null ? { ...route, sasLimits: undefined } : route);
}

function subtenantGrant(sumBytes: number): LogEvent[] {
  const log = new LogBuilder();
  log.add(null, 'quota.granted', {
    scope: 'acme@branch/vault-direct',
    grantedBytes: 10,
    usedBytes: sumBytes - 10,
    reservedBytes: 10,
    quotaBytes: 1_000,
  });
  return log.events;
}

function loweredLog(grantedAfter: number): LogEvent[] {
  const log = new LogBuilder();
  const ledger = { scope: 'acme/vault-direct', usedBytes: 100, reservedBytes: 0 };
  log.add('s', 'quota.granted', {
    ...ledger,
    grantedBytes: 50,
    reservedBytes: 50,
    quotaBytes: 200,
  });
  log.add('s', 'quota.returned', { ...ledger, returnedBytes: 50, quotaBytes: 90 });
  const grant = { ...ledger, grantedBytes: grantedAfter, reservedBytes: grantedAfter };
  log.add('s', 'quota.granted', { ...grant, quotaBytes: grantedAfter === 0 ? 200 : 90 });
  return log.events;
}

/** A backup that stores so many parts of 100 bytes with a grant of 200, detached or not. */
function storingLog(parts: number, isDetached: boolean): LogEvent[] {
  const log = new LogBuilder();
  openDirect(log, 's');
  connect(log, 's', null);
  const expiresAt = issue(log, 's', 1);
  deliver(log, 's', 'backup', { generation: 1, expiresAt });
  if (isDetached) log.add('s', 'channel.down', { role: 'target' });
  for (let part = 0; part < parts; part += 1) use(log, 's', 1);
  return log.events;
}

function usedKey(key: string, data: JsonObject = {}): LogEvent[] {
  return patch(CLEAN, d4('storage.used'), { key, operation: 'get', ...data });
}

const FOLDER = 'Veeam/Backup/vault-direct/Clients';
const SUBTENANT_LOG = (key: string): LogEvent[] =>
  CLEAN.filter(({ session }) => session === 'd4').map((event): LogEvent => {
    const data: Record<string, unknown> = { ...event.data };
    if (event.type === 'session.started') data.subtenant = 'branch';
    if (data.scope !== undefined) data.scope = 'acme@branch/vault-direct';
    if (event.type === 'storage.used') Object.assign(data, { key, operation: 'get' });
    return { ...event, data: data as JsonObject };
  });

const PLANTED: readonly (readonly [string, string, readonly string[], LogEvent[]])[] = [
  ['I7', '"share" with a tenant’s generation', ['I7'], sharedLog({ generation: 3 })],
  ['I7', '"share" with another key', ['I7'], sharedTwice('SOMEBODY')],
  [
    'I8',
    'a limited route with the repository’s key',
    ['I8'],
    insertAfter(patch(CLEAN, d1('credential.issued'), { keyId: 'OWNER' }), g1('mover.started'), {
      type: 'credential.used',
      data: { scope: 'acme/vault-gateway', generation: 0, keyId: 'KEY2' },
    }).toSorted((left, right) => Number(left.session !== 'g1') - Number(right.session !== 'g1')),
  ],
  [
    'I8',
    'another key than was issued',
    ['I8'],
    patch(CLEAN, d1('credential.delivered'), { keyId: 'X' }),
  ],
  [
    'I18',
    'an issue at the tenant',
    ['I18'],
    CLEAN.map((event) =>
      event === find(CLEAN, d1('credential.issued')) ? { ...event, node: 'tenant:acme' } : event,
    ),
  ],
  [
    'I27',
    'a second check in one contact',
    ['I27'],
    insertAfter(CLEAN, d4('credential.checked'), {
      type: 'credential.checked',
      data: {
        ...find(CLEAN, d4('credential.checked')).data,
        leftMs: find(CLEAN, d4('credential.checked')).data.leftMs ?? 0,
      },
    }),
  ],
  [
    'I27',
    'an SP check that nobody asked for',
    ['I27'],
    azureLog('default', {}, 30 * DAY_MS).filter(({ type }) => type !== 'credential.requested'),
  ],
  [
    'I27',
    'a tenant’s check for Azure',
    ['I27'],
    azureLog('default', { by: 'tenant' }, 30 * DAY_MS),
  ],
  [
    'I28',
    'another lifetime for a 14-day kind',
    ['I28'],
    patch(CLEAN, d1('credential.issued'), { protocolLifetimeMs: 20 * DAY_MS }),
  ],
  [
    'I28',
    'another line for a 14-day kind',
    ['I28'],
    patch(CLEAN, d4('credential.checked'), { renewBelowMs: 23 * HOUR_MS }),
  ],
  ['I30', 'another SAS lifetime', ['I30'], azureLog('default', {}, 29 * DAY_MS)],
  [
    'I30',
    'another SAS line',
    ['I30'],
    azureLog('default', { renewBelowMs: 16 * DAY_MS }, 30 * DAY_MS),
  ],
  [
    'I41',
    'a gateway use from a tenant host',
    ['I13', 'I41'],
    patch(CLEAN, g1('mover.started', 1), { host: 'sourceProxy' }),
  ],
  [
    'I41',
    'a gateway use by the tenant server',
    ['I41'],
    CLEAN.map((event) =>
      event === find(CLEAN, g1('storage.used')) ? { ...event, node: 'tenant:acme' } : event,
    ),
  ],
  [
    'I41',
    'a gateway use with a tenant’s generation',
    ['I41'],
    patch(CLEAN, g1('storage.used'), { generation: 1 }),
  ],
  ['I44', 'a twin of the name', ['I44'], usedKey(`${FOLDER}/acme10/files/x`)],
  ['I44', 'a name without its slash', ['I44'], usedKey(`${FOLDER}/acme`)],
  ['I44', 'another repository', ['I44'], usedKey('Veeam/Backup/vault/Clients/acme/x')],
  ['I45', 'a subtenant in its tenant’s folder', ['I45'], SUBTENANT_LOG(`${FOLDER}/acme/files/x`)],
  ['I44', 'a subtenant in another’s folder', ['I44'], SUBTENANT_LOG(`${FOLDER}/acme@b/files/x`)],
  [
    'I47',
    'a changed configuration',
    ['I47'],
    usedKey('Veeam/Backup/vault-direct/Config/Owner', { operation: 'put' }),
  ],
  [
    'I54',
    'bytes before the grant',
    ['I54'],
    moveAfter(CLEAN, g1('quota.granted'), g1('storage.used')),
  ],
  ['I55', 'a subtenant beyond its tenant', ['I51', 'I55'], subtenantGrant(1_001)],
  ['I56', 'a grant above a lowered quota', ['I51', 'I56'], loweredLog(1)],
  ['I69', 'more bytes than granted', ['I69'], storingLog(3, false)],
  ['I69', 'more bytes than granted, detached', ['I69'], storingLog(3, true)],
  [
    'I64',
    'a signature in an error text',
    ['I64'],
    insertAfter(CLEAN, d1('storage.used'), {
      type: 'note',
      data: {
        detail: { text: 'GET https://x/y?sv=2024&sig=abcdefghijklmnopqrstuvwxyz%3D failed' },
      },
    }),
  ],
];

describe('checkers: planted bugs of placement, keys, limits, isolation, quota and secrets', () => {
  test.each(PLANTED)('%s: %s fires %j', (invariant, _name, invariants, events) => {
    expect(invariants).toContain(invariant);
    expect(broken(events)).toEqual(invariants);
  });
});

describe('checkers: what these allow', () => {
  test.each<[string, string, LogEvent[]]>([
    ['I7', '"share" hands out one key', sharedTwice('OWNER')],
    ['I30', 'default SAS limits', azureLog('default', {}, 30 * DAY_MS)],
    [
      'I30',
      'C21: Entra ID has its own',
      azureLog('entra', { renewBelowMs: 6 * DAY_MS, includesLine: true }, 7 * DAY_MS),
    ],
    ['I44', 'the own folder', usedKey(`${FOLDER}/acme/files/x`)],
    ['I45', 'a subtenant’s own folder', SUBTENANT_LOG(`${FOLDER}/acme@branch/files/x`)],
    ['I47', 'a configuration that is read', usedKey('Veeam/Backup/vault-direct/Config/Owner')],
    ['I55', 'a subtenant up to its tenant’s quota', subtenantGrant(1_000)],
    ['I56', 'a quota that is raised again', loweredLog(0)],
    ['I69', 'P8: granted bytes, detached', storingLog(2, true)],
    ['I64', 'a log without secrets', CLEAN],
  ])('%s: %s is put to the test and passes', (invariant, _name, events) => {
    expect(broken(events)).toEqual([]);
    expect(seen(events, invariant)).toBeGreaterThan(0);
  });

  test('I30 C4: an override, and a route that does not say, prove nothing', () => {
    const line = { renewBelowMs: 5 * DAY_MS };
    for (const sasLimits of ['override', null]) {
      const events = azureLog(sasLimits, line, 10 * DAY_MS);
      expect(broken(events).filter((invariant) => invariant === 'I30')).toEqual([]);
      expect(seen(events, 'I30')).toBe(0);
    }
  });

  test('I28 C14: a line below 24 h is right where the issuer ends before it', () => {
    const shortMs = 12 * HOUR_MS;
    const events = [d1('credential.checked'), d4('credential.checked')].reduce(
      (log, place) => patch(log, place, { renewBelowMs: shortMs / 2 }),
      CLEAN.map((event): LogEvent => {
        if (event.type !== 'credential.issued') return event;
        return { ...event, data: { ...event.data, lifetimeMs: shortMs } };
      }),
    );
    expect(broken(events)).not.toContain('I28');
  });

  test('every checker has a name of its own', () => {
    const names = CHECKERS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
