import {
  BUCKET,
  type ClientFolder,
  expectEqual,
  expectSameFile,
  expectText,
  MIB,
  PREFIX,
} from './client-folder.ts';

export async function checkAws(client: ClientFolder): Promise<void> {
  const { report } = client;
  const aws = (...words: string[]) => client.succeed('aws', awsWords(client, words));
  await report.check('aws: mb, cp of 30 MiB in parts, back again, same bytes', async () => {
    await aws('s3', 'mb', 's3://second');
    await aws('s3', 'cp', 'big/large', 's3://second/large');
    await aws('s3', 'cp', 's3://second/large', 'back');
    expectSameFile(client.path('big/large'), client.path('back'));
    expectText(await aws('s3', 'ls', 's3://second'), String(30 * MIB));
  });
  await report.check('aws: sync, mv, server-side cp, rm, ls', async () => {
    await aws('s3', 'sync', 'tree', 's3://second/tree');
    await aws('s3', 'mv', 's3://second/tree/one', 's3://second/moved/one');
    await aws('s3', 'cp', 's3://second/large', 's3://second/copy');
    await aws('s3', 'rm', 's3://second/large');
    const keys = await aws('s3', 'ls', '--recursive', 's3://second');
    for (const key of ['copy', 'moved/one', 'tree/sub/two']) expectText(keys, key);
    if (/ large\n| tree\/one\n/.test(keys)) throw new Error(`still there:\n${keys}`);
  });
  await report.check('aws: a presigned URL reads, and a tampered one does not', async () => {
    const url = (await aws('s3', 'presign', 's3://second/moved/one')).trim();
    expectEqual(await (await fetch(url)).text(), 'one\n', 'content');
    expectEqual((await fetch(url.replace('moved/one', 'copy'))).status, 403, 'status');
  });
  await report.check('aws: rb refuses a full bucket and removes it with --force', async () => {
    await client.refuse('aws', awsWords(client, ['s3', 'rb', 's3://second']), 'BucketNotEmpty');
    await aws('s3', 'rb', '--force', 's3://second');
    if ((await aws('s3', 'ls')).includes('second')) throw new Error('the bucket is still there');
  });
  await report.check('aws: iam makes a user, a key and a policy, and removes them', async () => {
    await aws('iam', 'create-user', '--user-name', 'bob');
    const made = await aws('iam', 'create-access-key', '--user-name', 'bob');
    const { AccessKey } = JSON.parse(made) as { AccessKey: { AccessKeyId: string } };
    expectText(await aws('iam', 'list-access-keys', '--user-name', 'bob'), AccessKey.AccessKeyId);
    const key = ['--access-key-id', AccessKey.AccessKeyId];
    await aws('iam', 'delete-access-key', '--user-name', 'bob', ...key);
    await aws('iam', 'delete-user', '--user-name', 'bob');
  });
  await client.takeSession('--prefix', PREFIX);
  await report.check('aws: C9: a session writes below its prefix and not beside it', async () => {
    await aws('s3', 'cp', 'tree/one', `s3://${BUCKET}/${PREFIX}one`);
    const beside = ['s3', 'cp', 'tree/one', `s3://${BUCKET}/tenant-10/one`];
    await client.refuse('aws', awsWords(client, beside), 'AccessDenied');
  });
  await checkPresigned(client);
  await client.expire('aws', [
    awsWords(client, ['s3', 'ls', `s3://${BUCKET}/${PREFIX}`]),
    awsWords(client, ['s3', 'cp', 'tree/one', `s3://${BUCKET}/${PREFIX}two`]),
    awsWords(client, ['s3', 'rm', `s3://${BUCKET}/${PREFIX}three`]),
  ]);
}

/** A URL ends with its own time or with that of the session that signed it, whichever is first. */
async function checkPresigned(client: ClientFolder): Promise<void> {
  const { report, storage } = client;
  const answerOf = async (url: string): Promise<string> => {
    const answer = await fetch(url);
    const text = await answer.text();
    return answer.ok ? text : (/<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? text);
  };
  const presign = async (seconds: number): Promise<string> => {
    const words = ['s3', 'presign', `s3://${BUCKET}/${PREFIX}one`];
    const lifetime = ['--expires-in', String(seconds)];
    return (await client.succeed('aws', awsWords(client, [...words, ...lifetime]))).trim();
  };
  await report.check(
    'aws: a presigned URL ends with its own time, and with its session',
    async () => {
      const [short, long] = [await presign(60), await presign(7200)];
      expectEqual(await answerOf(short), 'one\n', 'at once');
      await storage.command('clock', '+2m');
      expectEqual(await answerOf(short), 'AccessDenied', 'a URL for a minute after two');
      expectEqual(await answerOf(long), 'one\n', 'a URL for two hours after two minutes');
      await storage.command('clock', '+58m');
      expectEqual(await answerOf(long), 'ExpiredToken', 'a URL for two hours after the session');
      await storage.command('clock', '-1h');
      expectEqual(await answerOf(short), 'one\n', 'when the clock is back');
    },
  );
}

function awsWords(client: ClientFolder, words: readonly string[]): readonly string[] {
  const quiet = words[1] === 'cp' || words[1] === 'sync' ? ['--no-progress'] : [];
  return ['--endpoint-url', client.storage.endpoint, ...words, ...quiet];
}
