import type { JsonObject, LogEvent } from '../../../machines/ports/event-log.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';

type Tamper = (event: LogEvent) => readonly LogEvent[];

/** Strikes at the n-th event that fits, so that ordinary ones come first. */
const STRIKES_AT = 5;

function once(fits: (event: LogEvent) => boolean, change: Tamper): () => Tamper {
  return () => {
    let seen = 0;
    return (event) => {
      if (!fits(event)) return [event];
      seen += 1;
      return seen === STRIKES_AT ? change(event) : [event];
    };
  };
}

function isType(type: string): (event: LogEvent) => boolean {
  return (event) => event.type === type;
}

function withData(event: LogEvent, changes: JsonObject): LogEvent {
  return { ...event, data: { ...event.data, ...changes } };
}

function number(event: LogEvent, key: string): number {
  return Number(event.data[key]);
}

const isDirect = (event: LogEvent): boolean =>
  event.type === 'route.selected' && event.data.dataPath === 'direct';
const isGated = (event: LogEvent): boolean =>
  event.type === 'route.selected' && event.data.dataPath === 'gateway';

/** Follows one session of a kind and changes a later fact of it. */
function inSession(fits: (event: LogEvent) => boolean, type: string, change: Tamper): () => Tamper {
  return () => {
    let session: string | null = null;
    let isDone = false;
    return (event) => {
      if (session === null && fits(event)) session = event.session;
      if (isDone || session === null || event.session !== session || event.type !== type) {
        return [event];
      }
      isDone = true;
      return change(event);
    };
  };
}

/**
 * Bugs to be planted: each changes what one part of the world reports, as that part would if it were
 * broken. A checker that does not find its bug proves nothing. The name is the invariant's.
 */
export const PLANTED_BUGS: Readonly<Record<string, () => Tamper>> = {
  LOG: once(isType('mover.started'), (event) => [withData(event, { role: null })]),
  I1: once(isDirect, (event) => [withData(event, { targetHost: 'mountServer' })]),
  I2: once(isGated, (event) => [event, delivered(event)]),
  I3: inSession(isGated, 'hop.bytes', (event) => [
    withData(event, { bytes: number(event, 'bytes') + 1 }),
  ]),
  I4: inSession(isDirect, 'session.ended', (event) => [
    withData(event, { bytes: { source: 1, gateway: 1, storage: 1 } }),
  ]),
  I13: inSession(isGated, 'mover.started', (event) => [withData(event, { host: 'elsewhere' })]),
  I14: inSession(isDirect, 'mover.started', (event) => [withData(event, { host: 'mountServer' })]),
  I15: once(isType('mover.started'), (event) => [event, event]),
  I16: inSession(isDirect, 'mover.started', (event) => [routeAgain(event), event]),
  I19: once(
    (event) => event.type === 'credential.issued' && event.data.issuer !== 'account-key-sas',
    (event) => [withData(event, { lifetimeMs: number(event, 'lifetimeMs') + HOUR_MS })],
  ),
  I21: once(
    (event) => event.type === 'credential.checked' && event.data.decision === 'keep',
    (event) => [withData(event, { decision: 'renew' })],
  ),
  I22: once(
    (event) => event.type === 'credential.checked' && event.data.decision === 'renew',
    (event) => [withData(event, { decision: 'keep' })],
  ),
  I31: once(isType('credential.saved'), (event) => [event, issuedAgain(event), savedAgain(event)]),
  I32: once(isType('credential.issued'), (event) => [event, withData(event, { generation: 0 })]),
  I33: once(isType('credential.saved'), (event) =>
    [event].concat([1, 2].flatMap((by) => [issuedAgain(event, by), savedAgain(event, by)])),
  ),
  I35: once(isType('credential.delivered'), (event) => [
    withData(event, { scope: 'somebody/else' }),
  ]),
  I36: once(isType('credential.delivered'), (event) => [withData(event, { operation: 'browse' })]),
  I37: once(
    (event) => event.type === 'storage.used' && number(event, 'generation') > 0,
    (event) => [withData(event, { startedAt: event.at + 400 * 24 * HOUR_MS })],
  ),
  I51: once(isType('quota.granted'), (event) => [
    withData(event, { usedBytes: number(event, 'quotaBytes'), reservedBytes: 1 }),
  ]),
  I53: once(isType('credential.delivered'), (event) => [withData(event, { quotaBytes: null })]),
  I58: once(isType('quota.returned'), () => []),
  I71: once(isType('session.ended'), (event) => [event, stateAfter(event)]),
  S24: once(isType('credential.saved'), () => []),
};

/** A fresh one for one run; it counts. */
export function plantedBug(name: string): Tamper {
  const make = PLANTED_BUGS[name];
  if (make === undefined) throw new RangeError(`no bug "${name}"`);
  return make();
}

function delivered(event: LogEvent): LogEvent {
  const data = {
    scope: 'nobody/nothing',
    generation: 1,
    expiresAt: event.at + HOUR_MS,
    degraded: false,
    operation: 'backup',
    keyId: 'planted',
    quotaBytes: 0,
  };
  return { ...event, type: 'credential.delivered', data };
}

function routeAgain(event: LogEvent): LogEvent {
  const data = {
    storage: 'aws',
    mode: 'gateway',
    access: null,
    dataPath: 'gateway',
    sourceHost: 'sourceProxy',
    targetHost: 'gatewayServer',
    credential: 'none',
    assumed: false,
    rules: [],
  };
  return { ...event, type: 'route.selected', data };
}

function issuedAgain(event: LogEvent, by = 1): LogEvent {
  const lifetimeMs = 14 * 24 * HOUR_MS;
  const data = {
    scope: event.data.scope ?? '',
    generation: number(event, 'generation') + by,
    issuedAt: event.at,
    expiresAt: event.at + lifetimeMs + by,
    lifetimeMs,
    keyId: 'planted',
    issuer: 'planted',
  };
  return { ...event, type: 'credential.issued', data };
}

function savedAgain(event: LogEvent, by = 1): LogEvent {
  return withData(event, { generation: number(event, 'generation') + by });
}

function stateAfter(event: LogEvent): LogEvent {
  return { ...event, type: 'session.state', data: { state: 'active.running' } };
}
