import type { Checker } from './checker.ts';
import { checkDirectBytes, checkGatewayHops } from './data-path.ts';
import { checkDeliveryPurpose, checkGatedDelivery, checkSavedBeforeDelivery } from './delivery.ts';
import { checkTerminalStates, checkVerifiedRestore } from './ending.ts';
import { checkGenerationsRise, checkLiveGenerations, checkSingleFlight } from './generations.ts';
import { checkGrantedBytes } from './granted.ts';
import { checkGatedUse, checkOwnFolder } from './isolation.ts';
import { checkDeliveredKey, checkIssuedByProvider, checkTrigger } from './keys.ts';
import { checkIssuedLifetime } from './lifetime.ts';
import { checkLimits } from './limits.ts';
import { checkMoverCount, checkMoverHosts, checkStepOrder } from './placement.ts';
import { checkGrantsReturned, checkQuotaLimit } from './quota.ts';
import { checkRenewalDecision, checkRenewalOutcome } from './renewal.ts';
import { checkRouteFixed, checkRouteOracle } from './route.ts';
import { checkNoSecrets } from './secrets.ts';
import { checkShape } from './shape.ts';
import { checkCredentialUse } from './use.ts';

/** Every checker; reports list violations of one event in this order. */
export const CHECKERS: readonly Checker[] = [
  checkShape,
  checkRouteOracle,
  checkRouteFixed,
  checkMoverHosts,
  checkMoverCount,
  checkStepOrder,
  checkGatewayHops,
  checkDirectBytes,
  checkGatedDelivery,
  checkDeliveryPurpose,
  checkSavedBeforeDelivery,
  checkRenewalDecision,
  checkRenewalOutcome,
  checkIssuedLifetime,
  checkGenerationsRise,
  checkLiveGenerations,
  checkSingleFlight,
  checkCredentialUse,
  checkQuotaLimit,
  checkGrantsReturned,
  checkTerminalStates,
  checkVerifiedRestore,
  checkDeliveredKey,
  checkIssuedByProvider,
  checkTrigger,
  checkLimits,
  checkGrantedBytes,
  checkOwnFolder,
  checkGatedUse,
  checkNoSecrets,
];
