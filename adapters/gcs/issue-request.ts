import type { IssueRequest } from '../../machines/ports/credential-issuer.ts';
import type { StorageLocation } from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { IssuerCapabilities } from '../../machines/rules/issuers.ts';
import { nameProblem } from '../../machines/rules/layout.ts';
import type { CredentialScope } from '../../machines/rules/scope.ts';
import { SECOND_MS } from '../../machines/rules/time.ts';

const BUCKET_NAME = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;

/** What a credential may open: the folder's bucket, and the one of the configuration. */
export interface ScopeBuckets {
  readonly bucket: string;
  readonly configBucket: string;
}

/** §6: bucket names go into conditions too; what is no such name is refused. */
export function scopeBuckets({ bucket, configBucket }: StorageLocation): ScopeBuckets {
  const buckets = { bucket, configBucket: configBucket ?? bucket };
  for (const name of Object.values(buckets)) {
    if (BUCKET_NAME.test(name)) continue;
    throw new RangeError(`${JSON.stringify(name)} is no bucket name of Cloud Storage`);
  }
  return buckets;
}

/** §6: odd names are refused here although the conditions would escape them too. */
export function refuseOddNames(scope: CredentialScope): void {
  const problems = [
    nameProblem('repository', scope.repository),
    nameProblem('tenant', scope.tenant),
    scope.subtenant === null ? null : nameProblem('subtenant', scope.subtenant),
  ];
  const problem = problems.find((text) => text !== null);
  if (problem) throw new FortnightError('issuer.refused', problem);
}

/** C14: never longer than the issuer gives, in whole seconds; shorter than its minimum is refused. */
export function issuedLifetimeMs(request: IssueRequest, capabilities: IssuerCapabilities): number {
  if (request.lifetimeMs < capabilities.lifetimeMinMs) {
    throw new FortnightError(
      'issuer.limit',
      `${request.lifetimeMs} ms asked for; at least ${capabilities.lifetimeMinMs} ms are issued`,
    );
  }
  const lifetimeMs = Math.min(request.lifetimeMs, capabilities.lifetimeMaxMs);
  return Math.floor(lifetimeMs / SECOND_MS) * SECOND_MS;
}
