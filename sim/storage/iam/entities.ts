import type { User } from '../access/users.ts';
import { constraint, type QueryCall, required } from '../query/call.ts';
import { QueryError } from '../query/errors.ts';
import { decide, type StorageWorld } from '../wire/world.ts';
import { leaf, type Xml } from '../wire/xml.ts';

const PAGE_ENTRIES_MAX = 1000;
const PAGE_ENTRIES_DEFAULT = 100;

/** Asks the policies whether the caller may; sessions that a user made for itself may not. */
export function authorizeIam(
  world: StorageWorld,
  call: QueryCall,
  action: string,
  userName: string,
): void {
  const { kind, arn, accountId } = call.principal;
  if (kind === 'federation' || kind === 'user session') {
    throw new QueryError(
      'InvalidClientTokenId',
      'The security token included in the request is invalid',
    );
  }
  const found = world.accounts.users.user(userName);
  const resource = found?.arn ?? `arn:aws:iam::${accountId}:user/${userName}`;
  const question = { action: `iam:${action}`, resource };
  if (decide(world, call.principal, call, question).allowed) return;
  throw new QueryError(
    'AccessDenied',
    `User: ${arn} is not authorized to perform: iam:${action} on resource: ${resource}`,
  );
}

/** A name of a user, policy or key as IAM allows it. */
export function readEntityName(call: QueryCall, name: string, lengthMax: number): string {
  const value = required(call, name);
  if (!/^[\w+=,.@-]+$/.test(value) || value.length > lengthMax) {
    const rule = `satisfy regular expression pattern: [\\w+=,.@-]+ and have length up to ${lengthMax}`;
    throw constraint(value, name, rule);
  }
  return value;
}

export const USER_NAME_LENGTH_MAX = 64;

/** `UserName`; left out it is the caller's own, where the caller is a user. */
export function readUserName(call: QueryCall): string {
  if (call.parameters.has('UserName')) {
    // Asking for a user is laxer than making one: 128 characters (as IAM's model has it).
    return readEntityName(call, 'UserName', 128);
  }
  const { userName } = call.principal;
  if (userName !== undefined) return userName;
  throw new QueryError(
    'ValidationError',
    'Must specify userName when calling with non-User credentials',
  );
}

export function requireIamUser(world: StorageWorld, userName: string): User {
  const user = world.accounts.users.user(userName);
  if (user === undefined) {
    throw new QueryError('NoSuchEntity', `The user with name ${userName} cannot be found.`);
  }
  return user;
}

/** What was given at the start is not IAM's to take away. */
export function refuseConfigured(user: User): void {
  if (user.isConfigured) {
    throw new QueryError(
      'UnmodifiableEntity',
      `The user ${user.userName} belongs to the storage's configuration and cannot be changed so.`,
    );
  }
}

/** One page of a listing, with the elements that say whether there is more. */
export function pageOf<Entry>(
  call: QueryCall,
  entries: readonly Entry[],
  nameOf: (entry: Entry) => string,
): { readonly page: readonly Entry[]; readonly elements: readonly (Xml | undefined)[] } {
  const text = call.parameters.get('MaxItems') ?? String(PAGE_ENTRIES_DEFAULT);
  const max = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (max < 1 || max > PAGE_ENTRIES_MAX) {
    throw constraint(text, 'MaxItems', `have a value from 1 to ${PAGE_ENTRIES_MAX}`);
  }
  const marker = readMarker(call);
  const rest = entries.filter((entry) => nameOf(entry) > marker);
  const page = rest.slice(0, max);
  const last = page.at(-1);
  const isTruncated = rest.length > page.length && last !== undefined;
  const next = isTruncated
    ? leaf('Marker', Buffer.from(nameOf(last)).toString('base64url'))
    : undefined;
  return { page, elements: [leaf('IsTruncated', isTruncated), next] };
}

function readMarker(call: QueryCall): string {
  const text = call.parameters.get('Marker');
  if (text === undefined) return '';
  const marker = Buffer.from(text, 'base64url').toString('utf8');
  if (marker === '' || Buffer.from(marker).toString('base64url') !== text) {
    throw new QueryError('ValidationError', 'Invalid Marker.');
  }
  return marker;
}
