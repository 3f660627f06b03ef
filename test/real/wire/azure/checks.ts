import type { AzureTarget } from '../azure-target.ts';
import type { WireCheck } from '../check.ts';

/** A check of Azure Blob; ours has no variants there. */
export type AzureCheck = WireCheck<AzureTarget, 'azure'>;
