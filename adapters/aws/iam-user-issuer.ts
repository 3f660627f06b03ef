import type { Clock } from '../../machines/ports/clock.ts';
import type {
  CredentialIssuer,
  IssueRequest,
  IssuerCapabilities,
} from '../../machines/ports/credential-issuer.ts';
import {
  requireCredential,
  type StorageCredential,
  type StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { ISSUERS } from '../../machines/rules/issuers.ts';
import { scopePrefixes } from '../../machines/rules/scope.ts';
import { type EpochMs, MINUTE_MS } from '../../machines/rules/time.ts';
import { partitionOf, sessionPolicy } from '../s3/session-policy.ts';
import { issuedLifetimeMs, refuseOddNames } from '../s3/sts-session.ts';
import { bucketPath, iamUserName, pathEnd, scopePath, userPath } from './iam-names.ts';
import { IamUsers, type NewKey } from './iam-users.ts';

/** The last instant that a policy's date can say. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59);
/** The storage's clock may be behind by this much and still take a key that has ended here. */
const CLOCK_SKEW_MAX_MS = 15 * MINUTE_MS;

export interface IamUserIssuerOptions {
  /** The bucket that the keys are for. One issuer a bucket: it takes what lies below its path for
   *  its own. */
  readonly location: StorageLocation;
  /** Where IAM listens; default: the location's endpoint, else AWS's IAM. */
  readonly iamEndpoint?: string;
  /** The SP's own key; may make and remove users below `/fortnight/<bucket>/`. */
  readonly credential: StorageCredential;
  readonly clock: Clock;
  /** Default: those of AWS. */
  readonly capabilities?: IssuerCapabilities;
}

/**
 * An IAM user with one access key for every generation of a scope. The key has no end of its own;
 * the user's inline policy ends it (`DateLessThan aws:CurrentTime`), so the storage itself does, at
 * 14 days as well as at any other instant.
 *
 * Why a user a generation and not one user with two keys: a policy cannot tell the keys of its user
 * apart, so the later end of the new generation would prolong the old one (C13), and the earlier
 * one would cut the new one off. Nor would two users, taken in turn, do: an attempt that fails uses
 * its number up (C12), so the next generation may fall on the user that is still in use. A user has
 * one key, one of the two that IAM allows. Sessions that the holder opens with its key (STS
 * `GetSessionToken`, which needs no right) stand under the same policy and end with it.
 *
 * Order of making: user, policy, key. So before the last step nothing is usable, and after it only
 * what the policy allows. A step that fails undoes those before; what a crash leaves is found below
 * the path (`removeLeftovers`). What has ended is removed at the next issue of its scope.
 */
export function createIamUserIssuer(options: IamUserIssuerOptions): CredentialIssuer {
  const { clock, location, capabilities = ISSUERS['iam-user'] } = options;
  const credential = requireCredential('s3-keys', options.credential);
  const users = new IamUsers({
    endpoint: options.iamEndpoint ?? location.endpoint,
    region: location.region,
    credential,
    clock,
  });
  /** Made by this process: recorded, or about to be, or undone. So no leftovers. */
  const own = new Set<string>();

  const hasEnded = (path: string): boolean => {
    const endsAt = pathEnd(path);
    return endsAt !== null && clock.now() >= endsAt + CLOCK_SKEW_MAX_MS;
  };

  const remove = async (name: string): Promise<readonly string[]> => {
    const keyIds = await users.remove(name);
    own.delete(name);
    return keyIds;
  };

  /** L8. What cannot be removed now is tried again later; its end has passed in any case. */
  const removeEnded = async (pathPrefix: string): Promise<void> => {
    const found = await users.list(pathPrefix).catch(() => []);
    for (const { name, path } of found) {
      if (hasEnded(path)) await remove(name).catch(() => []);
    }
  };

  const makeKey = async (name: string, path: string, policy: string): Promise<NewKey> => {
    const isNew = await users.create({ name, path }).catch(async (thrown: unknown) => {
      // It may have been made and only the answer was lost. A user with keys is not deleted so.
      await users.deleteUser(name).catch(() => undefined);
      throw thrown;
    });
    if (!isNew) throw await refusal(name);
    try {
      await users.putPolicy(name, policy);
      return await users.createKey(name);
    } catch (thrown) {
      // Where undoing fails as well, the user is a leftover, and no longer this process's own.
      await remove(name).catch(() => undefined);
      throw thrown;
    }
  };

  /** Generations are never given out twice (C12): another SP, or records of an older date. */
  const refusal = async (name: string): Promise<FortnightError> => {
    const { length } = await users.keyIds(name);
    const text = `the IAM user ${name} exists already and has ${length} access keys that are not recorded here; remove it, or restore the records`;
    return new FortnightError(length >= 2 ? 'issuer.limit' : 'issuer.refused', text);
  };

  return {
    capabilities,
    async issue(request) {
      refuseOddNames(request.scope);
      const { generation, scope } = request;
      const expiresAt = endOf(request, capabilities);
      const policy = sessionPolicy({
        bucket: location.bucket,
        ...scopePrefixes(scope),
        partition: partitionOf(location.region),
        until: expiresAt,
      });
      await removeEnded(scopePath(location.bucket, scope));
      const name = iamUserName(scope, generation);
      own.add(name);
      try {
        const key = await makeKey(name, userPath(location.bucket, scope, expiresAt), policy);
        return { kind: 's3-keys', ...key, sessionToken: null, generation, expiresAt };
      } catch (thrown) {
        own.delete(name);
        throw thrown;
      }
    },
    async revoke(scope, generation, keyId) {
      const name = iamUserName(scope, generation);
      // Nobody wants it any more: whatever fails here, `removeLeftovers` may take it.
      own.delete(name);
      if (keyId !== '') await users.deleteKey(name, keyId);
      await users.remove(name);
      return true;
    },
    async removeLeftovers(known) {
      const removed: string[] = [];
      for (const { name, path } of await users.list(bucketPath(location.bucket))) {
        const isInUse =
          !hasEnded(path) &&
          (own.has(name) || (await users.keyIds(name)).some((keyId) => known.has(keyId)));
        if (!isInUse) removed.push(...(await remove(name)));
      }
      return removed;
    },
    close: () => users.close(),
  };
}

/** C14: never later than asked for; IAM's documented dates have whole seconds. */
function endOf(request: IssueRequest, capabilities: IssuerCapabilities): EpochMs {
  const endsAt = request.at + issuedLifetimeMs(request, capabilities);
  return Math.min(LATEST, Math.floor(endsAt / 1000) * 1000);
}
