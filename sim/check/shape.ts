import type { Json, LogEvent } from '../../machines/ports/event-log.ts';
import type { Checker, Handler } from './checker.ts';
import { hopEnd, isRecord, scopeOf } from './facts.ts';

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
    Number.isSafeInteger(value.source) &&
    Number.isSafeInteger(value.gateway) &&
    Number.isSafeInteger(value.storage),
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

/** Facts that must name their scope, besides those above also some without other fields. */
const SCOPED_TYPE = /^(credential\.(requested|issued|saved|delivered|revoked)|quota\..*)$/;
const SCOPED_ONLY = [
  'credential.requested',
  'credential.revoked',
  'quota.refused',
  'quota.freed',
  'quota.recountFailed',
];

/** LOG: a fact that misses what the checkers rely on would make them pass without looking. */
export const checkShape: Checker = {
  name: 'shape',
  invariants: ['LOG'],
  start: ({ witness, report }) => {
    const sawFact = witness('LOG');
    const handlerFor = (type: string): Handler => {
      const shape = SHAPES[type];
      const fields = Object.entries(shape ?? {}).map(([key, kind]) => ({
        key,
        kind,
        isRight: KINDS[kind],
      }));
      const isScoped = SCOPED_TYPE.test(type);
      const problemsOf = (event: LogEvent): string[] => {
        const found = fields
          .filter(({ key, isRight }) => !isRight(event.data[key]))
          .map(({ key, kind }) => `${key} (${kind})`);
        return isScoped && scopeOf(event) === null ? [...found, 'scope'] : found;
      };
      return (event, _session, scope) => {
        if (shape !== undefined) sawFact();
        let isRight = !isScoped || scope !== null;
        for (const field of fields) isRight = isRight && field.isRight(event.data[field.key]);
        if (isRight) return;
        const what = `${event.type} has no usable ${problemsOf(event).join(', ')}`;
        report('LOG', 'architecture 3', what, [event]);
      };
    };
    const types = new Set([...Object.keys(SHAPES), ...SCOPED_ONLY]);
    return { sees: Object.fromEntries([...types].map((type) => [type, handlerFor(type)])) };
  },
};
