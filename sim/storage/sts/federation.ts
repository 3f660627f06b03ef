import { constraint, onlyParameters, type QueryCall, required } from '../query/call.ts';
import { QueryError } from '../query/errors.ts';
import { decide, type StorageWorld } from '../wire/world.ts';
import { branch, leaf, type Xml } from '../wire/xml.ts';
import { credentialsElement, issueSession, readSeconds } from './issue-session.ts';
import { checkSessionPolicy } from './session-policy.ts';

const LONGEST_SECONDS = 36 * 3600;
const ROOT_LONGEST_SECONDS = 3600;
const DEFAULT_SECONDS = 12 * 3600;

/**
 * GetFederationToken: a session with the rights that the calling user and the session policy both
 * give; without a policy it has none. At most 36 h, 1 h for the root user.
 */
export function getFederationToken(world: StorageWorld, call: QueryCall): Xml {
  onlyParameters(call, ['Name', 'DurationSeconds', 'Policy']);
  const userName = requireUser(call, 'GetFederationToken');
  const name = required(call, 'Name');
  if (!/^[\w+=,.@-]{2,32}$/.test(name)) {
    const rule = 'satisfy regular expression pattern: [\\w+=,.@-]* and have length from 2 to 32';
    throw constraint(name, 'Name', rule);
  }
  const { accountId, arn } = call.principal;
  const resource = `arn:aws:sts::${accountId}:federated-user/${name}`;
  const question = { action: 'sts:GetFederationToken', resource };
  if (!decide(world, call.principal, call, question).allowed) {
    throw new QueryError(
      'AccessDenied',
      `User: ${arn} is not authorized to perform: sts:GetFederationToken on resource: ${resource}`,
    );
  }
  const seconds = readSeconds(world, call, userBounds(call));
  const policyText = call.parameters.get('Policy');
  const packed = policyText === undefined ? undefined : checkSessionPolicy(policyText);
  const { session, token } = issueSession(world, call, {
    roleArn: '',
    sessionName: name,
    issuer: { userName, kind: 'federation' },
    seconds,
    ...(policyText === undefined ? {} : { policyText }),
  });
  return branch(
    'GetFederationTokenResult',
    credentialsElement(session, token),
    branch('FederatedUser', leaf('FederatedUserId', `${accountId}:${name}`), leaf('Arn', resource)),
    packed === undefined ? undefined : leaf('PackedPolicySize', packed),
  );
}

/** GetSessionToken: a session with all rights of the calling user, except that of asking IAM. */
export function getSessionToken(world: StorageWorld, call: QueryCall): Xml {
  onlyParameters(call, ['DurationSeconds']);
  const userName = requireUser(call, 'GetSessionToken');
  const seconds = readSeconds(world, call, userBounds(call));
  const { session, token } = issueSession(world, call, {
    roleArn: '',
    sessionName: userName,
    issuer: { userName, kind: 'user session' },
    seconds,
  });
  return branch('GetSessionTokenResult', credentialsElement(session, token));
}

/** Only a user with its long-term key may ask; AWS refuses sessions in these words. */
function requireUser(call: QueryCall, action: string): string {
  const { kind, userName } = call.principal;
  if (kind === 'user' && userName !== undefined) return userName;
  throw new QueryError('AccessDenied', `Cannot call ${action} with session credentials`);
}

function userBounds(call: QueryCall): { readonly default: number; readonly max: number } {
  const max = call.principal.isRoot ? ROOT_LONGEST_SECONDS : LONGEST_SECONDS;
  return { default: Math.min(DEFAULT_SECONDS, max), max };
}
