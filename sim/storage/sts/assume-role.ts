import { createHash } from 'node:crypto';
import { hashToken, type Role, type SessionRecord } from '../access/accounts.ts';
import type { Decision } from '../access/evaluate.ts';
import type { Principal } from '../access/principal.ts';
import { isoInstant, isoSeconds } from '../core/instants.ts';
import { decide, type StorageWorld } from '../wire/world.ts';
import { branch, leaf, type Xml } from '../wire/xml.ts';
import { StsError } from './errors.ts';
import { checkSessionPolicy } from './session-policy.ts';

const DURATION_SECONDS_MIN = 900;
const DURATION_SECONDS_DEFAULT = 3600;
const CHAINED_SECONDS_MAX = 3600;
const PARAMETERS = ['RoleArn', 'RoleSessionName', 'DurationSeconds', 'Policy'];

export interface StsCall {
  readonly at: number;
  readonly requestId: string;
  readonly principal: Principal;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Issues a session of a role. `delayMs` lets the new key be unknown for a while (a fault). */
export function assumeRole(world: StorageWorld, call: StsCall, delayMs: number): Xml {
  const unknown = [...call.parameters.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) {
    throw new StsError('NotImplemented', `The parameter ${unknown} is not implemented.`);
  }
  const roleArn = required(call, 'RoleArn');
  const sessionName = required(call, 'RoleSessionName');
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    throw constraint(
      sessionName,
      'roleSessionName',
      'satisfy regular expression pattern: [\\w+=,.@-]* and have length from 2 to 64',
    );
  }
  const role = world.accounts.role(roleArn);
  if (role === undefined || !isTrusted(world, call, role)) throw notAuthorized(call, roleArn);
  const seconds = chooseSeconds(world, call, role);
  const policyText = call.parameters.get('Policy');
  const packed = policyText === undefined ? undefined : checkSessionPolicy(policyText);
  const { token, ...keys } = createKeys(world);
  const session: SessionRecord = {
    ...keys,
    tokenHash: hashToken(token),
    roleArn,
    sessionName,
    issuedAt: call.at,
    usableFrom: call.at + delayMs,
    expiresAt: call.at + seconds * 1000,
    ...(policyText === undefined ? {} : { policyText }),
  };
  world.accounts.issue(session);
  return branch(
    'AssumeRoleResult',
    branch(
      'Credentials',
      leaf('AccessKeyId', session.accessKeyId),
      leaf('SecretAccessKey', session.secretAccessKey),
      leaf('SessionToken', token),
      leaf('Expiration', expirationText(session.expiresAt)),
    ),
    branch(
      'AssumedRoleUser',
      leaf('AssumedRoleId', `${role.roleId}:${sessionName}`),
      leaf('Arn', world.accounts.assumedRoleArn(role, sessionName)),
    ),
    packed === undefined ? undefined : leaf('PackedPolicySize', packed),
  );
}

/** Whole seconds as AWS writes them; milliseconds only when the clock stands between seconds. */
function expirationText(expiresAt: number): string {
  return expiresAt % 1000 === 0 ? isoSeconds(expiresAt) : isoInstant(expiresAt);
}

/**
 * The role must trust the caller by user name, or by ARN (also that of a role, for chaining). Then
 * only an explicit deny, or a session policy without the right, stands in the way.
 */
function isTrusted(world: StorageWorld, call: StsCall, role: Role): boolean {
  const { principal } = call;
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

function notAuthorized(call: StsCall, roleArn: string): StsError {
  return new StsError(
    'AccessDenied',
    `User: ${call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: ` +
      roleArn,
  );
}

/** The duration within all limits: 900 s, the endpoint's longest, the role's, 1 h when chained. */
function chooseSeconds(world: StorageWorld, call: StsCall, role: Role): number {
  const roleSecondsMax = Math.floor(role.maxSessionMs / 1000);
  const text = call.parameters.get('DurationSeconds');
  if (text === undefined) return Math.min(DURATION_SECONDS_DEFAULT, roleSecondsMax);
  if (!/^-?\d{1,10}$/.test(text)) {
    throw constraint(text, 'durationSeconds', 'be a whole number');
  }
  const seconds = Number(text);
  const longestSeconds = Math.floor(world.longestSessionMs / 1000);
  if (seconds < DURATION_SECONDS_MIN) {
    throw constraint(text, 'durationSeconds', 'have value greater than or equal to 900');
  }
  if (seconds > longestSeconds) {
    throw constraint(text, 'durationSeconds', `have value less than or equal to ${longestSeconds}`);
  }
  if (call.principal.kind === 'session' && seconds > CHAINED_SECONDS_MAX) {
    throw new StsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role ' +
        'chaining.',
    );
  }
  if (seconds > roleSecondsMax) {
    throw new StsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
  return seconds;
}

function required(call: StsCall, name: string): string {
  const value = call.parameters.get(name);
  if (value !== undefined && value !== '') return value;
  const member = name[0]!.toLowerCase() + name.slice(1);
  throw new StsError(
    'ValidationError',
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member ` +
      'must not be null',
  );
}

function constraint(value: string, member: string, rule: string): StsError {
  return new StsError(
    'ValidationError',
    `1 validation error detected: Value '${value.slice(0, 100)}' at '${member}' failed to ` +
      `satisfy constraint: Member must ${rule}`,
  );
}

/** Key, secret and token from 32 random bytes and a number that never comes again. */
function createKeys(world: StorageWorld): {
  accessKeyId: string;
  secretAccessKey: string;
  token: string;
} {
  const seed = Buffer.concat([world.random(32), Buffer.from(`/${world.core.nextNumber()}`)]);
  const derive = (label: string): Buffer =>
    createHash('sha512').update(label).update(seed).digest();
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const id = Array.from(derive('id').subarray(0, 16), (byte) => letters[byte & 31]).join('');
  return {
    accessKeyId: `ASIA${id}`,
    secretAccessKey: derive('secret').toString('base64').slice(0, 40),
    token: Buffer.concat([derive('token 1'), derive('token 2')]).toString('base64'),
  };
}
