import type { Clock } from '../../machines/ports/clock.ts';
import type { CredentialIssuer, IssueRequest } from '../../machines/ports/credential-issuer.ts';
import {
  requireCredential,
  type StorageCredential,
  type StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { ISSUERS } from '../../machines/rules/issuers.ts';
import { scopeId } from '../../machines/rules/scope.ts';
import { SECOND_MS } from '../../machines/rules/time.ts';
import { storageEndpoint } from './addresses.ts';
import { type BucketBindings, createBucketBindings } from './bucket-bindings.ts';
import { createControlRequests, type GoogleEndpoints } from './control-requests.ts';
import { createHmacKeys, type HmacKeys } from './hmac-keys.ts';
import { issuedLifetimeMs, refuseOddNames, scopeBuckets } from './issue-request.ts';
import {
  accountIdPrefix,
  createServiceAccounts,
  projectOfAccount,
  type ScopeAccount,
  type ServiceAccounts,
  scopeAccount,
} from './service-accounts.ts';

/** The last second that a timestamp of CEL can name. */
const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59);

export interface HmacKeyIssuerOptions {
  /** The bucket that the keys are for. It needs uniform bucket-level access. */
  readonly location: StorageLocation;
  /**
   * The SP's own service account (`gcs-service-account`). It needs the roles to make service accounts
   * and HMAC keys in the project and to set the bucket's policy.
   */
  readonly credential: StorageCredential;
  readonly clock: Clock;
  /** Where the accounts are made; default: the project of the SP's account. */
  readonly projectId?: string;
  readonly endpoints?: GoogleEndpoints;
}

interface Parts {
  readonly accounts: ServiceAccounts;
  readonly keys: HmacKeys;
  readonly bindings: BucketBindings;
}

/**
 * The long-lived way: a service account a generation, bindings that end by themselves at the instant that
 * was asked for, and an HMAC key for the XML API. The key is made last, so no secret exists before
 * everything that limits it is in place; what an attempt has made is taken back when a later step
 * fails, and `removeLeftovers` finds what a crash has left.
 */
export function createHmacKeyIssuer(options: HmacKeyIssuerOptions): CredentialIssuer {
  const { clock, endpoints = {}, location } = options;
  const credential = requireCredential('gcs-service-account', options.credential);
  const projectId = options.projectId ?? projectOfAccount(credential.keyId);
  if (projectId === null) {
    throw new RangeError(`${credential.keyId} tells no project: name the project`);
  }
  const endpoint = storageEndpoint(location.endpoint);
  const buckets = scopeBuckets(location);
  const setting = { ...buckets, endpoint, projectId, iam: endpoints.iam };
  const control = createControlRequests({ credential, clock, tokenUrl: endpoints.tokenUrl });
  const parts: Parts = {
    accounts: createServiceAccounts(control, setting),
    keys: createHmacKeys(control, setting),
    bindings: createBucketBindings(control, setting),
  };
  const capabilities = ISSUERS['hmac-key'];
  /** Accounts that are being made: half of an issue is no leftover. */
  const making = new Set<string>();

  return {
    capabilities,
    async issue(request: IssueRequest) {
      refuseOddNames(request.scope);
      const lifetimeMs = issuedLifetimeMs(request, capabilities);
      const expiresAt = Math.min(wholeSeconds(request.at + lifetimeMs), LAST_INSTANT);
      const account = scopeAccount(setting, request.scope, request.generation);
      making.add(account.email);
      try {
        const { accessId, secret } = await makeAccess(parts, account, request, expiresAt);
        return {
          kind: 's3-keys',
          keyId: accessId,
          secretKey: secret,
          sessionToken: null,
          generation: request.generation,
          expiresAt,
        };
      } catch (thrown) {
        await removeAccess(parts, account).catch(() => undefined);
        throw thrown;
      } finally {
        making.delete(account.email);
      }
    },
    async revoke(scope, generation) {
      await removeAccess(parts, scopeAccount(setting, scope, generation));
      return true;
    },
    removeLeftovers: (known) =>
      removeLeftovers(parts, accountIdPrefix(buckets.bucket), { known, making }),
    close: () => control.close(),
  };
}

function wholeSeconds(at: number): number {
  return Math.floor(at / SECOND_MS) * SECOND_MS;
}

async function makeAccess(
  { accounts, bindings, keys }: Parts,
  account: ScopeAccount,
  { generation, scope }: IssueRequest,
  expiresAt: number,
) {
  await accounts.create(account, `${scopeId(scope)} generation ${generation}`);
  // Of an attempt that ended in a crash: nobody knows its secret.
  for (const key of await keys.list(account.email)) await keys.remove(key);
  await bindings.add(account, scope, expiresAt);
  return keys.create(account.email);
}

/** The key first: from then on nothing opens, whatever happens to the rest. */
async function removeAccess(
  { accounts, bindings, keys }: Parts,
  account: ScopeAccount,
): Promise<void> {
  const steps = [
    async () => {
      for (const key of await keys.list(account.email)) await keys.remove(key);
    },
    () => bindings.removeOf((id) => id === account.id),
    () => accounts.remove(account),
  ];
  await runAll(steps);
}

/** Every step is tried; the first failure is told afterwards. */
async function runAll(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    await step().catch((thrown: unknown) => {
      failures.push(thrown);
    });
  }
  if (failures.length > 0) throw failures[0];
}

/**
 * What no record knows: keys of our accounts, then accounts without a known key, then bindings without
 * an account. Told are the ids of the keys; an account that never got one is told by its address.
 */
async function removeLeftovers(
  { accounts, bindings, keys }: Parts,
  prefix: string,
  { known, making }: { readonly known: ReadonlySet<string>; readonly making: ReadonlySet<string> },
): Promise<readonly string[]> {
  const removed: string[] = [];
  const kept = new Set(making);
  const emptied = new Set<string>();
  for (const key of await keys.list()) {
    if (!key.email.startsWith(prefix) || making.has(key.email)) continue;
    if (known.has(key.accessId)) {
      kept.add(key.email);
      continue;
    }
    await keys.remove(key);
    removed.push(key.accessId);
    emptied.add(key.email);
  }
  const keptIds = new Set([...kept].map((email) => email.slice(0, email.indexOf('@'))));
  await bindings.removeOf((id) => id.startsWith(prefix) && !keptIds.has(id));
  for (const account of await accounts.list()) {
    if (kept.has(account.email)) continue;
    await accounts.remove(account);
    if (!emptied.has(account.email)) removed.push(account.email);
  }
  return removed;
}
