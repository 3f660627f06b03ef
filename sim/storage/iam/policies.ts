import { compilePolicyText, PolicyError } from '../access/policy-document.ts';
import type { User } from '../access/users.ts';
import { onlyParameters, type QueryCall, required } from '../query/call.ts';
import { QueryError } from '../query/errors.ts';
import { encodeUri } from '../sigv4/canonical.ts';
import type { StorageWorld } from '../wire/world.ts';
import { branch, leaf, type Xml } from '../wire/xml.ts';
import { authorizeIam, pageOf, readEntityName, requireIamUser } from './entities.ts';

const POLICY_NAME_LENGTH_MAX = 128;
/** Of all inline policies of a user together; white space does not count. */
const POLICY_CHARACTERS_MAX = 2048;

interface Named {
  readonly userName: string;
  readonly policyName: string;
}

export function putUserPolicy(world: StorageWorld, call: QueryCall): undefined {
  onlyParameters(call, ['UserName', 'PolicyName', 'PolicyDocument']);
  const { userName, policyName } = readNames(call);
  const text = required(call, 'PolicyDocument');
  authorizeIam(world, call, 'PutUserPolicy', userName);
  const user = requireIamUser(world, userName);
  try {
    compilePolicyText(text);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new QueryError('MalformedPolicyDocument', error.message);
  }
  const others = [...user.policies].filter(([name]) => name !== policyName);
  const characters = [text, ...others.map(([, other]) => other)]
    .map((one) => one.replace(/\s/g, '').length)
    .reduce((sum, count) => sum + count, 0);
  if (characters > POLICY_CHARACTERS_MAX) {
    throw new QueryError(
      'LimitExceeded',
      `Maximum policy size of ${POLICY_CHARACTERS_MAX} bytes exceeded for user ${userName}`,
    );
  }
  world.accounts.change({ type: 'policy.put', userName, policyName, text });
  return undefined;
}

/** The document comes back percent-encoded, as IAM gives it. */
export function getUserPolicy(world: StorageWorld, call: QueryCall): Xml {
  onlyParameters(call, ['UserName', 'PolicyName']);
  const { userName, policyName } = readNames(call);
  authorizeIam(world, call, 'GetUserPolicy', userName);
  const text = requirePolicy(requireIamUser(world, userName), policyName);
  return branch(
    'GetUserPolicyResult',
    leaf('UserName', userName),
    leaf('PolicyName', policyName),
    leaf('PolicyDocument', encodeUri(text)),
  );
}

export function deleteUserPolicy(world: StorageWorld, call: QueryCall): undefined {
  onlyParameters(call, ['UserName', 'PolicyName']);
  const { userName, policyName } = readNames(call);
  authorizeIam(world, call, 'DeleteUserPolicy', userName);
  requirePolicy(requireIamUser(world, userName), policyName);
  world.accounts.change({ type: 'policy.deleted', userName, policyName });
  return undefined;
}

export function listUserPolicies(world: StorageWorld, call: QueryCall): Xml {
  onlyParameters(call, ['UserName', 'Marker', 'MaxItems']);
  const userName = readEntityName(call, 'UserName', 128);
  authorizeIam(world, call, 'ListUserPolicies', userName);
  const names = [...requireIamUser(world, userName).policies.keys()].sort();
  const { page, elements } = pageOf(call, names, (name) => name);
  const members = page.map((name) => leaf('member', name));
  return branch('ListUserPoliciesResult', branch('PolicyNames', ...members), ...elements);
}

function readNames(call: QueryCall): Named {
  return {
    userName: readEntityName(call, 'UserName', 128),
    policyName: readEntityName(call, 'PolicyName', POLICY_NAME_LENGTH_MAX),
  };
}

function requirePolicy(user: User, policyName: string): string {
  const text = user.policies.get(policyName);
  if (text === undefined) {
    throw new QueryError(
      'NoSuchEntity',
      `The user policy with name ${policyName} cannot be found.`,
    );
  }
  return text;
}
