import { StartError } from '../options.ts';
import type { AzureAccountOptions } from './options.ts';

export interface Account {
  readonly name: string;
  readonly key: Buffer;
  readonly hasDirectories: boolean;
  /** A user-delegation SAS may be scoped to a prefix although the account has no directories. */
  readonly hasPrefixDelegation: boolean;
  /** The longest SAS that the account's SAS policy lets through. */
  readonly sasSpanMaxMs: number;
}

/** The configured accounts by name. Throws StartError for a name or key that Azure never gives. */
export function readAccounts(options: readonly AzureAccountOptions[]): Map<string, Account> {
  const accounts = new Map<string, Account>();
  for (const { name, key, ...more } of options) {
    if (!/^[a-z0-9]{3,24}$/.test(name) || accounts.has(name)) {
      throw invalid(`"${name}" is no account name of its own: 3 to 24 of a to z and 0 to 9`);
    }
    const bytes = Buffer.from(key, 'base64');
    if (bytes.length === 0 || bytes.toString('base64') !== key) {
      throw invalid(`the key of account "${name}" is not base64`);
    }
    accounts.set(name, {
      name,
      key: bytes,
      hasDirectories: more.hierarchicalNamespace ?? false,
      hasPrefixDelegation: more.prefixScopedDelegation ?? false,
      sasSpanMaxMs: more.sasSpanMaxMs ?? Number.POSITIVE_INFINITY,
    });
  }
  if (accounts.size === 0) throw invalid('name at least one storage account');
  return accounts;
}

function invalid(message: string): StartError {
  return new StartError('options.invalid', message);
}

/** Containers of all accounts live side by side in one core; `/` never occurs in either name. */
export function bucketOf(account: string, container: string): string {
  return `${account}/${container}`;
}

export function isContainerName(name: string): boolean {
  return /^[a-z0-9](?:-?[a-z0-9])*$/.test(name) && name.length >= 3 && name.length <= 63;
}
