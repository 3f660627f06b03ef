import type { ProfileName } from '../../../../sim/storage/index.ts';
import type { WireCheck } from '../check.ts';
import type { S3Target } from '../s3-target.ts';

/** A check of S3 and STS; ours answers it in each of its profiles. */
export type S3Check = WireCheck<S3Target, ProfileName>;
