import type { LogEvent } from '../../machines/ports/event-log.ts';
import { type Checker, type Court, notes } from './checker.ts';
import { asCount, asText, type HopEnd, hopEnd, isRecord } from './facts.ts';
import type { SessionFacts } from './session-facts.ts';
import type { Proof } from './violation.ts';

/** One hop without its direction: a restore runs the same way backwards. */
type HopName = `${HopEnd}-${HopEnd}`;

interface Hop {
  readonly name: HopName;
  bytes: number;
  event: LogEvent;
}

const STATIONS: readonly HopEnd[] = ['source', 'gateway', 'target', 'storage'];

/** The last count of each hop: `hop.bytes` is cumulative. */
const hops = notes<Hop[]>(() => []);

function hopNamed(known: readonly Hop[], name: HopName): Hop | undefined {
  return known.find((hop) => hop.name === name);
}

const noteHop = (event: LogEvent, session: SessionFacts | null): void => {
  const from = hopEnd(asText(event.data.from) ?? '');
  const to = hopEnd(asText(event.data.to) ?? '');
  const bytes = asCount(event.data.bytes);
  if (session === null || from === null || to === null || bytes === null) return;
  const isUpward = STATIONS.indexOf(from) < STATIONS.indexOf(to);
  const name: HopName = isUpward ? `${from}-${to}` : `${to}-${from}`;
  const known = hops.of(session);
  const hop = hopNamed(known, name);
  if (hop === undefined) known.push({ name, bytes, event });
  else {
    hop.bytes = bytes;
    hop.event = event;
  }
};

function endBytes(ended: LogEvent | null, key: string): number | null {
  const bytes = ended?.data.bytes;
  if (!isRecord(bytes)) return null;
  const value = bytes[key];
  return typeof value === 'number' ? value : null;
}

/** I4: on a direct route no data byte passes the cloud gateway. */
export const checkDirectBytes: Checker = {
  name: 'direct-bytes',
  invariants: ['I4'],
  start: ({ witness, report }) => {
    const sawEnd = witness('I4');
    return {
      leaves: (session) => {
        const { route, ended } = session;
        if (route === null || session.dataPath !== 'direct') return;
        for (const { name, bytes, event } of hops.known(session) ?? []) {
          if (!name.includes('gateway') || bytes === 0) continue;
          const what = `${bytes} data bytes of a direct session passed ${name}`;
          report('I4', 'P3', what, [route, event]);
        }
        if (ended === null) return;
        sawEnd();
        const gatewayBytes = endBytes(ended, 'gateway') ?? 0;
        if (gatewayBytes === 0) return;
        const what = `${gatewayBytes} data bytes of a direct session passed the cloud gateway`;
        report('I4', 'P3', what, [route, ended]);
      },
    };
  },
};

/**
 * I3, I5: on a gateway route every data byte goes source, cloud gateway, target, storage; a session
 * that is done counted the same bytes on every hop that moves data. Keeps the counts of all hops.
 */
export const checkGatewayHops: Checker = {
  name: 'gateway-hops',
  invariants: ['I3', 'I5'],
  start: ({ witness, report }) => {
    const saw = { I3: witness('I3'), I5: witness('I5') };
    return {
      sees: { 'hop.bytes': noteHop },
      leaves: (session) => {
        const { route, ended } = session;
        if (route === null || session.dataPath !== 'gateway') return;
        const isUnsetDirect = asText(route.data.mode) === 'direct' && route.data.access === null;
        const [invariant, rule] = isUnsetDirect ? (['I5', 'M4'] as const) : (['I3', 'P2'] as const);
        const known = hops.of(session);
        for (const name of ['source-target', 'source-storage', 'gateway-storage'] as const) {
          const hop = hopNamed(known, name);
          if (hop === undefined || hop.bytes === 0) continue;
          const what = `${hop.bytes} data bytes took the short cut ${name}`;
          report(invariant, rule, what, [route, hop.event]);
        }
        if (ended === null || session.endState !== 'done') return;
        saw[invariant]();
        judgeHops(session, ended, (what, proof) => report(invariant, rule, what, proof));
      },
    };
  },
};

type Report = (what: string, proof: Parameters<Court['report']>[3]) => void;

function judgeHops(session: SessionFacts, ended: LogEvent, report: Report): void {
  const known = hops.of(session);
  const names: HopName[] = ['source-gateway', 'gateway-target'];
  // Deleting and listing move no data over the link, but talk to the storage.
  const movesData = session.operation === 'backup' || session.operation === 'restore';
  if (movesData && hopNamed(known, 'target-storage') !== undefined) names.push('target-storage');
  const counts = names.map((name) => hopNamed(known, name)?.bytes ?? 0);
  const [first = 0] = counts;
  const gatewayBytes = endBytes(ended, 'gateway') ?? 0;
  const storageBytes = endBytes(ended, 'storage') ?? 0;
  const proof: Proof = [ended, ...known.map(({ event }) => event)];
  if (counts.some((bytes) => bytes !== first)) {
    const told = names.map((name, index) => `${name} ${counts[index]}`).join(', ');
    report(`the hops differ: ${told}`, proof);
  } else if (gatewayBytes !== first) {
    report(`the gateway counted ${gatewayBytes} bytes at the end, the hops ${first}`, proof);
  }
  if (movesData && gatewayBytes === 0 && storageBytes > 0) {
    report(`${storageBytes} bytes reached the storage, none the cloud gateway`, proof);
  }
}
