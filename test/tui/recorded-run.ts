import type { JsonObject, LogEvent } from '../../machines/ports/event-log.ts';
import { DAY_MS, HOUR_MS } from '../../machines/rules/time.ts';
import type { RunSummary } from '../../sim/world/run-summary.ts';

export const START_AT = Date.UTC(2026, 0, 5, 8);
const LIFETIME_MS = 14 * DAY_MS;
const LINE_MS = DAY_MS;

interface Held {
  readonly generation: number;
  readonly expiresAt: number;
}

/** Writes the log of a small tour by hand, fact by fact, in the shapes that the roles write. */
class Recording {
  readonly events: LogEvent[] = [];
  at = START_AT;

  fact(node: string, session: string | null, type: string, data: JsonObject): void {
    this.events.push({ seq: this.events.length, at: this.at, node, type, session, data });
    this.at += 40;
  }

  warp(byMs: number): void {
    const fromMs = this.at;
    this.at += byMs;
    this.fact('sp', null, 'clock.warped', { fromMs, toMs: this.at });
  }

  begin(id: string, operation: string, repository: string, backup: string, tenant = 'acme'): void {
    const who = { tenant, subtenant: null, repository };
    const job = { operation, jobKind: 'server', backup };
    this.fact(`tenant:${tenant}`, id, 'session.started', { ...who, ...job });
    this.state(id, 'active.opening');
  }

  state(id: string, state: string): void {
    this.fact('tenant:acme', id, 'session.state', { state });
  }

  gatewayRoute(id: string): void {
    this.fact('sp', id, 'route.selected', {
      storage: 's3-compatible',
      mode: 'gateway',
      access: null,
      dataPath: 'gateway',
      sourceHost: 'sourceProxy',
      targetHost: 'gatewayServer',
      credential: 'none',
      assumed: false,
      rules: ['M6', 'P2'],
    });
    this.state(id, 'active.startingSource');
    this.fact('tenant:acme', id, 'mover.started', { role: 'source', host: 'sourceProxy' });
    this.fact('sp', id, 'mover.started', { role: 'target', host: 'gatewayServer' });
    this.state(id, 'active.running');
  }

