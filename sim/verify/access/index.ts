import type { Clock } from '../../../machines/ports/clock.ts';
import type { RunNames } from '../names.ts';
import type { OwnerSecrets } from '../target/secrets.ts';
import type { VerifyTarget } from '../target/types.ts';
import type { Access } from './access.ts';

export type { Access } from './access.ts';

/** Only the SDKs that the target's own family needs are loaded. */
export async function openAccess(
  target: VerifyTarget,
  secrets: OwnerSecrets,
  clock: Clock,
  names: RunNames,
): Promise<Access> {
  switch (target.kind) {
    case 'aws':
    case 's3-compatible':
      return (await import('./s3.ts')).openS3(target, secrets, clock);
    case 'azure':
      return (await import('./azure.ts')).openAzure(target, secrets, clock, names);
    case 'gcs':
      return (await import('./gcs.ts')).openGcs(target, secrets, clock);
    default:
      return target satisfies never;
  }
}
