import type { QueryAction } from '../query/call.ts';
import { onlyParameters } from '../query/call.ts';
import { branch, leaf } from '../wire/xml.ts';
import { assumeRole } from './assume-role.ts';
import { getFederationToken, getSessionToken } from './federation.ts';

const getCallerIdentity: QueryAction = (_world, call) => {
  onlyParameters(call, []);
  const { arn, userId, accountId } = call.principal;
  return branch(
    'GetCallerIdentityResult',
    leaf('Arn', arn),
    leaf('UserId', userId),
    leaf('Account', accountId),
  );
};

/** What STS can do here. */
export const STS_ACTIONS: ReadonlyMap<string, QueryAction> = new Map([
  ['AssumeRole', assumeRole],
  ['GetCallerIdentity', getCallerIdentity],
  ['GetFederationToken', getFederationToken],
  ['GetSessionToken', getSessionToken],
]);
