import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import { type CredentialScope, scopePrefixes } from '../../machines/rules/scope.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { bucketUrl } from './addresses.ts';
import { isBefore, isObjectBelow } from './cel.ts';
import type { ControlRequests } from './control-requests.ts';
import type { AnswerFacts } from './errors.ts';
import type { ScopeBuckets } from './issue-request.ts';
import type { ScopeAccount } from './service-accounts.ts';

/** What Google calls good for one policy (providers §1.5). */
const CONDITIONAL_BINDINGS_MAX = 100;
/** Others change the same policy: each loser of a race reads it again. */
const ATTEMPTS_MAX = 8;

interface Binding {
  readonly role: string;
  readonly members: readonly string[];
  readonly condition?: { readonly title: string; readonly expression: string };
}

interface Policy {
  readonly etag: string;
  readonly bindings: readonly Binding[];
}

/** The conditional bindings that keep accounts in their folders, in the policies of the buckets. */
export interface BucketBindings {
  add(account: ScopeAccount, scope: CredentialScope, expiresAt: EpochMs): Promise<void>;
  /** Removes the bindings of the accounts whose ids are chosen. */
  removeOf(isChosen: (accountId: string) => boolean): Promise<void>;
}

export function createBucketBindings(
  control: ControlRequests,
  setting: ScopeBuckets & { readonly endpoint: string },
): BucketBindings {
  const { bucket, configBucket, endpoint } = setting;
  const buckets = [...new Set([bucket, configBucket])];
  return {
    async add(account, scope, expiresAt) {
      const { fullAccess, readOnly } = scopePrefixes(scope);
      const folder = binding(account, 'folder', bucket, fullAccess, expiresAt);
      const config = binding(account, 'configuration', configBucket, readOnly, expiresAt);
      for (const name of buckets) {
        const added = [
          ...(name === bucket ? [folder] : []),
          ...(name === configBucket ? [config] : []),
        ];
        await changePolicy(control, { endpoint, bucket: name }, (bindings) =>
          withBindings(bindings.filter(isNotOf((id) => id === account.id)), added),
        );
      }
    },
    async removeOf(isChosen) {
      for (const name of buckets) {
        await changePolicy(control, { endpoint, bucket: name }, (bindings) => {
          const kept = bindings.filter(isNotOf(isChosen));
          return kept.length === bindings.length ? null : kept;
        });
      }
    },
  };
}

const ROLES = { folder: 'roles/storage.objectUser', configuration: 'roles/storage.objectViewer' };

/** C9 and C1 in one condition: below this prefix, before this instant. */
function binding(
  account: ScopeAccount,
  kind: keyof typeof ROLES,
  bucket: string,
  prefix: string,
  expiresAt: EpochMs,
): Binding {
  return {
    role: ROLES[kind],
    members: [`serviceAccount:${account.email}`],
    condition: {
      title: `${account.id} ${kind}`,
      expression: `${isObjectBelow(bucket, prefix)} && ${isBefore(expiresAt)}`,
    },
  };
}

function isNotOf(isChosen: (accountId: string) => boolean) {
  return ({ condition }: Binding): boolean => {
    const id = condition?.title.split(' ')[0];
    return id === undefined || !isChosen(id);
  };
}

function withBindings(before: readonly Binding[], added: readonly Binding[]): readonly Binding[] {
  const conditional = before.filter(({ condition }) => condition !== undefined).length;
  if (conditional + added.length <= CONDITIONAL_BINDINGS_MAX) return [...before, ...added];
  throw new FortnightError(
    'issuer.limit',
    `the bucket's policy has ${conditional} conditional bindings; ` +
      `${CONDITIONAL_BINDINGS_MAX} are allowed: revoke old credentials or remove leftovers`,
  );
}

/** Reads, changes and writes a policy in version 3 (else conditions are lost), by its etag. */
async function changePolicy(
  control: ControlRequests,
  place: { readonly endpoint: string; readonly bucket: string },
  change: (bindings: readonly Binding[]) => readonly Binding[] | null,
): Promise<void> {
  let refusedEtag: string | null = null;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const policy = readPolicy(
      await control.call({
        operation: 'storage.buckets.getIamPolicy',
        method: 'GET',
        url: bucketUrl(place, '/iam', { optionsRequestedPolicyVersion: '3' }),
      }),
    );
    // Nobody has changed it, and yet it was refused: it was not a race.
    if (policy.etag === refusedEtag) break;
    const bindings = change(policy.bindings);
    if (bindings === null) return;
    const written = await control.call({
      operation: 'storage.buckets.setIamPolicy',
      method: 'PUT',
      url: bucketUrl(place, '/iam'),
      body: { kind: 'storage#policy', version: 3, etag: policy.etag, bindings },
      tolerates: [409, 412],
      meaning: writeRefused,
    });
    if (written !== null) return;
    refusedEtag = policy.etag;
  }
  throw new FortnightError(
    refusedEtag === null ? 'issuer.unavailable' : 'issuer.refused',
    `storage.buckets.setIamPolicy: the policy of ${place.bucket} was not taken; ` +
      'conditions need uniform bucket-level access',
  );
}

/** The policy that was read was good: what is new in it is an account that is not known yet. */
function writeRefused({ status }: AnswerFacts): ErrorCode | null {
  return status === 400 ? 'issuer.unavailable' : null;
}

function readPolicy(document: Readonly<Record<string, unknown>>): Policy {
  const { etag, bindings = [] } = document;
  if (typeof etag === 'string' && Array.isArray(bindings)) return { etag, bindings };
  const operation = 'storage.buckets.getIamPolicy';
  throw new FortnightError('issuer.unavailable', `${operation}: the answer is no policy`);
}
