import type { CredentialScope } from '../../machines/rules/scope.ts';
import { scopePrefixes } from '../../machines/rules/scope.ts';
import { isListingBelow, isObjectBelow } from './cel.ts';
import type { ScopeBuckets } from './issue-request.ts';

/** Google takes 10 rules; C9 needs two. */
function rule(bucket: string, role: string, title: string, prefix: string) {
  return {
    availableResource: `//storage.googleapis.com/projects/_/buckets/${bucket}`,
    availablePermissions: [`inRole:roles/storage.${role}`],
    availabilityCondition: {
      title,
      expression: `${isObjectBelow(bucket, prefix)} || ${isListingBelow(prefix)}`,
    },
  };
}

/**
 * C9 as a Credential Access Boundary (providers §2): full access to the objects of the folder and to
 * listings of it, reading of the configuration, nothing else. Both prefixes end with a slash, so that
 * `T1/` does not cover `T10/` (I44). A boundary cuts the rights of the source and never adds any.
 */
export function accessBoundary({ bucket, configBucket }: ScopeBuckets, scope: CredentialScope) {
  const { fullAccess, readOnly } = scopePrefixes(scope);
  return {
    accessBoundary: {
      accessBoundaryRules: [
        rule(bucket, 'objectUser', 'folder', fullAccess),
        rule(configBucket, 'objectViewer', 'configuration', readOnly),
      ],
    },
  };
}
