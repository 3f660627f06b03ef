export { issueEntraToken } from './entra.ts';
export type {
  AzureAccountOptions,
  AzureStorageOptions,
  EntraApplication,
  EntraOptions,
  EntraRole,
} from './options.ts';
export { type RunningAzureStorage, startAzureStorage } from './start.ts';
