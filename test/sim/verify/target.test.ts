import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { secretsOf } from '../../../machines/ports/storage-credential.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import { formatProblem } from '../../../sim/scenario/index.ts';
import { loadTarget, parseTarget } from '../../../sim/verify/target/load.ts';
import { readSecrets, SecretMissing } from '../../../sim/verify/target/secrets.ts';
import type { VerifyTarget } from '../../../sim/verify/target/types.ts';

const folder = mkdtempSync(join(tmpdir(), 'fortnight-target-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const S3 = [
  'kind: s3-compatible',
  'endpoint: https://s3.vendor.example',
  'bucket: vault',
  'roleArn: arn:aws:iam::000000000000:role/fortnight',
  'credentials: { environment: { accessKeyId: SP_KEY, secretAccessKey: SP_SECRET } }',
];

function target(lines: readonly string[]): VerifyTarget {
  const result = parseTarget(lines.join('\n'), 't.yaml');
  if (!result.ok) throw new Error(result.problems.map(({ text }) => text).join('; '));
  return result.target;
}

function problems(lines: readonly string[]): string {
  const result = parseTarget(lines.join('\n'), 't.yaml');
  return result.ok ? 'no problem' : result.problems.flatMap(formatProblem).join('\n');
}

const without = (lines: readonly string[], key: string) =>
  lines.filter((line) => !line.startsWith(`${key}:`));

describe('a target file', () => {
  test('is read with what is usual left out', () => {
    expect(target([...S3, 'longestSession: 12h'])).toMatchObject({
      kind: 's3-compatible',
      issuer: 'assume-role',
      region: 'us-east-1',
      longestSessionMs: 12 * HOUR_MS,
      repository: null,
      waits: false,
      stsEndpoint: null,
    });
  });

  test.each(['aws', 'minio', 'azure', 'gcs'])('examples/target-%s.yaml is right', (name) => {
    const result = loadTarget(`examples/target-${name}.yaml`, process.cwd());
    expect(result.ok ? 'right' : result.problems).toBe('right');
  });

  test.each([
    ['no kind', without(S3, 'kind'), 't.yaml:1:1', /"kind" is missing/],
    ['an unknown kind', ['kind: s3'], 't.yaml:1:7', /use one of|did you mean/],
    ['a key of another kind', [...S3, 'account: x'], 't.yaml:6:1', /"account" is not known here/],
    [
      'a mistyped key',
      [...S3, 'longestsession: 1h'],
      't.yaml:6:1',
      /did you mean "longestSession"/,
    ],
    ['no endpoint', without(S3, 'endpoint'), 't.yaml', /"endpoint" is missing/],
    [
      'an address with a password',
      [...without(S3, 'endpoint'), 'endpoint: https://u:p@h'],
      't.yaml:5:11',
      /no user/,
    ],
    ['a duration without a unit', [...S3, 'longestSession: 12'], 't.yaml:6:17', /no unit/],
    [
      'a bucket with capitals',
      [...without(S3, 'bucket'), 'bucket: Vault'],
      't.yaml:5:9',
      /no name of a bucket/,
    ],
    ['no role', without(S3, 'roleArn'), 't.yaml', /needs "roleArn"/],
    [
      'an issuer of another kind',
      [...S3, 'issuer: hmac-key'],
      't.yaml:6:9',
      /has no issuer "hmac-key"/,
    ],
    ['a repository with a wildcard', [...S3, 'repository: "a*"'], 't.yaml:6:13', /contains/],
    ['no YAML', ['kind: [', 'x'], 't.yaml', /not YAML/],
  ])('%s is told with its place', (_name, lines, place, text) => {
    const told = problems(lines);
    expect(told).toContain(place);
    expect(told).toMatch(text);
  });

  test('both places of secrets, or none, are refused', () => {
    const bare = without(S3, 'credentials');
    expect(problems([...bare, 'credentials: {}'])).toContain('give one of environment');
    const both = 'credentials: { profile: x, environment: { accessKeyId: A, secretAccessKey: B } }';
    expect(problems([...bare, both])).toContain('give one of environment');
  });

  test.each([
    'credentials: { environment: { accessKeyId: A, secretAccessKey: wJalrXUtnFEMI/K7MDENG } }',
    'credentials: { environment: { accessKeyId: A, secretAccessKey: 12345678901234 } }',
    'credentials: { environment: { accessKeyId: A, secretAccessKey: B, extra: wJalrXUtnFEMI } }',
    'credentials: wJalrXUtnFEMI/K7MDENG',
    'secretAccessKey: wJalrXUtnFEMI/K7MDENG',
  ])('I64 a secret in the file is refused and never repeated: %s', (line) => {
    const told = problems([...without(S3, 'credentials'), line]);
    expect(told).not.toBe('no problem');
    expect(told).not.toMatch(/wJalr|12345678901234/);
  });

  test('a file that is not there', () => {
    const result = loadTarget('none.yaml', folder);
    expect(result).toMatchObject({ ok: false });
    expect(result.ok ? '' : result.problems[0]?.text).toContain('no such file');
  });
});

describe('where the secrets are', () => {
  test('environment variables, which keep their values to themselves', () => {
    const environment = { SP_KEY: 'AKIA1', SP_SECRET: 'a very long secret' };
    const { owner } = readSecrets(target(S3), environment);
    expect(owner).toMatchObject({ kind: 's3-keys', keyId: 'AKIA1', sessionToken: null });
    expect(inspect(owner, { depth: 9 })).not.toContain('very long');
    expect(secretsOf(owner)[0]?.use((text) => text)).toBe('a very long secret');
  });

  test('a variable that is not set is named', () => {
    expect(() => readSecrets(target(S3), { SP_KEY: 'AKIA1', SP_SECRET: '' })).toThrow(
      SecretMissing,
    );
    expect(() => readSecrets(target(S3), { SP_KEY: 'AKIA1' })).toThrow(/SP_SECRET is not set/);
  });

  test('a profile of an AWS-style file', () => {
    const file = join(folder, 'credentials');
    const text = ['[other]', 'aws_access_key_id=no', '[ sp ]', 'aws_access_key_id = AKIA2 '];
    writeFileSync(file, [...text, 'aws_secret_access_key = a=b', '[last]'].join('\n'));
    const lines = [...without(S3, 'credentials'), 'credentials: { profile: sp }'];
    const environment = { AWS_SHARED_CREDENTIALS_FILE: file };
    const { owner } = readSecrets(target(lines), environment);
    expect(owner).toMatchObject({ keyId: 'AKIA2', sessionToken: null });
    expect(secretsOf(owner)[0]?.use((secret) => secret)).toBe('a=b');
    const another = target([...without(S3, 'credentials'), 'credentials: { profile: nobody }']);
    expect(() => readSecrets(another, environment)).toThrow(/no profile \[nobody\]/);
    expect(() => readSecrets(another, { HOME: folder })).toThrow(/cannot be read \(ENOENT\)/);
  });

  test('a key file of Google that is none', () => {
    const gcs = (name: string) => [
      'kind: gcs',
      'bucket: vault',
      `credentials: { environment: { ${name}: SP_KEY } }`,
    ];
    const byText = target(gcs('serviceAccountKey'));
    expect(() => readSecrets(byText, { SP_KEY: 'no JSON' })).toThrow(/is no key file/);
    expect(() => readSecrets(byText, { SP_KEY: '{}' })).toThrow(/lacks client_email/);
    const byPath = target(gcs('serviceAccountKeyFile'));
    expect(() => readSecrets(byPath, { SP_KEY: join(folder, 'none') })).toThrow(/ENOENT/);
  });
});
