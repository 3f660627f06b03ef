import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, expect, test } from 'vitest';
import { createAwsIssuer } from '../../../adapters/aws/assume-role-issuer.ts';
import { createFederationTokenIssuer } from '../../../adapters/aws/federation-token-issuer.ts';
import { clientOptions, signByClock } from '../../../adapters/s3/client.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import type { S3Keys } from '../../../machines/ports/storage-credential.ts';
import { ISSUERS } from '../../../machines/rules/issuers.ts';
import { DAY_MS, HOUR_MS } from '../../../machines/rules/time.ts';
import { createVirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { startStorage } from '../../../sim/storage/index.ts';
import { codeOf } from '../../contract/store-content.ts';
import { START_AT } from '../../contract/store-world.ts';

const SCOPE = { repository: 'vault', tenant: 'acme', subtenant: null };
const ROLES = 'arn:aws:iam::000000000000:role/';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function keyOf(userName: string): S3Keys {
  return {
    kind: 's3-keys',
    keyId: `AKIA${userName.toUpperCase()}`,
    secretKey: new Secret(`secret-of-${userName}`),
    sessionToken: null,
    generation: 0,
    expiresAt: null,
  };
}

/** An account of AWS with a root user, a user, and a role that only another role may assume. */
async function account() {
  const clock = createVirtualClock(START_AT);
  const storage = await startStorage({
    clock,
    state: { kind: 'memory' },
    identities: ['owner', 'root'].map((userName) => ({
      userName,
      accessKeyId: keyOf(userName).keyId,
      secretAccessKey: `secret-of-${userName}`,
      policy: 'full',
      isRoot: userName === 'root',
    })),
    roles: [
      { name: 'first', trustedUserNames: ['owner'] },
      { name: 'second', trustedUserNames: [`${ROLES}first`] },
    ].map((role) => ({
      ...role,
      arn: ROLES + role.name,
      policy: 'full',
      maxSessionMs: 12 * HOUR_MS,
    })),
    buckets: ['vault'],
  });
  closers.push(() => storage.close());
  const location = {
    storage: 'aws',
    endpoint: storage.endpoint,
    region: 'us-east-1',
    bucket: 'vault',
  } as const;
  const issue = (issuer: CredentialIssuer, lifetimeMs: number) => {
    closers.unshift(() => issuer.close());
    return issuer.issue({ scope: SCOPE, generation: 1, lifetimeMs, at: clock.now() });
  };
  return { clock, location, issue };
}

test('C14 14 days become 36 hours; the root user gets 1 hour and no more', async () => {
  const { clock, issue, location } = await account();
  const issuerOf = (userName: string) =>
    createFederationTokenIssuer({ location, clock, credential: keyOf(userName) });
  const { expiresAt } = await issue(issuerOf('owner'), 14 * DAY_MS);
  expect(expiresAt - clock.now()).toBe(36 * HOUR_MS);
  expect(await codeOf(issue(issuerOf('root'), HOUR_MS + 1000))).toBe('issuer.limit');
  expect(await codeOf(issue(issuerOf('root'), HOUR_MS))).toBe('resolved');
});

test('what the vendor does not allow is issuer.limit, not a shorter credential', async () => {
  const { clock, issue, location } = await account();
  const capabilities = { ...ISSUERS['federation-token'], lifetimeMaxMs: 48 * HOUR_MS };
  const options = { location, clock, capabilities, credential: keyOf('owner') };
  expect(await codeOf(issue(createFederationTokenIssuer(options), 40 * HOUR_MS))).toBe(
    'issuer.limit',
  );
});

/** A session of a role as an SP would hold it that has no user of its own. */
async function roleSession(endpoint: string, clock: Clock): Promise<S3Keys> {
  const client = new STSClient({ ...clientOptions(keyOf('owner'), 'us-east-1'), endpoint });
  signByClock(client.config, clock);
  const { Credentials } = await client.send(
    new AssumeRoleCommand({ RoleArn: `${ROLES}first`, RoleSessionName: 'provider' }),
  );
  client.destroy();
  return {
    ...keyOf('owner'),
    keyId: Credentials?.AccessKeyId ?? '',
    secretKey: new Secret(Credentials?.SecretAccessKey ?? ''),
    sessionToken: new Secret(Credentials?.SessionToken ?? ''),
  };
}

test('role chaining: 1 hour and no more; and a role may not federate', async () => {
  const { clock, issue, location } = await account();
  const credential = await roleSession(location.endpoint, clock);
  const chained = () => createAwsIssuer({ location, clock, credential, roleArn: `${ROLES}second` });
  expect(await codeOf(issue(chained(), HOUR_MS + 1000))).toBe('issuer.limit');
  expect(await codeOf(issue(chained(), HOUR_MS))).toBe('resolved');
  const federation = createFederationTokenIssuer({ location, clock, credential });
  expect(await codeOf(issue(federation, HOUR_MS))).toBe('issuer.refused');
});
