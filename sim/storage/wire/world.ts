import type { Accounts } from '../access/accounts.ts';
import type { DecisionLog } from '../access/decision-log.ts';
import { type Decision, evaluate } from '../access/evaluate.ts';
import { type Principal, requestContext } from '../access/principal.ts';
import type { ObjectCore } from '../core/object-core.ts';
import type { FaultTable } from '../faults/fault-table.ts';
import type { StorageProfile } from '../profiles.ts';

/** What the wire fronts share: one core, one set of accounts, one clock, one fault table. */
export interface StorageWorld {
  readonly core: ObjectCore;
  readonly accounts: Accounts;
  readonly decisions: DecisionLog;
  readonly faults: FaultTable;
  readonly region: string;
  readonly longestSessionMs: number;
  readonly profile: StorageProfile;
  readonly skewMaxMs: number;
  readonly virtualHosts: readonly string[];
  /** For faults that delay. */
  wait(delayMs: number): Promise<void>;
  now(): number;
  random(bytes: number): Buffer;
}

/** Asks the policies of a principal, and records the answer. */
export function decide(
  world: StorageWorld,
  principal: Principal,
  request: { readonly at: number; readonly requestId: string },
  question: {
    readonly action: string;
    readonly resource: string;
    readonly additions?: Iterable<readonly [string, string | number]>;
  },
): Decision {
  const context = requestContext(principal, request.at, question.additions ?? []);
  const decision = evaluate(principal.layers, { ...question, context });
  world.decisions.add({
    ...decision,
    at: request.at,
    requestId: request.requestId,
    principalArn: principal.arn,
  });
  return decision;
}
