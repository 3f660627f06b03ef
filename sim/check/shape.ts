import type { Json, LogEvent } from '../../machines/ports/event-log.ts';
import { hopEnd, isRecord, scopeOf } from './facts.ts';
import { type Checker, ignoreWitness, violation } from './violation.ts';

const KINDS = {
  text: (value: Json | undefined) => typeof value === 'string',
  textOrNull: (value: Json | undefined) => value === null || typeof value === 'string',
  count: (value: Json | undefined) => Number.isSafeInteger(value),
  countOrNull: (value: Json | undefined) => value === null || Number.isSafeInteger(value),
  flag: (value: Json | undefined) => typeof value === 'boolean',
  flagOrNull: (value: Json | undefined) => value === null || typeof value === 'boolean',
  texts: (value: Json | undefined) =>
    Array.isArray(value) && value.every((item) => typeof item === 'string'),
  bytes: (value: Json | undefined) =>
    isRecord(value) &&
    ['source', 'gateway', 'storage'].every((key) => Number.isSafeInteger(value[key])),
  hopEnd: (value: Json | undefined) => typeof value === 'string' && hopEnd(value) !== null,
} as const;

type Shape = Readonly<Record<string, keyof typeof KINDS>>;

const LEDGER: Shape = { usedBytes: 'count', reservedBytes: 'count', quotaBytes: 'count' };
const GENERATION: Shape = { generation: 'count' };

/** The fields of the fact list in `machines/ports/event-log.ts` that checkers rely on. */
const SHAPES: Readonly<Record<string, Shape>> = {
  'session.started': {
    tenant: 'text',
    subtenant: 'textOrNull',
    repository: 'text',
    operation: 'text',
    jobKind: 'text',
  },
  'route.selected': {
    storage: 'text',
    mode: 'text',
    access: 'textOrNull',
    dataPath: 'text',
    sourceHost: 'text',
    targetHost: 'text',
    credential: 'text',
    assumed: 'flag',
    rules: 'texts',
  },
  'route.refused': { code: 'text', rule: 'text' },
  'mover.started': { role: 'text', host: 'text' },
  'mover.exited': { role: 'text', host: 'text' },
  'gateway.connected': { heldGeneration: 'countOrNull', heldExpiresAt: 'countOrNull' },
  'credential.checked': {
    by: 'text',
    trigger: 'text',
    expiresAt: 'countOrNull',
    leftMs: 'count',
    renewBelowMs: 'count',
    includesLine: 'flag',
    decision: 'text',
  },
  'credential.issued': {
    ...GENERATION,
    issuedAt: 'count',
    expiresAt: 'count',
    lifetimeMs: 'count',
    keyId: 'text',
    issuer: 'text',
  },
  'credential.saved': GENERATION,
  'credential.delivered': {
    ...GENERATION,
    expiresAt: 'countOrNull',
    degraded: 'flag',
    operation: 'text',
    keyId: 'text',
  },
  'storage.used': {
    ...GENERATION,
    operation: 'text',
    key: 'text',
    bytes: 'count',
    startedAt: 'count',
    endedAt: 'count',
  },
  'hop.bytes': { from: 'hopEnd', to: 'hopEnd', bytes: 'count' },
  'quota.granted': { ...LEDGER, grantedBytes: 'count' },
  'quota.spent': LEDGER,
  'quota.returned': LEDGER,
  'session.state': { state: 'text' },
  'session.ended': { state: 'text', bytes: 'bytes', verified: 'flagOrNull' },
};

const SCOPED_TYPE = /^(credential\.(requested|issued|saved|delivered|revoked)|quota\..*)$/;

function problems(event: LogEvent): string[] {
  const shape = SHAPES[event.type] ?? {};
  const found = Object.entries(shape)
    .filter(([key, kind]) => !KINDS[kind](event.data[key]))
    .map(([key, kind]) => `${key} (${kind})`);
  if (SCOPED_TYPE.test(event.type) && scopeOf(event) === null) found.push('scope');
  return found;
}

/** LOG: a fact that misses what the checkers rely on would make them pass without looking. */
export const checkShape: Checker = (events, witness = ignoreWitness) =>
  events.flatMap((event) => {
    if (SHAPES[event.type] !== undefined) witness('LOG');
    const found = problems(event);
    if (found.length === 0) return [];
    const what = `${event.type} has no usable ${found.join(', ')}`;
    return [violation('LOG', 'architecture 3', what, [event])];
  });
