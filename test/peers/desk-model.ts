import type { credentialLifecycleMachine } from '../../machines/credential-lifecycle/index.ts';
import type { Notes } from '../../sim/explore/cell.ts';
import { isDense } from '../../sim/explore/generations.ts';
import { deskNamed, MACHINES } from '../../sim/explore/index.ts';
import type { ScopeMessage, SessionMessage } from '../../sim/explore/messages.ts';
import { ScopeCell, type ScopeLocal } from '../../sim/explore/scope-cell.ts';

export interface DeskCount {
  readonly states: number;
  /** Rules that were broken, each once. */
  readonly broken: readonly string[];
}

const ASKERS = [0, 1];

/**
 * The system of `desk.pml` with the project's own machine and the explorer's own desk: two who ask,
 * an issuer that may be unavailable so many times, and time.
 */
export function countDesk(
  faults: number,
  lifecycle: typeof credentialLifecycleMachine = MACHINES.lifecycle,
): DeskCount {
  const settings = { ...deskNamed('iam-sts'), faults: ['issuer'] as const };
  const cell = new ScopeCell(settings, lifecycle, []);
  const seen = new Set<string>();
  const broken = new Set<string>();
  const queue: { readonly local: ScopeLocal; readonly faults: number }[] = [];
  const add = (local: ScopeLocal, left: number): void => {
    const key = `${left} ${cell.key(local)}`;
    if (seen.has(key)) return;
    seen.add(key);
    queue.push({ local, faults: left });
  };
  add(cell.initial, faults);
  for (let at = 0; at < queue.length; at += 1) {
    const { local, faults: left } = queue[at] as (typeof queue)[number];
    for (const { message, cost } of choicesOf(cell, local)) {
      if (cost > left) continue;
      const notes: Notes<SessionMessage> = { sendings: [], broken: [] };
      const next = dense(cell, cell.take(local, message, notes));
      for (const { ids } of notes.broken) broken.add(ids);
      add(next, left - cost);
    }
  }
  return { states: seen.size, broken: [...broken] };
}

function choicesOf(
  cell: ScopeCell,
  local: ScopeLocal,
): readonly { readonly message: ScopeMessage; readonly cost: number }[] {
  const answers = cell.choices(local).filter(({ message }) => {
    if (message.type !== 'fail') return true;
    const isIssue = local.calls[message.index]?.kind === 'issue';
    return isIssue && message.code === 'issuer.unavailable';
  });
  const asks = ASKERS.filter((session) => !local.context.waiters.includes(`${session}.0`)).map(
    (session) => {
      const ask = {
        session,
        turn: 0,
        trigger: 'request',
        renew: false,
        heldGeneration: 0,
      } as const;
      return { message: { type: 'ask', ask } as const, cost: 0 };
    },
  );
  const { isUrgent, boundaryMs, waitMaxMs } = cell.outlook(local);
  const mayPass = !isUrgent && boundaryMs <= waitMaxMs && boundaryMs !== Number.POSITIVE_INFINITY;
  const time = mayPass ? [{ message: { type: 'elapse', ms: boundaryMs } as const, cost: 0 }] : [];
  return [...answers, ...asks, ...time];
}

function dense(cell: ScopeCell, local: ScopeLocal): ScopeLocal {
  const { generations } = cell.outlook(local);
  if (isDense(generations)) return local;
  return cell.take(local, { type: 'renumber', generations }, { sendings: [], broken: [] });
}
