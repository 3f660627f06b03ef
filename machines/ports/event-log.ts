import type { EpochMs } from '../rules/time.ts';

/** JSON, and nothing else, goes into contexts, events and logs. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/**
 * One line of the one event log (architecture, decision 3). `seq` orders the run; `at` is the time
 * on the run's clock; `node` is who saw it (`sp`, `gateway`, `tenant:acme`, `mover:s1:target`,
 * `storage`); `session` is set where the event belongs to one. Never a secret (I64).
 */
export interface LogEvent {
  readonly seq: number;
  readonly at: EpochMs;
  readonly node: string;
  readonly type: string;
  readonly session: string | null;
  readonly data: JsonObject;
}

/**
 * Facts that the checkers rely on. All else in a log is narrative.
 *
 * - `session.started` {tenant, subtenant, repository, operation, jobKind, backup}
 * - `route.selected` {storage, mode, access, dataPath, sourceHost, targetHost, credential, assumed,
 *   rules[], sasLimits?: default|override|entra}; `route.refused` {code, rule}
 * - `mover.started` {role: source|target, host}; `mover.exited` {role, host}
 * - `gateway.connected` {heldGeneration, heldExpiresAt}: a target mover reached the SP (C2)
 * - `credential.checked` {by: tenant|sp, trigger, expiresAt, leftMs, renewBelowMs, includesLine,
 *   decision}
 * - `credential.requested` {scope, trigger, renew}
 * - `credential.issued` {scope, generation, issuedAt, expiresAt, lifetimeMs, keyId, issuer}
 * - `credential.saved` {scope, generation}
 * - `credential.delivered` {scope, generation, expiresAt, degraded, operation, keyId, quotaBytes}
 * - `credential.revoked` / `credential.refused` {scope, generation?, code}
 * - `storage.used` {by: target mover, generation, operation, key, bytes, startedAt, endedAt, status}
 * - `hop.bytes` {from, to, bytes}: data bytes that passed one hop, cumulative per session at its end
 * - `quota.granted` {scope, grantedBytes, usedBytes, reservedBytes, quotaBytes};
 *   `quota.refused`, `quota.spent`, `quota.returned` likewise
 * - `channel.up` / `channel.down` {role}
 * - `fault.fired` {site, kind}; `clock.warped` {fromMs, toMs}
 * - `session.state` {state}: every change of the session machine's state
 * - `session.ended` {state: done|failed|cancelled, code?, bytes: {source, gateway, storage}, verified}
 */
export interface EventLog {
  write(event: Omit<LogEvent, 'seq' | 'at'> & { readonly at?: EpochMs }): void;
}
