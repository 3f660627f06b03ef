import type { IssueRequest, IssuerCapabilities } from '../../machines/ports/credential-issuer.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { nameProblem } from '../../machines/rules/layout.ts';
import type { CredentialScope } from '../../machines/rules/scope.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { wholeSecond } from './sas.ts';

/** §6: odd names never reach a SAS, although a signature would take them. */
export function refuseOddNames(scope: CredentialScope): void {
  const problems = [
    nameProblem('repository', scope.repository),
    nameProblem('tenant', scope.tenant),
    scope.subtenant === null ? null : nameProblem('subtenant', scope.subtenant),
  ];
  const problem = problems.find((text) => text !== null);
  if (problem) throw new FortnightError('issuer.refused', problem);
}

/** C14: never longer than the issuer gives; shorter than its minimum cannot be issued. */
export function expiryOf(request: IssueRequest, capabilities: IssuerCapabilities): EpochMs {
  const { lifetimeMaxMs, lifetimeMinMs } = capabilities;
  if (request.lifetimeMs < lifetimeMinMs) {
    throw new FortnightError(
      'issuer.limit',
      `${request.lifetimeMs} ms asked for; at least ${lifetimeMinMs} ms are issued`,
    );
  }
  return wholeSecond(request.at + Math.min(request.lifetimeMs, lifetimeMaxMs, LIFETIME_MS_MAX));
}

/** A SAS has four digits for the year. */
const LIFETIME_MS_MAX = 1000 * 365 * 86_400_000;
