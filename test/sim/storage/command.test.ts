import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../../sim/cli/main.ts';
import { capturedMain } from '../cli/captured-main.ts';
import { DAY_MS, HOUR_MS, refusal } from './lab.ts';

interface Serving {
  readonly endpoint: string;
  readonly port: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  stop(signal?: 'SIGINT' | 'SIGTERM'): Promise<number>;
}

function s3Client(
  endpoint: string,
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
): S3Client {
  const settings = { endpoint, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1 };
  return new S3Client({ ...settings, credentials });
}

describe('fortnight storage', () => {
  let directory = '';
  let running: Serving[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fortnight-command-'));
    running = [];
  });
  afterEach(async () => {
    for (const serving of running) await serving.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Serves in this process; the first line of output says where. */
  const serve = async (...words: string[]): Promise<Serving> => {
    const controller = new AbortController();
    let [stdout, stderr] = ['', ''];
    let announce: (line: string) => void = () => undefined;
    const announced = new Promise<string>((resolve) => {
      announce = resolve;
    });
    const ended = main(['storage', '--port', '0', '--json', ...words], {
      stdout: (text) => {
        stdout += text;
        announce(text);
      },
      stderr: (text) => {
        stderr += text;
      },
      environment: {},
      workingDirectory: directory,
      signal: controller.signal,
      isInputTerminal: false,
      isOutputTerminal: false,
    });
    const first = await Promise.race([announced, ended]);
    if (typeof first === 'number') throw new Error(`it ended with ${first}: ${stderr}`);
    const { families } = JSON.parse(first) as { families: { endpoint: string; port: number }[] };
    const { endpoint, port } = families[0]!;
    const serving: Serving = {
      endpoint,
      port,
      stdout: () => stdout,
      stderr: () => stderr,
      stop: (signal = 'SIGINT') => {
        controller.abort(signal);
        return ended;
      },
    };
    running.push(serving);
    return serving;
  };
  const ask = (...words: string[]) =>
    capturedMain(['storage', ...words], { workingDirectory: directory });
  const askJson = async (...words: string[]) => {
    const { stdout, stderr, code } = await ask(...words, '--json');
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout.split('\n')[0]!) as Record<string, unknown>;
  };
  const sessionClient = async (endpoint: string, ...words: string[]) => {
    const { environment } = (await askJson('keys', ...words)) as {
      environment: Record<string, string>;
    };
    return s3Client(endpoint, {
      accessKeyId: environment.AWS_ACCESS_KEY_ID!,
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY!,
      sessionToken: environment.AWS_SESSION_TOKEN!,
    });
  };
  /** As the owner, whose keys the first line of output holds. */
  const ownerClient = (endpoint: string): S3Client => {
    const { families } = JSON.parse(running[0]!.stdout().split('\n')[0]!) as {
      families: { clients: { client: string; lines: string[] }[] }[];
    };
    const text = families[0]!.clients.find(({ client }) => client === 'awscli')!.lines.join('\n');
    const settingOf = (name: string): string => new RegExp(`${name}=(.*)`).exec(text)![1]!;
    return s3Client(endpoint, {
      accessKeyId: settingOf('AWS_ACCESS_KEY_ID'),
      secretAccessKey: settingOf('AWS_SECRET_ACCESS_KEY'),
    });
  };

  it('C10: a session works, ends with its time, and works when the clock is back', async () => {
    // The SDK sets its own clock by each reply, so after a move it is off until the next one.
    const { endpoint } = await serve('--bucket', 'demo', '--skew-tolerance', '2h');
    const s3 = await sessionClient(endpoint, '--prefix', 'tenant', '--duration', '1h');
    const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: 'demo', Key, Body: 'x' }));
    await put('tenant/a');
    expect(await refusal(put('tenant0/a'))).toMatchObject({ code: 'AccessDenied' });
    const moved = await askJson('clock', '+1h');
    expect((moved.after as number) - (moved.before as number)).toBe(HOUR_MS);
    expect(await refusal(put('tenant/a'))).toMatchObject({ code: 'ExpiredToken', status: 400 });
    expect((await ask('clock', '-1h')).stdout).toMatch(/^before .*\nafter .* \(-1h\)\n$/);
    await put('tenant/a');
    const { stdout } = await ask('auth', '--last', '3');
    expect(stdout).toMatch(/tenant0\/a {2}403 {2}AccessDenied/);
    expect(stdout).toMatch(/denied {2}s3:PutObject .*session policy: no statement applies/);
    expect(stdout).toMatch(/refused before any policy was asked: ExpiredToken/);
    s3.destroy();
  });

  it('faults are added, listed and cleared', async () => {
    const { endpoint } = await serve('--memory', '--bucket', 'demo');
    const s3 = await sessionClient(endpoint);
    const head = () => s3.send(new HeadBucketCommand({ Bucket: 'demo' }));
    const added = await ask('faults', 'add', 'throttle', '--operation', 'HeadBucket', '--nth', '2');
    expect(added.stdout).toBe(
      'error 503 SlowDown at call 2 of HeadBucket; met 0 calls, spoiled 0\n',
    );
    await head();
    expect((await refusal(head())).status).toBe(503);
    expect((await ask('faults')).stdout).toContain('met 2 calls, spoiled 1');
    await ask('faults', 'add', 'clock-skew', '--by=-1h', '--repeat', 'always');
    expect((await refusal(head())).status).toBe(403);
    expect((await ask('faults', 'clear')).stdout).toBe('No faults are set.\n');
    s3.destroy();
    // A fresh client: the other one has set its clock by the skewed one.
    const fresh = await sessionClient(endpoint);
    await fresh.send(new HeadBucketCommand({ Bucket: 'demo' }));
    fresh.destroy();
  });

  it('objects, keys and the clock outlive a restart; a signal ends with its code', async () => {
    const first = await serve('--bucket', 'demo');
    await askJson('clock', '+30d');
    const s3 = await sessionClient(first.endpoint, '--duration', '12h');
    const late = s3.send(new HeadBucketCommand({ Bucket: 'demo' }));
    expect((await refusal(late)).status).toBe(403);
    s3.destroy();
    const keysOf = (serving: Serving) => /AKIA[A-Z2-7]{16}/.exec(serving.stdout())?.[0];
    expect(await first.stop('SIGTERM')).toBe(143);
    expect(existsSync(join(directory, '.fortnight-storage', 'control.json'))).toBe(false);
    const second = await serve('--skew-tolerance', '60d');
    expect(keysOf(second)).toBe(keysOf(first));
    const { now } = await askJson('clock');
    expect((now as number) - Date.now()).toBeGreaterThan(29 * DAY_MS);
    const again = await sessionClient(second.endpoint, '--bucket', 'demo');
    await again.send(new HeadBucketCommand({ Bucket: 'demo' }));
    again.destroy();
    expect(await second.stop()).toBe(130);
  });

  it('secrets lie in the folder only for their owner, and never in the explanations', async () => {
    const { endpoint, stdout } = await serve('--memory', '--bucket', 'demo', '--explain-auth');
    const s3 = await sessionClient(endpoint);
    const { secretAccessKey, sessionToken } = await s3.config.credentials();
    await s3.send(new HeadBucketCommand({ Bucket: 'demo' }));
    s3.destroy();
    await expect.poll(stdout).toContain('"type":"storage.request"');
    const explained = stdout().split('\n').slice(1).join('\n');
    for (const secret of [secretAccessKey, sessionToken!]) expect(explained).not.toContain(secret);
    const file = join(directory, '.fortnight-storage', 'control.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { token } = JSON.parse(readFileSync(file, 'utf8')) as { token: string };
    expect(stdout()).not.toContain(token);
  });

  it('--kind all serves every family that exists, each on its own port', async () => {
    const { stdout } = await serve('--memory', '--kind', 'all', '--bucket', 'demo');
    const { families } = JSON.parse(stdout().split('\n')[0]!) as {
      families: { kind: string; port: number }[];
    };
    expect(families.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['s3', 'azure']));
    expect(new Set(families.map(({ port }) => port)).size).toBe(families.length);
  });

  it('shows what to paste, without --json', async () => {
    const controller = new AbortController();
    let stdout = '';
    const ended = main(['storage', '--port', '0', '--memory', '--tls', '--state', 'here'], {
      stdout: (text) => {
        stdout += text;
        if (text.includes('Ctrl-C')) controller.abort('SIGINT');
      },
      stderr: () => undefined,
      environment: {},
      workingDirectory: directory,
      signal: controller.signal,
      isInputTerminal: false,
      isOutputTerminal: false,
    });
    expect(await ended).toBe(130);
    for (const client of ['awscli', 'rclone', 'restic', 'AWS SDK for JavaScript']) {
      expect(stdout).toContain(`# ${client}\n`);
    }
    expect(stdout).toMatch(/s3 storage at https:\/\/127\.0\.0\.1:\d+ \(profile aws\)/);
    expect(stdout).toContain(`AWS_CA_BUNDLE=${join(directory, 'here', 'tls', 'cert.pem')}`);
  });

  it('warns when it can be reached from elsewhere', async () => {
    const { stderr } = await serve('--memory', '--host', '0.0.0.0');
    expect(stderr()).toMatch(/^Warning: 0\.0\.0\.0 is not the loopback address/);
  });

  it('a port in use ends with 4 and says what to do', async () => {
    const blocker: Server = createServer();
    await new Promise<void>((resolve) => void blocker.listen(0, '127.0.0.1', () => resolve()));
    const { port } = blocker.address() as { port: number };
    const { code, stderr } = await ask('--port', String(port));
    expect(code).toBe(4);
    expect(stderr).toMatch(/the port is in use; .*--port 0 for any free one/);
    expect(existsSync(join(directory, '.fortnight-storage', 'lock'))).toBe(false);
    await new Promise((resolve) => blocker.close(resolve));
  });

  it('a folder that is served already ends with 4; so does asking where nobody serves', async () => {
    const { port } = await serve('--memory');
    expect(await ask('--port', '0')).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/is served by process \d+; stop that one first/),
    });
    expect(await ask('clock', '--port', String(port))).toMatchObject({ code: 0 });
    expect(await ask('clock', '--port', '1')).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/listens on \d+, not on 1/),
    });
    expect(await ask('clock', '--state', 'elsewhere')).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/no storage is running .*start it with "fortnight storage"/),
    });
  });

  it.each<[string, RegExp]>([
    ['--kind gcs2', /Did you mean "gcs"\? Use one of: s3, azure, gcs, all/],
    ['--profile amazon', /--profile: "amazon" is not known\. Use one of: aws, minio, ceph/],
    ['--port 70000', /--port: "70000" is no port/],
    ['--bucket A', /"A" is no bucket name that S3 allows/],
    ['--skew-tolerance 5', /"5" has no unit/],
    ['bogus', /"storage bogus" is not a command\. Commands: serve, clock, faults, keys, auth/],
    ['kyes', /Did you mean "storage keys"\?/],
    ['warp 1h', /Write: fortnight storage clock \+1h/],
    ['clock 15m', /clock: "15m": write \+15m, -1d/],
    ['clock soon', /clock: "soon": write \+15m, -1d/],
    ['clock +15', /"15" has no unit/],
    ['clock rate fast', /"fast" is no rate: write it like 60x/],
    ['clock 2026-13-01', /"2026-13-01" is no instant/],
    ['clock +1h +1h', /clock: "\+1h \+1h"/],
    ['clock --bogus', /clock: unknown option '--bogus'/],
    ['faults remove', /faults: "remove" is not known\. Use one of: add, list, clear/],
    ['faults add', /the kind is missing\. Use one of: error, throttle/],
    ['faults add throtle', /Did you mean "throttle"\?/],
    ['faults add delay', /--by is missing/],
    ['faults add cut --by 5s', /--by means nothing for cut/],
    ['faults add error --nth x', /--nth: "x" is not a whole number/],
    ['faults clear now', /faults clear: there are too many words/],
    ['keys --duration 0s', /must be longer than zero/],
    ['auth --last 0', /--last: "0" is not a number from 1 to 1000/],
  ])('"storage %s" ends with 2 and says what to write', async (line, says) => {
    const words = line.split(' ');
    const memory = words[0]!.startsWith('--') ? ['--memory'] : [];
    const port = words.includes('--port') || memory.length === 0 ? [] : ['--port', '0'];
    const { code, stderr, stdout } = await ask(...words, ...memory, ...port);
    expect(stderr).toMatch(says);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it.each<[string, RegExp]>([
    ['--bucket nope', /the s3 storage has no bucket "nope": there is demo \(NoSuchBucket\)/],
    ['--kind gcs --bucket NOPE', /the gcs storage has no bucket "NOPE": there is demo/],
    ['--kind azure --bucket nope', /the azure storage has no bucket "nope": there is demo/],
    ['--duration 14d', /aws issues sessions of 15m to 12h, not of 14d; .*--profile minio .*365d/],
    ['--duration 1m', /aws issues sessions of 15m to 12h, not of 1m \(ValidationError\)/],
    ['--duration 400d', /not of 400d \(ValidationError\)/],
    ['--kind gcs --duration 14d', /a token of Google lives 1s to 12h, not 14d/],
    ['--kind azure --prefix a/../b', /"a\/\.\.\/b\/" is no path of a directory/],
  ])('C14: "storage keys %s" ends with 2 and says what there is', async (line, says) => {
    await serve('--memory', '--kind', 'all', '--bucket', 'demo');
    const { code, stderr, stdout } = await ask('keys', ...line.split(' '));
    expect(stderr).toMatch(says);
    expect(stderr.match(/fortnight:/g)).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('keys without --bucket take the only bucket, whoever made it, and else ask', async () => {
    const { endpoint } = await serve('--memory');
    expect(await ask('keys')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--bucket is missing .*make one, or serve with --bucket NAME/),
    });
    const owner = ownerClient(endpoint);
    await owner.send(new CreateBucketCommand({ Bucket: 'made' }));
    expect(await askJson('keys')).toMatchObject({ bucket: 'made' });
    await owner.send(new CreateBucketCommand({ Bucket: 'other' }));
    owner.destroy();
    expect(await ask('keys')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--bucket is missing .*there is made, other/),
    });
  });

  it('what keys print is read by a shell as it was meant', async () => {
    await serve('--memory', '--kind', 'all', '--bucket', 'demo');
    for (const kind of ['s3', 'azure', 'gcs']) {
      const { environment, ...told } = (await askJson('keys', '--kind', kind)) as {
        environment: Record<string, string>;
        commands: string[];
      };
      const lines = (await ask('keys', '--kind', kind)).stdout.split('\n');
      const exported = lines.filter((line) => line.startsWith('export '));
      expect(exported).toHaveLength(Object.keys(environment).length);
      const read = spawnSync('sh', ['-euc', `${exported.join('\n')}\nexec env`], { env: {} });
      const names = Object.keys(environment).map((name) => `${name}=`);
      const found = read.stdout.toString().split('\n');
      for (const name of names) {
        const value = found.find((line) => line.startsWith(name))?.slice(name.length) ?? '';
        // The key itself is another one each time.
        expect(value.length).toBe(environment[name.slice(0, -1)]!.length);
      }
      expect(lines).toEqual(expect.arrayContaining(told.commands.map((line) => `#   ${line}`)));
    }
  });

  it('an object whose file is gone is a clean 500, told once, and the others live on', async () => {
    const { endpoint, stderr } = await serve('--kind', 'all', '--bucket', 'demo');
    const s3 = await sessionClient(endpoint);
    const get = (Key: string) => s3.send(new GetObjectCommand({ Bucket: 'demo', Key }));
    await s3.send(new PutObjectCommand({ Bucket: 'demo', Key: 'lost', Body: 'x' }));
    const blobs = join(directory, '.fortnight-storage', 's3', 'blobs');
    for (const fan of readdirSync(blobs)) {
      for (const file of readdirSync(join(blobs, fan))) rmSync(join(blobs, fan, file));
    }
    await s3.send(new PutObjectCommand({ Bucket: 'demo', Key: 'kept', Body: 'y' }));
    expect(await refusal(get('lost'))).toMatchObject({ code: 'InternalError', status: 500 });
    expect(await (await get('kept')).Body!.transformToString()).toBe('y');
    s3.destroy();
    expect(stderr()).toMatch(/^fortnight: .*at s3 GetObject demo\/lost: .*blob file .* is gone/);
  });
});
