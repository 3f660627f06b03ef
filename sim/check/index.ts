import type { LogEvent } from '../../machines/ports/event-log.ts';
import { checkDirectBytes, checkGatewayHops } from './data-path.ts';
import { checkDeliveryPurpose, checkGatedDelivery, checkSavedBeforeDelivery } from './delivery.ts';
import { checkTerminalStates, checkVerifiedRestore } from './ending.ts';
import { checkGenerationsRise, checkLiveGenerations, checkSingleFlight } from './generations.ts';
import { checkIssuedLifetime } from './lifetime.ts';
import { checkMoverCount, checkMoverHosts, checkStepOrder } from './placement.ts';
import { checkGrantsReturned, checkQuotaLimit } from './quota.ts';
import { checkRenewalDecision, checkRenewalOutcome } from './renewal.ts';
import { checkRouteFixed, checkRouteOracle } from './route.ts';
import { checkShape } from './shape.ts';
import { checkCredentialUse } from './use.ts';
import type { Checker, Violation } from './violation.ts';

export type { Checker, Violation, Witness } from './violation.ts';

/** Every checker with the invariants that it may report; the list is what witnesses start from. */
export const CHECKERS: readonly (readonly [Checker, readonly string[]])[] = [
  [checkShape, ['LOG']],
  [checkRouteOracle, ['I1']],
  [checkRouteFixed, ['I16']],
  [checkMoverHosts, ['I13', 'I14']],
  [checkMoverCount, ['I15']],
  [checkStepOrder, ['I15']],
  [checkGatewayHops, ['I3', 'I5']],
  [checkDirectBytes, ['I4']],
  [checkGatedDelivery, ['I2', 'I6']],
  [checkDeliveryPurpose, ['I35', 'I36', 'I53']],
  [checkSavedBeforeDelivery, ['S24']],
  [checkRenewalDecision, ['I21', 'I22', 'I23', 'I24']],
  [checkRenewalOutcome, ['I22', 'I24', 'I25', 'I26']],
  [checkIssuedLifetime, ['I19', 'I20']],
  [checkGenerationsRise, ['I32']],
  [checkLiveGenerations, ['I33']],
  [checkSingleFlight, ['I21', 'I31']],
  [checkCredentialUse, ['I37', 'I38', 'I42']],
  [checkQuotaLimit, ['I51']],
  [checkGrantsReturned, ['I58']],
  [checkTerminalStates, ['I71']],
  [checkVerifiedRestore, ['I72']],
];

export interface CheckReport {
  /** In the order of the log. */
  readonly violations: readonly Violation[];
  /** How often each invariant was put to the test; 0 means never, which proves nothing (L15). */
  readonly witnesses: Readonly<Record<string, number>>;
}

/** Runs every checker over a whole log. */
export function checkAll(events: readonly LogEvent[]): CheckReport {
  const witnesses: Record<string, number> = {};
  for (const [, invariants] of CHECKERS) {
    for (const invariant of invariants) witnesses[invariant] ??= 0;
  }
  const witness = (invariant: string): void => {
    witnesses[invariant] = (witnesses[invariant] ?? 0) + 1;
  };
  const violations = CHECKERS.flatMap(([check]) => check(events, witness));
  violations.sort((left, right) => left.seq - right.seq);
  return { violations, witnesses };
}
