import type { IssueRequest, IssuerCapabilities } from '../../machines/ports/credential-issuer.ts';
import { Secret } from '../../machines/ports/secret.ts';
import type { S3Keys } from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { nameProblem } from '../../machines/rules/layout.ts';
import type { CredentialScope } from '../../machines/rules/scope.ts';
import type { EpochMs } from '../../machines/rules/time.ts';

/** C14: never longer than the issuer gives. Below its minimum nothing can be issued: `issuer.limit`. */
export function issuedLifetimeMs(request: IssueRequest, capabilities: IssuerCapabilities): number {
  if (request.lifetimeMs < capabilities.lifetimeMinMs) {
    throw new FortnightError(
      'issuer.limit',
      `${request.lifetimeMs} ms asked for; at least ${capabilities.lifetimeMinMs} ms are issued`,
    );
  }
  return Math.min(request.lifetimeMs, capabilities.lifetimeMaxMs);
}

/** STS counts in whole seconds: a lifetime of 1,500 ms asks for 1 s. */
export function issuedSeconds(request: IssueRequest, capabilities: IssuerCapabilities): number {
  return Math.floor(issuedLifetimeMs(request, capabilities) / 1000);
}

/** §6: odd names are refused here although a policy would escape them too. */
export function refuseOddNames(scope: CredentialScope): void {
  const problems = [
    nameProblem('repository', scope.repository),
    nameProblem('tenant', scope.tenant),
    scope.subtenant === null ? null : nameProblem('subtenant', scope.subtenant),
  ];
  const problem = problems.find((text) => text !== null);
  if (problem) throw new FortnightError('issuer.refused', problem);
}

/** What STS answers with, whatever the action. */
interface AnsweredSession {
  readonly AccessKeyId?: string | undefined;
  readonly SecretAccessKey?: string | undefined;
  readonly SessionToken?: string | undefined;
  readonly Expiration?: Date | undefined;
}

/** The credential of a session that STS has opened for this request. */
export function sessionCredential(
  answered: AnsweredSession | undefined,
  request: IssueRequest,
  operation: string,
): S3Keys & { readonly expiresAt: EpochMs } {
  const { AccessKeyId, Expiration, SecretAccessKey, SessionToken } = answered ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || Expiration === undefined) {
    throw new FortnightError('issuer.unavailable', `${operation}: the answer is incomplete`);
  }
  return {
    kind: 's3-keys',
    keyId: AccessKeyId,
    secretKey: new Secret(SecretAccessKey),
    sessionToken: new Secret(SessionToken),
    generation: request.generation,
    // The storage's clock may be ahead; nobody is told of a later end than was asked for.
    expiresAt: Math.min(Expiration.getTime(), request.at + request.lifetimeMs),
  };
}
