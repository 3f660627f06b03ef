import type { GenerationHandle } from '../../machines/credential-lifecycle/index.ts';
import { NOW } from './life-line.ts';
import type { ScopeLocal } from './scope-cell.ts';
import { NOBODY } from './scope-context.ts';

/** Superseded ones that have ended are of no use to anybody; the newest is kept, ended or not. */
export function withRecord(
  records: readonly GenerationHandle[],
  saved: Pick<GenerationHandle, 'generation' | 'expiresAt'>,
): readonly GenerationHandle[] {
  const alive = records.filter((one) => one.expiresAt > NOW);
  const { generation, expiresAt } = saved;
  // Names in this order, as everywhere: equal states must have equal keys.
  const all = [...alive, { generation, issuedAt: NOW, expiresAt }];
  return all.sort((one, other) => one.generation - other.generation);
}

/** The machine stops waiting for what is under way: answers will be late ones. */
export function givenUp(local: ScopeLocal): ScopeLocal {
  return { ...local, calls: local.calls.map((call) => ({ ...call, isLate: true })) };
}

export function withoutCall(local: ScopeLocal, index: number): ScopeLocal {
  return { ...local, calls: local.calls.filter((_, at) => at !== index) };
}

/** Its requests go on waiting in the machine; who they were of does not matter any more. */
export function withoutSession(local: ScopeLocal, session: number): ScopeLocal {
  const { context } = local;
  const isOf = (requestId: string): boolean => requestId.startsWith(`${session}.`);
  const waiters = context.waiters.map((one) => (isOf(one) ? NOBODY : one));
  return { ...local, context: { ...context, waiters: [...new Set(waiters)] } };
}
