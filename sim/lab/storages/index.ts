import type { LabStorage, LabStorageOptions } from './lab-storage.ts';

export type { LabStorage } from './lab-storage.ts';

/** Starts the simulated storage system of a scenario's storage; only its own family is loaded. */
export async function startLabStorage(options: LabStorageOptions): Promise<LabStorage> {
  const { kind } = options.storage;
  switch (kind) {
    case 'aws':
    case 's3-compatible':
      return (await import('./s3-storage.ts')).startS3Storage(options, kind);
    case 'azure':
      return (await import('./azure-storage.ts')).startAzureLabStorage(options);
    case 'gcs':
      return (await import('./gcs-storage.ts')).startGcsLabStorage(options);
    default:
      return kind satisfies never;
  }
}
