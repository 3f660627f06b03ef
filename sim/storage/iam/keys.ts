import { makeKeys } from '../access/make-keys.ts';
import type { User, UserKey } from '../access/users.ts';
import { isoSeconds } from '../core/instants.ts';
import { constraint, onlyParameters, type QueryCall, required } from '../query/call.ts';
import { QueryError } from '../query/errors.ts';
import type { StorageWorld } from '../wire/world.ts';
import { branch, leaf, type Xml } from '../wire/xml.ts';
import {
  authorizeIam,
  pageOf,
  readUserName,
  refuseConfigured,
  requireIamUser,
} from './entities.ts';

const KEYS_MAX = 2;

/** A new key; its secret is told only now. Two keys at most, so that one can be rotated. */
export function createAccessKey(world: StorageWorld, call: QueryCall): Xml {
  onlyParameters(call, ['UserName']);
  const userName = readUserName(call);
  authorizeIam(world, call, 'CreateAccessKey', userName);
  const user = requireIamUser(world, userName);
  if (user.keys.size >= KEYS_MAX) {
    throw new QueryError('LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${KEYS_MAX}`);
  }
  const { accessKeyId, secretAccessKey } = makeKeys(world, 'AKIA');
  const key: UserKey = {
    userName,
    accessKeyId,
    secretAccessKey,
    createdAt: call.at,
    usableFrom: call.at + call.keyDelayMs,
    isActive: true,
  };
  world.accounts.change({ type: 'key.put', key });
  return branch(
    'CreateAccessKeyResult',
    branch(
      'AccessKey',
      leaf('UserName', userName),
      leaf('AccessKeyId', accessKeyId),
      leaf('Status', 'Active'),
      leaf('SecretAccessKey', secretAccessKey),
      leaf('CreateDate', isoSeconds(call.at)),
    ),
  );
}

export function listAccessKeys(world: StorageWorld, call: QueryCall): Xml {
  onlyParameters(call, ['UserName', 'Marker', 'MaxItems']);
  const userName = readUserName(call);
  authorizeIam(world, call, 'ListAccessKeys', userName);
  const keys = [...requireIamUser(world, userName).keys.values()].sort((left, right) =>
    left.accessKeyId < right.accessKeyId ? -1 : 1,
  );
  const { page, elements } = pageOf(call, keys, (key) => key.accessKeyId);
  const members = page.map((key) =>
    branch(
      'member',
      leaf('UserName', userName),
      leaf('AccessKeyId', key.accessKeyId),
      leaf('Status', key.isActive ? 'Active' : 'Inactive'),
      leaf('CreateDate', isoSeconds(key.createdAt)),
    ),
  );
  return branch('ListAccessKeysResult', branch('AccessKeyMetadata', ...members), ...elements);
}

/** An inactive key is refused like one that does not exist. */
export function updateAccessKey(world: StorageWorld, call: QueryCall): undefined {
  onlyParameters(call, ['UserName', 'AccessKeyId', 'Status']);
  const userName = readUserName(call);
  const status = required(call, 'Status');
  if (status !== 'Active' && status !== 'Inactive') {
    throw constraint(status, 'Status', 'satisfy enum value set: [Active, Inactive]');
  }
  authorizeIam(world, call, 'UpdateAccessKey', userName);
  const key = requireKey(requireIamUser(world, userName), required(call, 'AccessKeyId'));
  world.accounts.change({ type: 'key.put', key: { ...key, isActive: status === 'Active' } });
  return undefined;
}

export function deleteAccessKey(world: StorageWorld, call: QueryCall): undefined {
  onlyParameters(call, ['UserName', 'AccessKeyId']);
  const userName = readUserName(call);
  authorizeIam(world, call, 'DeleteAccessKey', userName);
  const { accessKeyId } = requireKey(
    requireIamUser(world, userName),
    required(call, 'AccessKeyId'),
  );
  world.accounts.change({ type: 'key.deleted', userName, accessKeyId });
  return undefined;
}

function requireKey(user: User, accessKeyId: string): UserKey {
  const key = user.keys.get(accessKeyId);
  if (key === undefined) {
    throw new QueryError(
      'NoSuchEntity',
      `The Access Key with id ${accessKeyId.slice(0, 128)} cannot be found.`,
    );
  }
  // The first key of a configured user is part of the configuration.
  if (user.keys.keys().next().value === accessKeyId) refuseConfigured(user);
  return key;
}
