import { keysFromSeed } from '../access/make-keys.ts';
import type { FamilyOptions, RunningFamily, StorageFamily } from '../families.ts';
import { PROFILES } from '../profiles.ts';
import { startStorage } from '../start.ts';
import { s3ClientSettings } from './client-settings.ts';

const REGION = 'us-east-1';
const OWNER = 'owner';
const ROLE = 'tenant-access';
const ROLE_ARN = `arn:aws:iam::000000000014:role/${ROLE}`;

/** S3 with STS and IAM: one owner with all rights, and one role for temporary credentials. */
export const s3Family: StorageFamily = { kind: 's3', start };

async function start(options: FamilyOptions): Promise<RunningFamily> {
  const profile = PROFILES[options.profile];
  const { accessKeyId, secretAccessKey } = keysFromSeed(options.ownerSeed, 'AKIA');
  const { profile: _name, ownerSeed: _seed, ...common } = options;
  const storage = await startStorage({
    ...common,
    profile,
    region: REGION,
    identities: [{ userName: OWNER, accessKeyId, secretAccessKey, policy: 'full' }],
    roles: [
      {
        name: ROLE,
        arn: ROLE_ARN,
        trustedUserNames: [OWNER],
        policy: 'full',
        maxSessionMs: profile.longestSessionMs,
      },
    ],
  });
  const { endpoint, port } = storage;
  return {
    kind: 's3',
    endpoint,
    port,
    clientSettings: () =>
      s3ClientSettings({ endpoint, region: REGION, accessKeyId, secretAccessKey }),
    decisions: () => storage.decisions(),
    issueKeys: (request) => {
      const issued = storage.issueKeys({ ...request, accessKeyId, roleArn: ROLE_ARN });
      // With the address, so that an unmodified client does not take the keys to Amazon.
      const address = {
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: REGION,
        AWS_DEFAULT_REGION: REGION,
      };
      return { ...issued, environment: { ...issued.environment, ...address } };
    },
    close: () => storage.close(),
  };
}
