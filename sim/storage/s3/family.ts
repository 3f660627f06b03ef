import { formatDuration } from '../../../machines/rules/duration.ts';
import { keysFromSeed } from '../access/make-keys.ts';
import {
  type FamilyOptions,
  FamilyRefusal,
  type RunningFamily,
  type StorageFamily,
} from '../families.ts';
import { PROFILES, type StorageProfile } from '../profiles.ts';
import { startStorage } from '../start.ts';
import { s3ClientSettings, s3Commands } from './client-settings.ts';

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
    clientSettings: () => {
      const bucket = options.buckets[0] ?? storage.bucketNames()[0];
      return s3ClientSettings({ endpoint, region: REGION, accessKeyId, secretAccessKey, bucket });
    },
    bucketNames: () => storage.bucketNames(),
    decisions: () => storage.decisions(),
    issueKeys: (request) => {
      checkLifetime(profile, request.durationMs);
      const issued = storage.issueKeys({ ...request, accessKeyId, roleArn: ROLE_ARN });
      // With the address, so that an unmodified client does not take the keys to Amazon.
      const address = {
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: REGION,
        AWS_DEFAULT_REGION: REGION,
      };
      const environment = { ...issued.environment, ...address };
      return { ...issued, environment, commands: s3Commands(endpoint, request) };
    },
    close: () => storage.close(),
  };
}

/** The limits of STS in the words of whoever started this storage, with what to do. */
function checkLifetime(profile: StorageProfile, durationMs: number): void {
  const { shortestSessionMs, longestSessionMs, name } = profile;
  if (durationMs >= shortestSessionMs && durationMs <= longestSessionMs) return;
  const others = Object.values(PROFILES)
    .filter((other) => durationMs <= other.longestSessionMs)
    .map((other) => `--profile ${other.name} allows ${formatDuration(other.longestSessionMs)}`);
  const isLong = durationMs > longestSessionMs && others.length > 0;
  throw new FamilyRefusal(
    'ValidationError',
    `${name} issues sessions of ${formatDuration(shortestSessionMs)} to ` +
      `${formatDuration(longestSessionMs)}, not of ${formatDuration(durationMs)}` +
      (isLong ? `; serving with ${others.join(', ')}` : ''),
  );
}
