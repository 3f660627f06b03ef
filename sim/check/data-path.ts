import type { JsonObject, LogEvent } from '../../machines/ports/event-log.ts';
import { count, type HopEnd, hopEnd, isRecord, text } from './facts.ts';
import { readSessions, type SessionHistory } from './sessions.ts';
import { type Checker, ignoreWitness, type Violation, violation } from './violation.ts';

/** One hop without its direction: a restore runs the same way backwards. */
type HopName = `${HopEnd}-${HopEnd}`;

interface Hop {
  readonly bytes: number;
  readonly event: LogEvent;
}

const STATIONS: readonly HopEnd[] = ['source', 'gateway', 'target', 'storage'];

/** The last count of each hop: `hop.bytes` is cumulative. */
function hopsOf(session: SessionHistory): ReadonlyMap<HopName, Hop> {
  const hops = new Map<HopName, Hop>();
  for (const event of session.events) {
    if (event.type !== 'hop.bytes') continue;
    const from = hopEnd(text(event, 'from') ?? '');
    const to = hopEnd(text(event, 'to') ?? '');
    const bytes = count(event, 'bytes');
    if (from === null || to === null || bytes === null) continue;
    const [near, far] = STATIONS.indexOf(from) < STATIONS.indexOf(to) ? [from, to] : [to, from];
    hops.set(`${near}-${far}`, { bytes, event });
  }
  return hops;
}

function endBytes(ended: LogEvent | null, key: string): number | null {
  const bytes: JsonObject | null = isRecord(ended?.data.bytes) ? ended.data.bytes : null;
  const value = bytes?.[key];
  return typeof value === 'number' ? value : null;
}

/** I4: on a direct route no data byte passes the cloud gateway. */
export const checkDirectBytes: Checker = (events, witness = ignoreWitness) => {
  const violations: Violation[] = [];
  for (const session of readSessions(events).values()) {
    const { route, ended } = session;
    if (route === null || session.dataPath !== 'direct') continue;
    for (const [name, { bytes, event }] of hopsOf(session)) {
      if (!name.includes('gateway') || bytes === 0) continue;
      const what = `${bytes} data bytes of a direct session passed ${name}`;
      violations.push(violation('I4', 'P3', what, [route, event]));
    }
    if (ended === null) continue;
    witness('I4');
    const gatewayBytes = endBytes(ended, 'gateway') ?? 0;
    if (gatewayBytes !== 0) {
      const what = `${gatewayBytes} data bytes of a direct session passed the cloud gateway`;
      violations.push(violation('I4', 'P3', what, [route, ended]));
    }
  }
  return violations;
};

/**
 * I3, I5: on a gateway route every data byte goes source, cloud gateway, target, storage; a session
 * that is done counted the same bytes on every hop that moves data.
 */
export const checkGatewayHops: Checker = (events, witness = ignoreWitness) => {
  const violations: Violation[] = [];
  for (const session of readSessions(events).values()) {
    const { route, ended } = session;
    if (route === null || session.dataPath !== 'gateway') continue;
    const isUnsetDirect = text(route, 'mode') === 'direct' && route.data.access === null;
    const [invariant, rule] = isUnsetDirect ? ['I5', 'M4'] : ['I3', 'P2'];
    const hops = hopsOf(session);
    for (const name of ['source-target', 'source-storage', 'gateway-storage'] as const) {
      const hop = hops.get(name);
      if (hop === undefined || hop.bytes === 0) continue;
      const what = `${hop.bytes} data bytes took the short cut ${name}`;
      violations.push(violation(invariant, rule, what, [route, hop.event]));
    }
    if (ended === null || session.endState !== 'done') continue;
    witness(invariant);
    violations.push(...unequalHops(session, hops, ended, [invariant, rule]));
  }
  return violations;
};

function unequalHops(
  session: SessionHistory,
  hops: ReadonlyMap<HopName, Hop>,
  ended: LogEvent,
  [invariant, rule]: readonly string[],
): Violation[] {
  const names: HopName[] = ['source-gateway', 'gateway-target'];
  // Deleting and listing move no data over the link, but talk to the storage.
  const movesData = session.operation === 'backup' || session.operation === 'restore';
  if (movesData && hops.has('target-storage')) names.push('target-storage');
  const counts = names.map((name) => hops.get(name)?.bytes ?? 0);
  const [first = 0] = counts;
  const gatewayBytes = endBytes(ended, 'gateway') ?? 0;
  const proof: [LogEvent, ...LogEvent[]] = [ended, ...[...hops.values()].map(({ event }) => event)];
  const found: Violation[] = [];
  const report = (what: string): void => {
    found.push(violation(invariant ?? 'I3', rule ?? 'P2', what, proof));
  };
  if (counts.some((bytes) => bytes !== first)) {
    report(`the hops differ: ${names.map((name, index) => `${name} ${counts[index]}`).join(', ')}`);
  } else if (gatewayBytes !== first) {
    report(`the gateway counted ${gatewayBytes} bytes at the end, the hops ${first}`);
  }
  if (movesData && gatewayBytes === 0 && (endBytes(ended, 'storage') ?? 0) > 0) {
    report(`${endBytes(ended, 'storage')} bytes reached the storage, none the cloud gateway`);
  }
  return found;
}
