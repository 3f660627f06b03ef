import { AssumeRoleCommand, GetFederationTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { federatedName, iamUserName, userPath } from '../../../adapters/aws/iam-names.ts';
import { IamUsers } from '../../../adapters/aws/iam-users.ts';
import {
  awsEndpoint,
  clientOptions,
  createHttpHandler,
  signByClock,
} from '../../../adapters/s3/client.ts';
import { translateIssuerError } from '../../../adapters/s3/issuer-errors.ts';
import { roleSessionName } from '../../../adapters/s3/role-session-name.ts';
import { partitionOf, sessionPolicy } from '../../../adapters/s3/session-policy.ts';
import { sessionCredential } from '../../../adapters/s3/sts-session.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import {
  requireCredential,
  type StorageCredential,
  type StorageLocation,
} from '../../../machines/ports/storage-credential.ts';
import { type CredentialScope, scopePrefixes } from '../../../machines/rules/scope.ts';
import { formatInstant, HOUR_MS } from '../../../machines/rules/time.ts';
import type { S3Target } from '../target/types.ts';
import type { Window } from './access.ts';

const SESSION_SECONDS = 3600;

export interface WindowIssue {
  readonly target: S3Target;
  readonly location: StorageLocation;
  readonly owner: StorageCredential;
  readonly clock: Clock;
  readonly scope: CredentialScope;
  readonly generation: number;
  readonly window: Window;
}

/**
 * C9 with dates: the rights of the scope between two instants only (`aws:CurrentTime`), which the
 * storage compares with its own clock at each request. By the way that the target issues.
 */
export async function issueWindow(issue: WindowIssue): Promise<StorageCredential> {
  return issue.target.issuer === 'iam-user' ? userWindow(issue) : sessionWindow(issue);
}

function windowPolicy({ location, scope, window }: WindowIssue): string {
  const partition = partitionOf(location.region);
  const text = sessionPolicy({ bucket: location.bucket, ...scopePrefixes(scope), partition });
  const policy = JSON.parse(text) as { Statement: { Condition?: object }[] };
  const instant = (at: number) => ({
    'aws:CurrentTime': formatInstant(Math.floor(at / 1000) * 1000).replace('.000Z', 'Z'),
  });
  const dates = {
    DateLessThan: instant(window.endsAt),
    ...(window.startsAt === null ? {} : { DateGreaterThan: instant(window.startsAt) }),
  };
  for (const statement of policy.Statement) {
    statement.Condition = { ...statement.Condition, ...dates };
  }
  return JSON.stringify(policy);
}

/** Made as the issuer makes its users, so the issuer's `revoke` removes it. */
async function userWindow(issue: WindowIssue): Promise<StorageCredential> {
  const { clock, generation, location, owner, scope, target } = issue;
  const users = new IamUsers({
    endpoint: target.iamEndpoint ?? location.endpoint,
    region: location.region,
    credential: requireCredential('s3-keys', owner),
    clock,
  });
  try {
    const name = iamUserName(scope, generation);
    const end = Math.floor((clock.now() + HOUR_MS) / 1000) * 1000;
    await users.create({ name, path: userPath(location.bucket, scope, end) });
    await users.putPolicy(name, windowPolicy(issue));
    const key = await users.createKey(name);
    return { kind: 's3-keys', ...key, sessionToken: null, generation, expiresAt: null };
  } finally {
    users.close();
  }
}

async function sessionWindow(issue: WindowIssue): Promise<StorageCredential> {
  const { clock, generation, location, owner, scope, target } = issue;
  const client = new STSClient({
    ...clientOptions(requireCredential('s3-keys', owner), location.region),
    endpoint: target.stsEndpoint ?? location.endpoint ?? awsEndpoint('sts', location.region),
    requestHandler: createHttpHandler(1),
  });
  signByClock(client.config, clock);
  const Policy = windowPolicy(issue);
  const at = clock.now();
  const request = { scope, generation, lifetimeMs: SESSION_SECONDS * 1000, at };
  const isFederation = target.issuer === 'federation-token';
  const operation = isFederation ? 'GetFederationToken' : 'AssumeRole';
  try {
    const { Credentials } = isFederation
      ? await client.send(
          new GetFederationTokenCommand({
            Name: federatedName(scope, generation),
            DurationSeconds: SESSION_SECONDS,
            Policy,
          }),
        )
      : await client.send(
          new AssumeRoleCommand({
            RoleArn: target.roleArn ?? '',
            RoleSessionName: roleSessionName(scope, generation),
            DurationSeconds: SESSION_SECONDS,
            Policy,
          }),
        );
    return sessionCredential(Credentials, request, operation);
  } catch (thrown) {
    throw translateIssuerError(thrown, operation, owner);
  } finally {
    client.destroy();
  }
}
