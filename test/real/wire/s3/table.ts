import { BUCKET_CHECKS } from './buckets.ts';
import type { S3Check } from './checks.ts';
import { CONDITION_CHECKS } from './conditions.ts';
import { COPY_CHECKS } from './copies.ts';
import { DELETE_CHECKS, INTEGRITY_CHECKS } from './integrity.ts';
import { LISTING_CHECKS } from './listing.ts';
import { MULTIPART_CHECKS } from './multipart.ts';
import { OBJECT_CHECKS } from './objects.ts';
import { SCOPE_CHECKS } from './scope.ts';
import { SESSION_CHECKS } from './sessions.ts';
import { SIGNATURE_CHECKS } from './signatures.ts';

/** All checks of S3 and STS, in the order in which they are run and shown. */
export const S3_CHECKS: readonly S3Check[] = [
  ...BUCKET_CHECKS,
  ...OBJECT_CHECKS,
  ...DELETE_CHECKS,
  ...INTEGRITY_CHECKS,
  ...COPY_CHECKS,
  ...CONDITION_CHECKS,
  ...LISTING_CHECKS,
  ...MULTIPART_CHECKS,
  ...SESSION_CHECKS,
  ...SCOPE_CHECKS,
  ...SIGNATURE_CHECKS,
];
