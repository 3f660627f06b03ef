import { BLOB_CHECKS } from './blobs.ts';
import { BLOCK_CHECKS } from './blocks.ts';
import type { AzureCheck } from './checks.ts';
import { AZURE_CONDITION_CHECKS } from './conditions.ts';
import { AZURE_LISTING_CHECKS } from './listing.ts';
import { SAS_CHECKS } from './signatures.ts';

/** All checks of Azure Blob, in the order in which they are run and shown. */
export const AZURE_CHECKS: readonly AzureCheck[] = [
  ...BLOB_CHECKS,
  ...BLOCK_CHECKS,
  ...AZURE_LISTING_CHECKS,
  ...AZURE_CONDITION_CHECKS,
  ...SAS_CHECKS,
];
