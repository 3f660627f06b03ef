import type { Role, SessionRecord } from '../access/accounts.ts';
import type { Decision } from '../access/evaluate.ts';
import { constraint, onlyParameters, type QueryCall, required } from '../query/call.ts';
import { QueryError } from '../query/errors.ts';
import { decide, type StorageWorld } from '../wire/world.ts';
import { branch, leaf, type Xml } from '../wire/xml.ts';
import { credentialsElement, issueSession, readSeconds } from './issue-session.ts';
import { checkSessionPolicy } from './session-policy.ts';

const DURATION_SECONDS_DEFAULT = 3600;
const PARAMETERS = ['RoleArn', 'RoleSessionName', 'DurationSeconds', 'Policy'];

/** A session that was issued, before it is put into words. */
export interface GrantedSession {
  readonly session: SessionRecord;
  readonly token: string;
  /** Absent where the vendor's AssumeRole leads to no role. */
  readonly role?: Role;
  /** How full the packed session policy is; absent without one. */
  readonly packedPercent?: number;
}

/** AssumeRole. */
export function assumeRole(world: StorageWorld, call: QueryCall): Xml {
  const { session, token, role, packedPercent } = grantSession(world, call);
  const { sessionName } = session;
  const roleId = role === undefined ? '' : `${role.roleId}:${sessionName}`;
  const arn = role === undefined ? '' : world.accounts.assumedRoleArn(role, sessionName);
  return branch(
    'AssumeRoleResult',
    credentialsElement(session, token),
    branch('AssumedRoleUser', leaf('AssumedRoleId', roleId), leaf('Arn', arn)),
    packedPercent === undefined ? undefined : leaf('PackedPolicySize', packedPercent),
  );
}

/** Issues a session of a role, or throws QueryError. */
export function grantSession(world: StorageWorld, call: QueryCall): GrantedSession {
  onlyParameters(call, PARAMETERS);
  if (!world.profile.assumesRole) return grantOwnSession(world, call);
  const roleArn = required(call, 'RoleArn');
  const sessionName = required(call, 'RoleSessionName');
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    throw constraint(
      sessionName,
      'RoleSessionName',
      'satisfy regular expression pattern: [\\w+=,.@-]* and have length from 2 to 64',
    );
  }
  const role = world.accounts.role(roleArn);
  if (role === undefined || !isTrusted(world, call, role)) throw notAuthorized(call, roleArn);
  const seconds = chooseSeconds(world, call, role);
  const policyText = call.parameters.get('Policy');
  const packedPercent = policyText === undefined ? undefined : checkSessionPolicy(policyText);
  const issued = issueSession(world, call, {
    roleArn,
    sessionName,
    seconds,
    ...(policyText === undefined ? {} : { policyText }),
  });
  return { ...issued, role, ...(packedPercent === undefined ? {} : { packedPercent }) };
}

/** A session with the caller's own rights, for vendors that do not look at the role. */
function grantOwnSession(world: StorageWorld, call: QueryCall): GrantedSession {
  const { kind, userName } = call.principal;
  if (kind !== 'user' || userName === undefined) {
    throw new QueryError('AccessDenied', 'Temporary credentials cannot issue further ones.');
  }
  const max = Math.floor(world.longestSessionMs / 1000);
  const seconds = readSeconds(world, call, { default: DURATION_SECONDS_DEFAULT, max });
  const policyText = call.parameters.get('Policy');
  if (policyText !== undefined) checkSessionPolicy(policyText);
  return issueSession(world, call, {
    roleArn: '',
    sessionName: userName,
    issuer: { userName, kind: 'user session' },
    seconds,
    ...(policyText === undefined ? {} : { policyText }),
  });
}

/**
 * The role must trust the caller by user name, or by ARN (also that of a role, for chaining). Then
 * only an explicit deny, or a session policy without the right, stands in the way.
 */
function isTrusted(world: StorageWorld, call: QueryCall, role: Role): boolean {
  const { principal } = call;
  // Neither the root user nor a federated user may assume a role (as AWS).
  if (principal.isRoot || principal.kind === 'federation') return false;
  const arn = String(principal.attributes.get('aws:principalarn'));
  const isNamed = role.trustedUserNames.some((name) => name === principal.userName || name === arn);
  if (!isNamed) return false;
  const question = { action: 'sts:AssumeRole', resource: role.arn };
  const decision: Decision = decide(world, principal, call, question);
  return decision.layers.every(
    ({ source, outcome }) =>
      outcome === 'allowed' || (outcome === 'not allowed' && source !== 'session policy'),
  );
}

function notAuthorized(call: QueryCall, roleArn: string): QueryError {
  return new QueryError(
    'AccessDenied',
    `User: ${call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: ` +
      roleArn,
  );
}

/** The duration within all limits: the endpoint's, the role's, and that of chained sessions. */
function chooseSeconds(world: StorageWorld, call: QueryCall, role: Role): number {
  const roleSecondsMax = Math.floor(role.maxSessionMs / 1000);
  const longestSeconds = Math.floor(world.longestSessionMs / 1000);
  const seconds = readSeconds(world, call, {
    default: Math.min(DURATION_SECONDS_DEFAULT, roleSecondsMax),
    max: longestSeconds,
  });
  const chainedMs = world.profile.chainedSessionMs;
  if (call.principal.kind === 'session' && chainedMs !== null && seconds * 1000 > chainedMs) {
    throw new QueryError(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role ' +
        'chaining.',
    );
  }
  if (seconds > roleSecondsMax) {
    throw new QueryError(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
  return seconds;
}
