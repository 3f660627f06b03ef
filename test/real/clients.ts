import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianProgram, type Finished, installMissing, runProgram } from './programs.ts';
import type { RealReport, RealSuite } from './report.ts';
import { type ServedStorage, serveStorage } from './served-storage.ts';

const BUCKET = 'clients';
const PREFIX = 'tenant-1/';
const MIB = 1024 * 1024;

/** Debian's awscli, restic and rclone, unmodified, against `fortnight storage`. */
export const clientSuite: RealSuite = {
  name: 'public S3 clients',
  run: async (report) => {
    const packages = { aws: 'awscli', restic: 'restic', rclone: 'rclone' };
    const missing = installMissing(packages, (line) => process.stdout.write(`${line}\n`));
    const folder = mkdtempSync(join(tmpdir(), 'fortnight-clients-'));
    try {
      for (const [program, check] of Object.entries(CHECKS)) {
        const why = missing.get(program);
        if (why !== undefined) {
          report.skip(program, why);
          continue;
        }
        const state = join(folder, `${program}-state`);
        const storage = await serveStorage(state, '--bucket', BUCKET);
        try {
          await check(new Bench(report, storage, join(folder, program)));
        } finally {
          const code = await storage.close();
          await report.check(`${program}: the storage ends with 143 at SIGTERM`, async () => {
            expectEqual(code, 143, 'exit code');
          });
        }
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const CHECKS: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  aws: checkAws,
  restic: checkRestic,
  rclone: checkRclone,
};

/** One client's working folder and environment, with the storage that it talks to. */
class Bench {
  readonly report: RealReport;
  readonly storage: ServedStorage;
  readonly folder: string;
  keys: Readonly<Record<string, string>>;

  constructor(report: RealReport, storage: ServedStorage, folder: string) {
    this.report = report;
    this.storage = storage;
    this.folder = folder;
    this.keys = storage.owner;
    mkdirSync(join(folder, 'tree', 'sub'), { recursive: true });
    mkdirSync(join(folder, 'big'));
    writeFileSync(this.path('big/large'), randomBytes(30 * MIB));
    writeFileSync(this.path('tree/one'), 'one\n');
    writeFileSync(this.path('tree/sub/two'), randomBytes(2 * MIB));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** From here on the client has this temporary credential. */
  async takeSession(...words: readonly string[]): Promise<void> {
    const [issued] = await this.storage.command('keys', '--duration', '1h', ...words);
    this.keys = issued?.environment as Record<string, string>;
  }

  /** Nothing of the caller's environment: its proxies and profiles are none of our business. */
  run(program: string, parameters: readonly string[]): Promise<Finished> {
    const { AWS_DEFAULT_REGION: _region, ...keys } = this.keys;
    return runProgram(debianProgram(program), parameters, {
      cwd: this.folder,
      env: {
        PATH: '/usr/bin:/bin',
        HOME: this.folder,
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_EC2_METADATA_DISABLED: 'true',
        RESTIC_PASSWORD: 'not secret',
        RCLONE_CONFIG_LAB_TYPE: 's3',
        RCLONE_CONFIG_LAB_PROVIDER: 'Other',
        RCLONE_CONFIG_LAB_ENV_AUTH: 'true',
        RCLONE_CONFIG_LAB_NO_CHECK_BUCKET: 'true',
        RCLONE_CONFIG_LAB_ENDPOINT: this.storage.endpoint,
        ...keys,
      },
    });
  }

  async succeed(program: string, parameters: readonly string[]): Promise<string> {
    const { code, output } = await this.run(program, parameters);
    if (code !== 0) throw new Error(`${program} ${parameters.join(' ')} → ${code}\n${output}`);
    return output;
  }

  /** The client fails, and the storage's own account of it names the code. */
  async refuse(program: string, parameters: readonly string[], code: string): Promise<void> {
    const finished = await this.run(program, parameters);
    if (finished.code === 0) throw new Error(`${program} ${parameters.join(' ')} succeeded`);
    const requests = await this.storage.command('auth', '--last', '1');
    expectEqual(requests.at(-1)?.code, code, `answer of the storage (${finished.output.trim()})`);
  }

  /** The same commands work, fail when the credential's life is over, and work when it is not. */
  async expire(program: string, commands: readonly (readonly string[])[]): Promise<void> {
    const each = async (what: string, run: (words: readonly string[]) => Promise<unknown>) => {
      for (const words of commands) {
        const isPlain = (word: string): boolean => !/^-|:\/\/|^lab:|^\d$/.test(word);
        const name = words.filter(isPlain).join(' ');
        await this.report.check(`${program}: ${name} ${what}`, async () => void (await run(words)));
      }
    };
    await each('works with a session', (words) => this.succeed(program, words));
    await this.storage.command('clock', '+1h');
    await each('fails with ExpiredToken after 1 h', (words) =>
      this.refuse(program, words, 'ExpiredToken'),
    );
    await this.storage.command('clock', '-1h');
    await each('works again when the clock is back', (words) => this.succeed(program, words));
  }
}

function expectEqual(found: unknown, wanted: unknown, what: string): void {
  if (found === wanted) return;
  throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
}

function expectSameFile(left: string, right: string): void {
  if (!readFileSync(left).equals(readFileSync(right))) {
    throw new Error(`${left} and ${right} differ`);
  }
}

function expectText(text: string, part: string): void {
  if (!text.includes(part)) throw new Error(`"${part}" is not in:\n${text}`);
}

async function checkAws(bench: Bench): Promise<void> {
  const { report } = bench;
  const aws = (...words: string[]) => bench.succeed('aws', awsWords(bench, words));
  await report.check('aws: mb, cp of 30 MiB in parts, back again, same bytes', async () => {
    await aws('s3', 'mb', 's3://second');
    await aws('s3', 'cp', 'big/large', 's3://second/large');
    await aws('s3', 'cp', 's3://second/large', 'back');
    expectSameFile(bench.path('big/large'), bench.path('back'));
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
    await bench.refuse('aws', awsWords(bench, ['s3', 'rb', 's3://second']), 'BucketNotEmpty');
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
  await bench.takeSession('--prefix', PREFIX);
  await report.check('aws: C9: a session writes below its prefix and not beside it', async () => {
    await aws('s3', 'cp', 'tree/one', `s3://${BUCKET}/${PREFIX}one`);
    const beside = ['s3', 'cp', 'tree/one', `s3://${BUCKET}/tenant-10/one`];
    await bench.refuse('aws', awsWords(bench, beside), 'AccessDenied');
  });
  await bench.expire('aws', [
    awsWords(bench, ['s3', 'ls', `s3://${BUCKET}/${PREFIX}`]),
    awsWords(bench, ['s3', 'cp', 'tree/one', `s3://${BUCKET}/${PREFIX}two`]),
    awsWords(bench, ['s3', 'rm', `s3://${BUCKET}/${PREFIX}three`]),
  ]);
}

function awsWords(bench: Bench, words: readonly string[]): readonly string[] {
  const quiet = words[1] === 'cp' || words[1] === 'sync' ? ['--no-progress'] : [];
  return ['--endpoint-url', bench.storage.endpoint, ...words, ...quiet];
}

async function checkRestic(bench: Bench): Promise<void> {
  const { report } = bench;
  // Debian's restic asks for the bucket itself, which no prefix-bound credential may.
  await bench.takeSession();
  const at = ['--repo', `s3:${bench.storage.endpoint}/${BUCKET}/restic`];
  const restic = (...words: string[]) => bench.succeed('restic', [...at, ...words]);
  await report.check('restic: init, backup, restore, same bytes', async () => {
    await restic('init');
    await restic('backup', 'tree');
    await restic('restore', 'latest', '--target', 'restored');
    expectSameFile(bench.path('tree/sub/two'), bench.path('restored/tree/sub/two'));
  });
  await report.check(
    'restic: forget --prune leaves one snapshot, check finds no fault',
    async () => {
      await restic('backup', 'tree', 'big');
      expectText(
        await restic('forget', '--keep-last', '1', '--group-by', '', '--prune'),
        'remove 1',
      );
      expectText(await restic('check', '--read-data'), 'no errors were found');
    },
  );
  await bench.expire('restic', [
    [...at, 'snapshots'],
    [...at, 'backup', 'tree'],
  ]);
}

async function checkRclone(bench: Bench): Promise<void> {
  const { report } = bench;
  await bench.takeSession('--prefix', PREFIX);
  const there = `lab:${BUCKET}/${PREFIX}tree`;
  const rclone = (...words: string[]) => bench.succeed('rclone', words);
  await report.check('rclone: copy, check, ls', async () => {
    await rclone('copy', 'tree', there);
    // A whole folder: for a single missing file rclone asks HEAD, and who may list only below a
    // prefix is told 403 there, as on AWS.
    await rclone('copy', 'big', `lab:${BUCKET}/${PREFIX}big`, '--s3-upload-cutoff', '8M');
    await rclone('check', 'tree', there);
    const listed = await rclone('ls', `lab:${BUCKET}/${PREFIX}`);
    for (const key of ['big/large', 'tree/one', 'tree/sub/two']) expectText(listed, key);
  });
  await report.check(
    'rclone: sync deletes what is gone, and comes back byte for byte',
    async () => {
      rmSync(bench.path('tree/one'));
      await rclone('sync', 'tree', there);
      if (/ one$/m.test(await rclone('ls', there))) throw new Error('one is still there');
      await rclone('copy', `lab:${BUCKET}/${PREFIX}big`, 'back');
      expectSameFile(bench.path('big/large'), bench.path('back/large'));
    },
  );
  await report.check('rclone: C9: a session does not list beside its prefix', async () => {
    const words = ['ls', `lab:${BUCKET}/tenant-10`, '--retries', '1'];
    await bench.refuse('rclone', words, 'AccessDenied');
  });
  const once = ['--retries', '1', '--low-level-retries', '1'];
  await bench.expire('rclone', [
    ['ls', there, ...once],
    ['copy', 'tree', `${there}/again`, '--ignore-times', ...once],
    ['sync', 'tree', there, ...once],
  ]);
}
