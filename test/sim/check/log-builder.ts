import type { JsonObject, LogEvent } from '../../../machines/ports/event-log.ts';
import { DAY_MS } from '../../../machines/rules/time.ts';

export const START_AT = Date.UTC(2026, 10, 22);
export const LINE_MS = DAY_MS;
export const LIFETIME_MS = 14 * DAY_MS;

/** Event data to change: fields are replaced, `undefined` takes a field away. */
export type Patch = Readonly<Record<string, unknown>>;

/** Who writes a fact, as in a real log. */
function nodeOf(session: string | null, type: string): string {
  if (/^(storage\.used|hop\.bytes)$/.test(type)) return `mover:${session}:target`;
  if (session === null || /^(quota|gateway|route)\./.test(type)) return 'sp';
  return /^credential\.(?!checked)/.test(type) ? 'sp' : 'tenant:acme';
}

/** Writes logs by hand, one fact a call, numbered as a real log would be. */
export class LogBuilder {
  readonly events: LogEvent[] = [];
  at = START_AT;

  add(session: string | null, type: string, data: JsonObject): this {
    const node = nodeOf(session, type);
    this.events.push({ seq: this.events.length, at: this.at, node, type, session, data });
    this.at += 1;
    return this;
  }

  wait(ms: number): this {
    this.at += ms;
    return this;
  }
}

const SCOPE = 'acme/vault-direct';

function start(log: LogBuilder, id: string, operation: string, repository: string): void {
  log.add(id, 'session.started', {
    tenant: 'acme',
    subtenant: null,
    repository,
    operation,
    jobKind: 'server',
    backup: 'files',
  });
}

/** Issue and save, as the SP logs them. */
export function issue(log: LogBuilder, session: string | null, generation: number): number {
  const issuedAt = log.at;
  const expiresAt = issuedAt + LIFETIME_MS;
  log.add(session, 'credential.issued', {
    scope: SCOPE,
    generation,
    issuedAt,
    expiresAt,
    lifetimeMs: LIFETIME_MS,
    keyId: `KEY${generation}`,
    issuer: 'sts',
  });
  log.add(session, 'credential.saved', { scope: SCOPE, generation });
  return expiresAt;
}

/** Connects and checks what is held; does not issue. Returns the decision. */
export function connect(
  log: LogBuilder,
  id: string,
  held: { readonly generation: number; readonly expiresAt: number } | null,
): 'keep' | 'renew' {
  log.add(id, 'gateway.connected', {
    heldGeneration: held?.generation ?? 0,
    heldExpiresAt: held?.expiresAt ?? null,
  });
  const leftMs = held === null ? 0 : held.expiresAt - log.at;
  const decision = held === null || leftMs < LINE_MS ? 'renew' : 'keep';
  log.add(id, 'credential.checked', {
    by: 'tenant',
    trigger: 'connect',
    expiresAt: held?.expiresAt ?? null,
    leftMs,
    renewBelowMs: LINE_MS,
    includesLine: false,
    decision,
  });
  const request = { scope: SCOPE, trigger: 'connect', renew: decision === 'renew' };
  log.add(id, 'credential.requested', request);
  return decision;
}

const LEDGER = { scope: SCOPE, quotaBytes: 1_000 };

function grant(log: LogBuilder, id: string): void {
  const ledger = { ...LEDGER, usedBytes: 0, reservedBytes: 200 };
  log.add(id, 'quota.granted', { ...ledger, grantedBytes: 200 });
}

/** One that stores is granted 200 bytes besides, just before. */
export function deliver(
  log: LogBuilder,
  id: string,
  operation: string,
  held: { readonly generation: number; readonly expiresAt: number },
): void {
  if (operation === 'backup') grant(log, id);
  log.add(id, 'credential.delivered', {
    scope: SCOPE,
    generation: held.generation,
    expiresAt: held.expiresAt,
    degraded: false,
    operation,
    keyId: `KEY${held.generation}`,
    quotaBytes: 1_000,
  });
}

export function openDirect(log: LogBuilder, id: string, operation = 'backup'): void {
  start(log, id, operation, 'vault-direct');
  log.add(id, 'route.selected', {
    storage: 's3-compatible',
    mode: 'direct',
    access: 'iam-sts',
    dataPath: 'direct',
    sourceHost: 'sourceProxy',
    targetHost: 'sourceProxy',
    credential: 'limited',
    assumed: false,
    rules: ['M3', 'C7'],
  });
  log.add(id, 'mover.started', { role: 'target', host: 'sourceProxy' });
  log.add(id, 'mover.started', { role: 'source', host: 'sourceProxy' });
}

export function use(
  log: LogBuilder,
  id: string,
  generation: number,
  tookMs = 5,
  folder = 'vault-direct/Clients/acme',
): void {
  const startedAt = log.at;
  log.wait(tookMs);
  log.add(id, 'storage.used', {
    by: 'target mover',
    generation,
    operation: 'put',
    key: `Veeam/Backup/${folder}/files/x`,
    bytes: 100,
    startedAt,
    endedAt: log.at,
    status: 'ok',
  });
}