  directRoute(id: string): void {
    this.fact('sp', id, 'route.selected', {
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
    this.state(id, 'active.startingBoth');
    this.fact('tenant:acme', id, 'mover.started', { role: 'source', host: 'sourceProxy' });
    this.fact('tenant:acme', id, 'mover.started', { role: 'target', host: 'sourceProxy' });
    this.state(id, 'active.contacting');
  }

  /** Connects, checks, issues where the check says so, delivers, and runs. */
  connect(id: string, scope: string, held: Held | null): Held {
    this.fact('sp', id, 'gateway.connected', {
      heldGeneration: held?.generation ?? 0,
      heldExpiresAt: held?.expiresAt ?? null,
    });
    const leftMs = held === null ? 0 : held.expiresAt - this.at;
    const isKept = held !== null && leftMs >= LINE_MS;
    this.fact('tenant:acme', id, 'credential.checked', {
      by: 'tenant',
      trigger: 'connect',
      expiresAt: held?.expiresAt ?? null,
      leftMs,
      renewBelowMs: LINE_MS,
      includesLine: false,
      decision: isKept ? 'keep' : 'renew',
    });
    const used = isKept ? held : this.issue(scope, (held?.generation ?? 0) + 1);
    this.fact('sp', id, 'credential.delivered', {
      scope,
      ...used,
      degraded: false,
      operation: 'backup',
      keyId: `KEY${used.generation}`,
      quotaBytes: 64 * 1024 ** 2,
    });
    this.fact('sp', id, 'quota.granted', {
      scope,
      grantedBytes: 64 * 1024 ** 2,
      usedBytes: 8 * 1024 ** 2,
      reservedBytes: 64 * 1024 ** 2,
      quotaBytes: 256 * 1024 ** 2,
    });
    this.state(id, 'active.running');
    return used;
  }

  issue(scope: string, generation: number): Held {
    const issuedAt = this.at;
    const expiresAt = issuedAt + LIFETIME_MS;
    const facts = { issuedAt, expiresAt, lifetimeMs: LIFETIME_MS, keyId: `KEY${generation}` };
    this.fact('sp', null, 'credential.issued', { scope, generation, ...facts, issuer: 'sts' });
    this.fact('sp', null, 'credential.saved', { scope, generation });
    return { generation, expiresAt };
  }

  use(id: string, generation: number, count: number): void {
    for (let index = 0; index < count; index += 1) {
      this.fact(`mover:${id}:target`, id, 'storage.used', {
        by: 'target mover',
        generation,
        operation: 'put',
        key: `Veeam/Backup/vault-direct/Clients/acme/files/block-${index}`,
        bytes: 65_536,
        startedAt: this.at,
        endedAt: this.at,
        status: 'ok',
      });
    }
  }

  end(id: string, state: string, bytes: readonly [number, number, number], code?: string): void {
    const [source, gateway, storage] = bytes.map(Math.floor) as [number, number, number];
    if (gateway > 0) {
      this.fact('gateway', id, 'hop.bytes', { from: 'gateway', to: 'target', bytes: gateway });
    }
    this.fact(`tenant:acme`, id, 'session.ended', {
      state,
      code: code ?? null,
      bytes: { source, gateway, storage },
      verified: id.startsWith('restore') ? true : null,
    });
  }
}

const DIRECT = 'acme/vault-direct';
const MIB = 1024 ** 2;

/** Every kind of thing that a live view shows, up to a session that is in the middle of its work. */
export function recordedEvents(): readonly LogEvent[] {
  const log = new Recording();
  log.fact('sp', null, 'channel.up', { role: 'tenant', tenant: 'acme' });
  log.begin('s1', 'backup', 'vault-gateway', 'gateway-files');
  log.gatewayRoute('s1');
  log.end('s1', 'done', [3 * MIB, 3 * MIB, 2.5 * MIB]);
  log.begin('s2', 'backup', 'vault-direct', 'files');
  log.directRoute('s2');
  const first = log.connect('s2', DIRECT, null);
  log.use('s2', 1, 3);
  log.end('s2', 'done', [8 * MIB, 0, 7 * MIB]);
  // To the renewal line, exactly: the check of s3 sees 24 h 00 m 00.000 s (C10).
  log.warp(first.expiresAt - LINE_MS - log.at - 11 * 40);
  log.begin('s3', 'backup', 'vault-direct', 'files');
  log.directRoute('s3');
  while (log.at + 40 < first.expiresAt - LINE_MS) log.use('s3', 1, 1);
  log.connect('s3', DIRECT, first);
  log.end('s3', 'done', [8 * MIB, 0, 1.5 * MIB]);
  log.warp(HOUR_MS);
  log.begin('s4', 'backup', 'vault-direct', 'files');
  log.directRoute('s4');
  const second = log.connect('s4', DIRECT, first);
  log.end('s4', 'done', [8 * MIB, 0, 1.6 * MIB]);
  log.begin('s5', 'backup', 'vault-direct', 'too-much', 'tiny');
  log.directRoute('s5');
  log.connect('s5', 'tiny/vault-direct', null);
  log.fact('sp', 's5', 'quota.refused', {
    scope: 'tiny/vault-direct',
    neededBytes: 65_536,
    availableBytes: 0,
  });
  log.end('s5', 'failed', [MIB, 0, 0], 'quota.exceeded');
  log.begin('restore-1', 'restore', 'vault-gateway', 'gateway-files');
  log.gatewayRoute('restore-1');
  log.end('restore-1', 'done', [3 * MIB, 3 * MIB, 2.5 * MIB]);
  log.begin('s6', 'backup', 'vault-direct', 'files');
  log.directRoute('s6');
  log.connect('s6', DIRECT, second);
  log.use('s6', 2, 2);
  return log.events;
}

export const SUMMARY: RunSummary = {
  type: 'run.summary',
  ok: true,
  title: 'Recorded tour',
  world: 'lab',
  violations: [],
  credentials: [],
  sessions: [],
};
