import type { QueryAction } from '../query/call.ts';
import { createAccessKey, deleteAccessKey, listAccessKeys, updateAccessKey } from './keys.ts';
import { deleteUserPolicy, getUserPolicy, listUserPolicies, putUserPolicy } from './policies.ts';
import { createUser, deleteUser, getUser, listUsers } from './users.ts';

/** What IAM can do here. */
export const IAM_ACTIONS: ReadonlyMap<string, QueryAction> = new Map<string, QueryAction>([
  ['CreateUser', createUser],
  ['DeleteUser', deleteUser],
  ['GetUser', getUser],
  ['ListUsers', listUsers],
  ['CreateAccessKey', createAccessKey],
  ['ListAccessKeys', listAccessKeys],
  ['UpdateAccessKey', updateAccessKey],
  ['DeleteAccessKey', deleteAccessKey],
  ['PutUserPolicy', putUserPolicy],
  ['GetUserPolicy', getUserPolicy],
  ['DeleteUserPolicy', deleteUserPolicy],
  ['ListUserPolicies', listUserPolicies],
]);
