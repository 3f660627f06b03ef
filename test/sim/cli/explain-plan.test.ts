import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS } from '../../../machines/rules/time.ts';
import { capturedMain } from './captured-main.ts';

const SCENARIO = `version: 1
storages:
  - { name: amazon, kind: aws }
  - { name: blobs, kind: azure, hierarchicalNamespace: false }
repositories:
  - { name: keys, storage: amazon, mode: direct }
  - { name: roles, storage: amazon, mode: direct, issuer: assume-role, inSession: strict }
  - { name: locked, storage: blobs, mode: direct, immutability: true }
  - { name: empty, storage: blobs, mode: direct }
  - { name: behind, storage: blobs, mode: gateway }
tenants:
  - { name: acme, quota: 1GiB }
jobs:
  - { name: files, tenant: acme, repository: keys, source: { synthetic: { files: 1, size: 1MiB } } }
  - { name: proxied, tenant: acme, repository: keys, httpProxy: true, source: { synthetic: { files: 1, size: 1MiB } } }
  - { name: laptop, kind: agent, tenant: acme, repository: roles, inSession: reconnect, source: { synthetic: { files: 1, size: 1MiB } } }
  - { name: books, tenant: acme, repository: locked, source: { synthetic: { files: 1, size: 1MiB } } }
steps:
  - run: files
`;

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fortnight-explain-'));
  file = join(folder, 'plan.yaml');
  writeFileSync(file, SCENARIO);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function lines(...more: readonly string[]) {
  const { code, stdout, stderr } = await capturedMain(['explain', file, '--json', ...more]);
  expect(stderr).toBe('');
  const values = stdout.trimEnd().split('\n');
  return { code, plans: values.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('explain of a scenario file', () => {
  it('one line for each job, one for a repository without; refusals among them end with 3', async () => {
    const { code, plans } = await lines();
    expect(code).toBe(3);
    expect(plans).toMatchObject([
      {
        repository: 'keys',
        job: 'files',
        issuer: 'iam-user',
        effectiveLifetimeMs: 14 * DAY_MS,
        renewsFromMs: 13 * DAY_MS + 1,
        revocation: 'delayed',
      },
      { repository: 'keys', job: 'proxied', credential: 'none', issuer: null, warnings: [] },
      {
        repository: 'roles',
        job: 'laptop',
        targetHost: 'agentMachine',
        issuer: 'assume-role',
        effectiveLifetimeMs: 12 * HOUR_MS,
        everyConnectRenews: true,
        generationsAliveMax: null,
        warnings: [/^C14/, /^C13/].map((pattern) => expect.stringMatching(pattern)),
      },
      { repository: 'locked', job: 'books', refused: { rule: 'X3' } },
      { repository: 'empty', job: null, issuer: 'account-key-sas', scopeKind: 'container' },
      { repository: 'behind', job: null, credential: 'none', warnings: [] },
    ]);
  });

  it('--repository and --job choose', async () => {
    const one = await lines('--repository', 'keys', '--job', 'proxied');
    expect(one).toMatchObject({ code: 0, plans: [{ repository: 'keys', job: 'proxied' }] });
    expect((await lines('--repository', 'keys')).plans).toHaveLength(2);
    expect((await lines('--job', 'laptop')).plans).toMatchObject([{ repository: 'roles' }]);
  });

  it('says in words which repository and job each sheet is about', async () => {
    const { code, stdout } = await capturedMain(['explain', file, '--repository', 'roles']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^roles, job laptop: aws, mode direct, agent job\n/);
    expect(stdout).toMatch(/lifetime +12h \(the protocol wants 14d\)\n/);
    expect(stdout).toMatch(/renewed below +24h left: at every connect\n/);
    expect(stdout).toMatch(/after its end +the storage itself refuses it\n/);
    expect(stdout).toMatch(/revoked +never: usable up to 12h after its issue\n/);
    expect(stdout).toMatch(/alive at once +one generation for each connect of the last 12h\n/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it.each([
    [['--repository', 'kees'], 2, /plan\.yaml has no repository "kees": use one of: keys, roles,/],
    [['--job', 'none'], 2, /plan\.yaml has no job "none": use one of: files, proxied/],
    [['--repository', 'keys', '--job', 'laptop'], 2, /"laptop" does not use the repository "keys"/],
    [['--storage', 'aws'], 2, /--storage is a setting of .*plan\.yaml: change it there/],
    [['--no-gateway-server'], 2, /--no-gateway-server is a setting of/],
    [['--stored-access-policy'], 2, /--stored-access-policy is a setting of/],
  ])('%j ends with %d', async (more, code, words) => {
    const answer = await capturedMain(['explain', file, ...more]);
    expect(answer).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(words) });
  });

  it('a part of a file needs the file', async () => {
    const answer = await capturedMain(['explain', '--job', 'files', '--storage', 'aws']);
    expect(answer).toMatchObject({ code: 2, stderr: expect.stringContaining('name the file too') });
  });

  it('a wrong file ends with 3, and says in JSON too what is wrong', async () => {
    const wrong = join(folder, 'wrong.yaml');
    writeFileSync(wrong, SCENARIO.replace('issuer: assume-role', 'issuer: asume-role'));
    const answer = await capturedMain(['explain', wrong, '--json']);
    expect(answer).toMatchObject({ code: 3, stderr: expect.stringContaining('assume-role') });
    expect(JSON.parse(answer.stdout)).toMatchObject({ type: 'scenario.problem', line: 7 });
  });
});

describe('explain by options', () => {
  it.each([
    ['--issuer', 'iamuser', /--issuer: "iamuser" is not known\. Did you mean "iam-user"\?/],
    ['--in-session', 'strickt', /--in-session: .* Did you mean "strict"\?/],
  ])('%s %s ends with 2', async (option, word, words) => {
    const line = ['explain', '--storage', 'aws', '--mode', 'direct', option, word];
    expect(await capturedMain(line)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(words),
    });
  });
});
