import type { User } from '../access/users.ts';
import { isoSeconds } from '../core/instants.ts';
import { constraint, onlyParameters, type QueryCall } from '../query/call.ts';
import { QueryError } from '../query/errors.ts';
import type { StorageWorld } from '../wire/world.ts';
import { branch, leaf, type Xml } from '../wire/xml.ts';
import {
  authorizeIam,
  pageOf,
  readEntityName,
  readUserName,
  refuseConfigured,
  requireIamUser,
  USER_NAME_LENGTH_MAX,
} from './entities.ts';

const USERS_MAX = 5000;

export function createUser(world: StorageWorld, call: QueryCall): Xml {
  onlyParameters(call, ['UserName', 'Path']);
  const userName = readEntityName(call, 'UserName', USER_NAME_LENGTH_MAX);
  const path = readPath(call, 'Path');
  authorizeIam(world, call, 'CreateUser', userName);
  const { users } = world.accounts;
  // Names are told apart without regard to case (as IAM).
  const lower = userName.toLowerCase();
  if (users.all().some((user) => user.userName.toLowerCase() === lower)) {
    throw new QueryError('EntityAlreadyExists', `User with name ${userName} already exists.`);
  }
  if (users.user(userName) !== undefined) {
    throw new QueryError('EntityAlreadyExists', `User with name ${userName} already exists.`);
  }
  if (users.all().length >= USERS_MAX) {
    throw new QueryError('LimitExceeded', `Cannot exceed quota for UsersPerAccount: ${USERS_MAX}`);
  }
  world.accounts.change({ type: 'user.created', userName, path, at: call.at });
  return branch('CreateUserResult', userElement('User', requireIamUser(world, userName)));
}

/** Keys and policies must go first. */
export function deleteUser(world: StorageWorld, call: QueryCall): undefined {
  onlyParameters(call, ['UserName']);
  const userName = readEntityName(call, 'UserName', 128);
  authorizeIam(world, call, 'DeleteUser', userName);
  const user = requireIamUser(world, userName);
  refuseConfigured(user);
  if (user.keys.size > 0) {
    throw new QueryError('DeleteConflict', 'Cannot delete entity, must delete access keys first.');
  }
  if (user.policies.size > 0) {
    throw new QueryError('DeleteConflict', 'Cannot delete entity, must delete policies first.');
  }
  world.accounts.change({ type: 'user.deleted', userName });
  return undefined;
}

export function getUser(world: StorageWorld, call: QueryCall): Xml {
  onlyParameters(call, ['UserName']);
  const userName = readUserName(call);
  authorizeIam(world, call, 'GetUser', userName);
  return branch('GetUserResult', userElement('User', requireIamUser(world, userName)));
}

export function listUsers(world: StorageWorld, call: QueryCall): Xml {
  onlyParameters(call, ['PathPrefix', 'Marker', 'MaxItems']);
  authorizeIam(world, call, 'ListUsers', '*');
  const prefix = call.parameters.get('PathPrefix') ?? '/';
  const users = world.accounts.users.all().filter((user) => user.path.startsWith(prefix));
  const { page, elements } = pageOf(call, users, (user) => user.userName);
  const members = page.map((user) => userElement('member', user));
  return branch('ListUsersResult', branch('Users', ...members), ...elements);
}

function readPath(call: QueryCall, name: string): string {
  const path = call.parameters.get(name) ?? '/';
  if (!/^(\/|\/[!-~]+\/)$/.test(path) || path.length > 512) {
    throw constraint(path, name, 'begin and end with /');
  }
  return path;
}

function userElement(element: 'User' | 'member', user: User): Xml {
  return branch(
    element,
    leaf('Path', user.path),
    leaf('UserName', user.userName),
    leaf('UserId', user.userId),
    leaf('Arn', user.arn),
    leaf('CreateDate', isoSeconds(user.createdAt)),
  );
}