/** Of 200 granted bytes 100 are spent and 100 returned; then it ends. */
export function close(log: LogBuilder, id: string, operation: string, gatewayBytes: number): void {
  if (operation === 'backup') {
    const spent = { ...LEDGER, spentBytes: 100, usedBytes: 100, reservedBytes: 100 };
    log.add(id, 'quota.spent', spent);
    const returned = { ...LEDGER, returnedBytes: 100, usedBytes: 100, reservedBytes: 0 };
    log.add(id, 'quota.returned', returned);
  }
  log.add(id, 'session.state', { state: 'done' });
  log.add(id, 'session.ended', {
    state: 'done',
    bytes: { source: 100, gateway: gatewayBytes, storage: 100 },
    verified: operation === 'backup' ? null : true,
  });
  log.wait(60_000);
}

/**
 * A clean log: a first direct backup (generation 1), two that meet below the line and share one
 * renewal (generation 2), a restore that keeps it, and a backup through the gateway.
 */
export function cleanLog(): LogEvent[] {
  const log = new LogBuilder();
  openDirect(log, 'd1');
  connect(log, 'd1', null);
  const first = { generation: 1, expiresAt: issue(log, 'd1', 1) };
  deliver(log, 'd1', 'backup', first);
  use(log, 'd1', 1);
  close(log, 'd1', 'backup', 0);

  log.wait(13 * DAY_MS);
  openDirect(log, 'd2');
  openDirect(log, 'd3');
  connect(log, 'd2', first);
  connect(log, 'd3', first);
  const second = { generation: 2, expiresAt: issue(log, 'd2', 2) };
  deliver(log, 'd2', 'backup', second);
  deliver(log, 'd3', 'backup', second);
  use(log, 'd2', 2);
  use(log, 'd3', 2);
  close(log, 'd2', 'backup', 0);
  close(log, 'd3', 'backup', 0);

  openDirect(log, 'd4', 'restore');
  connect(log, 'd4', second);
  deliver(log, 'd4', 'restore', second);
  use(log, 'd4', 2);
  close(log, 'd4', 'restore', 0);

  start(log, 'g1', 'backup', 'vault-gateway');
  log.add('g1', 'route.selected', {
    storage: 's3-compatible',
    mode: 'gateway',
    access: 'backup-server',
    dataPath: 'gateway',
    sourceHost: 'sourceProxy',
    targetHost: 'mountServer',
    credential: 'none',
    assumed: false,
    rules: ['M3', 'P6'],
  });
  log.add('g1', 'mover.started', { role: 'source', host: 'sourceProxy' });
  log.add('g1', 'mover.started', { role: 'target', host: 'mountServer' });
  grant(log, 'g1');
  use(log, 'g1', 0, 5, 'vault-gateway/Clients/acme');
  log.add('g1', 'hop.bytes', { from: 'source', to: 'gateway', bytes: 100 });
  log.add('g1', 'hop.bytes', { from: 'gateway', to: 'mover:g1:target', bytes: 100 });
  log.add('g1', 'hop.bytes', { from: 'target', to: 'storage', bytes: 100 });
  close(log, 'g1', 'backup', 100);
  return log.events;
}

/** A position in the clean log: the n-th event of a type in a session. */
export interface Place {
  readonly session: string;
  readonly type: string;
  readonly nth?: number;
}

export function find(events: readonly LogEvent[], { session, type, nth = 0 }: Place): LogEvent {
  const event = events.filter((one) => one.session === session && one.type === type)[nth];
  if (event === undefined) throw new Error(`the log has no ${type} ${nth} in ${session}`);
  return event;
}

function renumber(events: readonly LogEvent[]): LogEvent[] {
  return events.map((event, seq) => ({ ...event, seq }));
}

/** The same log with the data of one event changed. */
export function patch(events: readonly LogEvent[], place: Place, data: Patch): LogEvent[] {
  const found = find(events, place);
  const merged = Object.entries({ ...found.data, ...data }).filter(([, v]) => v !== undefined);
  const changed = { ...found, data: Object.fromEntries(merged) as JsonObject };
  return events.map((event) => (event === found ? changed : event));
}

export function without(events: readonly LogEvent[], place: Place): LogEvent[] {
  const found = find(events, place);
  return renumber(events.filter((event) => event !== found));
}

/** The same log with one event more, right behind another. */
export function insertAfter(
  events: readonly LogEvent[],
  place: Place,
  added: { readonly session?: string; readonly type: string; readonly data: JsonObject },
): LogEvent[] {
  const found = find(events, place);
  const event: LogEvent = { ...found, session: added.session ?? found.session, ...added };
  return renumber(events.flatMap((one) => (one === found ? [one, event] : [one])));
}

/** The same log with one event moved right behind another. */
export function moveAfter(events: readonly LogEvent[], moved: Place, place: Place): LogEvent[] {
  const event = find(events, moved);
  const anchor = find(events, place);
  const rest = events.filter((one) => one !== event);
  return renumber(rest.flatMap((one) => (one === anchor ? [one, event] : [one])));
}
