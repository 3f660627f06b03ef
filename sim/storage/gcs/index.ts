export { type BoundaryDocument, BoundaryRefusal } from './access/boundary.ts';
export type { PolicyBinding, PolicyCondition } from './access/policy.ts';
export { gcsFamily } from './family.ts';
export type {
  GcsBucketOptions,
  GcsProjectOptions,
  GcsServiceAccountOptions,
  GcsStorageOptions,
} from './options.ts';
export { type RunningGcsStorage, type ServiceAccountKey, startGcsStorage } from './start.ts';
