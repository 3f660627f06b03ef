import type {
  GenerationHandle,
  LifecycleContext,
} from '../../machines/credential-lifecycle/index.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { Renumbering } from './generations.ts';
import { NOW, WIRE_AT } from './life-line.ts';
import type { Call, ScopeLocal } from './scope-cell.ts';

/** Who asked is gone: his request waits for nobody. */
export const NOBODY = 'nobody';

interface Mapping {
  readonly time?: (at: EpochMs) => EpochMs;
  readonly generation?: Renumbering;
  readonly session?: (session: number) => number;
}

/**
 * The context with everything in one form that no guard can tell apart: when a generation was
 * issued, older ones that are over, how long deadlines of the wire still run, how often beyond the
 * last allowed time it was tried, which error the next one will replace, and in which order those
 * wait who are answered in one step.
 */
export function settledScope(local: ScopeLocal): ScopeLocal {
  const { calls, records } = local;
  return {
    ...local,
    records: records.filter((one, at) => one.expiresAt > NOW || at === records.length - 1),
    context: settledContext(local.context),
    calls: [...calls].sort((one, other) => orderOf(one) - orderOf(other)),
  };
}

const CALL_KINDS = ['intent', 'issue', 'save', 'revoke'];

/** Answers come in any order: so calls may be kept in one. */
function orderOf({ kind, generation, isLate }: Call): number {
  return (CALL_KINDS.indexOf(kind) * 64 + generation) * 2 + Number(isLate);
}

function settledContext(context: LifecycleContext): LifecycleContext {
  const { deadlines, settings } = context;
  const wire = (at: EpochMs | null): EpochMs | null => (at === null ? null : WIRE_AT);
  return {
    ...context,
    current: context.current === null ? null : settled(context.current),
    older: context.older.filter((one) => one.expiresAt > NOW).map(settled),
    lastError: null,
    issued: context.issued === null ? null : settled(context.issued),
    waiters: [...context.waiters].sort(),
    attempt: Math.min(context.attempt, settings.issueAttemptsMax),
    deadlines: {
      ...deadlines,
      retry: wire(deadlines.retry),
      issueTimeout: wire(deadlines.issueTimeout),
    },
  };
}

function settled(handle: GenerationHandle): GenerationHandle {
  const { generation, expiresAt } = handle;
  return { generation, issuedAt: NOW, expiresAt };
}

/** Everything in a scope that is an instant, a generation or a session, changed alike. */
export function mapScope(local: ScopeLocal, mapping: Mapping): ScopeLocal {
  const same = (value: number): number => value;
  const { time = same, generation = same, session = same } = mapping;
  const { context } = local;
  const timeOrNull = (at: EpochMs | null): EpochMs | null => (at === null ? null : time(at));
  const handle = (one: GenerationHandle): GenerationHandle => ({
    generation: generation(one.generation),
    issuedAt: NOW,
    expiresAt: time(one.expiresAt),
  });
  const handleOrNull = (one: GenerationHandle | null): GenerationHandle | null =>
    one === null ? null : handle(one);
  const waiter = (requestId: string): string => {
    if (requestId === NOBODY) return requestId;
    const [asker, turn] = requestId.split('.');
    return `${session(Number(asker))}.${turn}`;
  };
  const call = (one: Call): Call => ({
    ...one,
    generation: generation(one.generation),
    // Only what is issued or saved has an end; for the other kinds the field is not read.
    expiresAt: one.kind === 'issue' || one.kind === 'save' ? time(one.expiresAt) : NOW,
  });
  return {
    ...local,
    context: {
      ...context,
      current: handleOrNull(context.current),
      older: context.older.map(handle),
      issued: handleOrNull(context.issued),
      lastGeneration: generation(context.lastGeneration),
      waiters: context.waiters.map(waiter),
      revoking: context.revoking.map(generation),
      deadlines: {
        ...context.deadlines,
        renewalLine: timeOrNull(context.deadlines.renewalLine),
        expiry: timeOrNull(context.deadlines.expiry),
      },
    },
    calls: local.calls.map(call),
    records: local.records.map(handle),
    journalled: generation(local.journalled),
  };
}
