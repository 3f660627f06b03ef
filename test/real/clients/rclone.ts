import { rmSync } from 'node:fs';
import { BUCKET, type ClientFolder, expectSameFile, expectText, PREFIX } from './client-folder.ts';

/** What one family's storage is called in the words of rclone, and how it refuses. */
interface Remote {
  /** As `:gcs:`; its settings come from the environment. */
  readonly name: string;
  readonly family: string;
  /** Options that make a file of 30 MiB go up in parts. */
  readonly inParts: readonly string[];
  readonly expired: string;
  /** Listing beside the prefix of the credential. */
  readonly beside: string;
}

const ONCE = ['--retries', '1', '--low-level-retries', '1'];

export function checkRclone(client: ClientFolder): Promise<void> {
  const { endpoint } = client.storage;
  const settings = `provider=Other,env_auth=true,no_check_bucket=true,endpoint='${endpoint}'`;
  return check(client, {
    name: `:s3,${settings}:`,
    family: 'S3',
    inParts: ['--s3-upload-cutoff', '8M'],
    expired: 'ExpiredToken',
    beside: 'AccessDenied',
  });
}

/** By SAS only: before 1.62 rclone speaks to no other endpoint with an account key. */
export function checkRcloneAzure(client: ClientFolder): Promise<void> {
  return check(client, {
    name: ':azureblob:',
    family: 'Azure',
    inParts: ['--azureblob-chunk-size', '4M'],
    expired: 'AuthenticationFailed',
    beside: 'AuthorizationFailure',
  });
}

export function checkRcloneGcs(client: ClientFolder): Promise<void> {
  return check(client, {
    name: ':gcs:',
    family: 'Google',
    // Parts of 16 MiB are its own choice.
    inParts: [],
    expired: 'authError',
    beside: 'forbidden',
  });
}

async function check(client: ClientFolder, remote: Remote): Promise<void> {
  const { report } = client;
  await client.takeSession('--prefix', PREFIX);
  const below = `${remote.name}${BUCKET}/${PREFIX}`;
  const there = `${below}tree`;
  const title = `rclone on ${remote.family}`;
  const rclone = (...words: string[]) => client.succeed('rclone', words);
  await report.check(`${title}: copy, check, ls`, async () => {
    await rclone('copy', 'tree', there);
    // A whole folder: for a single missing file rclone asks HEAD, and who may list only below a
    // prefix is told 403 there, as on AWS.
    await rclone('copy', 'big', `${below}big`, ...remote.inParts);
    await rclone('check', 'tree', there);
    const listed = await rclone('ls', below);
    for (const key of ['big/large', 'tree/one', 'tree/sub/two']) expectText(listed, key);
  });
  await report.check(
    `${title}: sync deletes what is gone, and it comes back the same`,
    async () => {
      rmSync(client.path('tree/one'));
      await rclone('sync', 'tree', there);
      if (/ one$/m.test(await rclone('ls', there))) throw new Error('one is still there');
      await rclone('copy', `${below}big`, 'back');
      expectSameFile(client.path('big/large'), client.path('back/large'));
    },
  );
  await report.check(`${title}: C9: a credential does not list beside its prefix`, async () => {
    await client.refuse('rclone', ['ls', `${remote.name}${BUCKET}`, ...ONCE], remote.beside);
  });
  await client.expire(
    'rclone',
    [
      ['ls', there, ...ONCE],
      ['copy', 'tree', `${there}/again`, '--ignore-times', ...ONCE],
      ['sync', 'tree', there, ...ONCE],
    ],
    remote.expired,
    title,
  );
}
