import { describe, expect, it } from 'vitest';
import { formatProblem, loadScenario } from '../../../sim/scenario/index.ts';
import { GOOD, problemsOf } from './parse-text.ts';

const PROJECT = new URL('../../../', import.meta.url).pathname;

/** One piece of the good scenario replaced → exactly this problem at this place. */
type Row = readonly [name: string, from: string, to: string, problem: RegExp];

const TABLE: readonly Row[] = [
  ['unknown version', 'version: 1', 'version: 2', /^1:10 2 is not possible: write 1$/],
  ['missing version', 'version: 1\n', '', /^1:1 "version" is missing: add it$/],
  [
    'unknown kind',
    'kind: azure',
    'kind: azur',
    /^4:26 "azur" is not known: did you mean "azure"\?/,
  ],
  ['unknown mode', 'mode: direct', 'mode: drect', /^8:11 .*use one of: gateway, direct$/],
  ['unknown option', 'access: iam-sts', 'access: iam', /^9:13 .*use one of: share, backup-server/],
  [
    'an option on a kind that has none (M5)',
    'storage: minio',
    'storage: blobs',
    /^9:13 azure storage has no access option.*\(M5\): remove "access"$/,
  ],
  [
    'no gateway server (P2)',
    'access: iam-sts',
    'access: iam-sts\n    httpProxy: true\n    gatewayServer: false',
    /^11:20 job "files" needs a gateway server \(P2\): set gatewayServer/,
  ],
  [
    'no mount server (P6)',
    'access: iam-sts',
    'access: backup-server\n    mountServer: false',
    /^10:18 job "files" needs a mount server \(P6\): set mountServer/,
  ],
  ['a quota of 0', 'quota: 10GiB', 'quota: 0', /^12:12 a quota of zero .*: give it some room/],
  ['a quota of 0B', 'quota: 1GiB', 'quota: 0B', /^14:32 a quota of zero/],
  ['a quota without unit', 'quota: 10GiB', 'quota: 10', /^12:12 "10" has no unit: write it like/],
  ['no quota', '    quota: 10GiB\n', '', /^11:5 "quota" is missing: add it$/],
  ['an empty quota', 'quota: 10GiB', 'quota:', /^12:5 "quota" is missing: add it$/],
  ['duration 13', 'run: files', 'warp: 13', /^21:11 "13" has no unit: write it like 13d1h/],
  ['a wrong unit', 'run: files', 'warp: 13x', /^21:11 "x" is not a unit/],
  [
    'a wrong instant to warp to',
    'run: files',
    'warp: { to: expry, of: files }',
    /^21:17 "expry" is not known: did you mean "expiry"\?/,
  ],
  [
    'a warp to the credential of nobody',
    'run: files',
    'warp: { to: expiry, of: acme/vualt }',
    /^21:29 no job is or uses "acme\/vualt": did you mean "acme\/vault"\?/,
  ],
  [
    'a margin without unit',
    'access: iam-sts',
    'access: iam-sts\n    margin: 5',
    /^10:13 "5" has no unit/,
  ],
  ['a name taken twice', 'name: blobs', 'name: minio', /^4:13 the storage name "minio" is taken/],
  [
    'a repository name taken twice',
    'tenants:',
    '  - { name: vault, storage: minio, mode: direct }\ntenants:',
    /^10:13 the repository name "vault" is taken already: choose another one$/,
  ],
  [
    'a subtenant name taken twice',
    '      - { name: branch, quota: 1GiB }',
    '      - { name: branch }\n      - { name: branch }',
    /^15:17 the subtenant name "branch" is taken already/,
  ],
  [
    'a folder that is not there',
    '{ synthetic: { files: 3, size: 1MiB } }',
    '{ folder: ./nowhere }',
    /^19:23 there is no folder "\.\/nowhere": create it or correct the path$/,
  ],
  [
    'two sources',
    '{ synthetic: { files: 3, size: 1MiB } }',
    '{ folder: ./data, synthetic: { files: 3, size: 1MiB } }',
    /^19:31 the key "synthetic" is not known here/,
  ],
  [
    'no source',
    '{ synthetic: { files: 3, size: 1MiB } }',
    '{}',
    /^19:13 it is not clear what this is: give one of folder, synthetic$/,
  ],
  ['no files', 'files: 3', 'files: 0', /^19:35 out of range: give number to be >=1$/],
  ['unknown tenant', 'tenant: acme', 'tenant: acmee', /^17:13 there is no tenant "acmee": did you/],
  ['unknown repository', 'repository: vault', 'repository: v', /^18:17 there is no repository "v"/],
  ['unknown storage', 'storage: minio', 'storage: mino', /^7:14 there is no storage "mino": did/],
  [
    'unknown subtenant',
    '    tenant: acme\n',
    '    tenant: acme\n    subtenant: brunch\n',
    /^18:16 there is no subtenant of "acme" "brunch": did you mean "branch"\?/,
  ],
  ['unknown job', 'run: files', 'run: file', /^21:10 there is no job "file": did you mean "files"/],
  [
    'no storage named although there are several',
    '    storage: minio\n',
    '',
    /^6:5 there are several storages: add "storage" with one of: minio, blobs$/,
  ],
  [
    'a twin of a folder',
    'name: branch',
    'name: a*',
    /^14:17 the subtenant name "a\*" contains "\*"/,
  ],
  [
    'dots in a name',
    'name: blobs',
    'name: a..b',
    /^4:13 the storage name "a\.\.b" contains "\.\."/,
  ],
  ['a number as name', 'name: blobs', 'name: 7', /^4:13 a storage name is text: put it in quotes/],
  [
    'an unknown key',
    'mode: direct',
    'mode: direct\n    acess: share',
    /^9:5 the key "acess" is not known here: did you mean "access"\?/,
  ],
  [
    'an unknown key in a step',
    'run: files',
    'run: files\n    operaton: verify',
    /^22:5 the key "operaton" is not known here: did you mean "operation"\?/,
  ],
  [
    'a step that is nothing',
    'run: files',
    'dance: files',
    /^21:5 it is not clear what this is: give one of run, warp, set, fault, restoreAll$/,
  ],
  ['a step that is text', '- run: files', '- files', /^21:5 "files" does not fit: write keys with/],
  [
    'an error code that is none',
    'run: files',
    'run: files\n    expect: failed\n    code: quota.exeeded',
    /^23:11 "quota\.exeeded" is not known: did you mean "quota\.exceeded"\?/,
  ],
  [
    'an error code without a failure',
    'run: files',
    'run: files\n    code: quota.exceeded',
    /^22:11 a code belongs to a failure: add "expect: failed"$/,
  ],
  [
    'a SAS threshold above the validity (C4, I29)',
    'access: iam-sts',
    'access: iam-sts\n    sas: { validity: 5d, threshold: 5d }',
    /^10:37 the threshold must be shorter than the validity \(C4\)/,
  ],
  [
    'a fault without effect',
    'run: files',
    'fault: { site: storage }',
    /^21:12 the fault has no effect: give exactly one of jump, error/,
  ],
  [
    'a fault with two effects',
    'run: files',
    'fault: { site: storage, jump: 1d, delay: 1s }',
    /^21:12 the fault has several effects \(jump, delay\)/,
  ],
  [
    'a fault that its site does not have',
    'run: files',
    'fault: { site: channel, operation: PutObject, down: 1m }',
    /^21:40 a fault at site channel has no "operation": use one of: down$/,
  ],
  [
    'an unknown key in set',
    'run: files',
    'set: { repository: vault, acces: share }',
    /^21:31 the key "acces" is not known here: did you mean "access"\?/,
  ],
  [
    'set: a subtenant cannot be disabled alone',
    'run: files',
    'set: { tenant: acme, subtenant: branch, disabled: true }',
    /^21:55 only a whole tenant is disabled/,
  ],
  [
    'a schedule without unit',
    '    source:',
    '    schedule: { every: 1, at: "22:00" }\n    source:',
    /^19:24 "1" has no unit/,
  ],
  ['two steps keys at once', 'run: files', 'run: files\n    warp: 1d', /^22:5 the key "warp" is/],
  ['an empty list', '  - run: files', '  []', /^21:3 out of range: give array to have >=1 items$/],
  ['a tab', '  - run: files', '\t- run: files', /^21:1 this is not YAML: /],
  [
    'a key twice',
    'version: 1',
    'version: 1\nversion: 1',
    /^2:1 this is not YAML: Map keys must be/,
  ],
];

describe('what is wrong in a scenario file is told with its place', () => {
  it('says nothing about the good one', () => {
    expect(problemsOf(GOOD)).toEqual([]);
  });

  for (const [name, from, to, problem] of TABLE) {
    it(name, () => {
      expect(GOOD).toContain(from);
      const problems = problemsOf(GOOD.replace(from, to));
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(problem);
    });
  }

  it('tells all problems of a file at once, in its order', () => {
    const result = loadScenario('test/sim/scenario/typo.yaml', PROJECT);
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect(result.problems.map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([
      '5:11 storages[0].kind',
      '11:11 repositories[0].mode',
      '12:11 repositories[1].name',
      '15:13 repositories[1].access',
      '17:14 repositories[2].storage',
      '21:12 tenants[0].quota',
      '24:13 jobs[0].tenant',
      '26:23 jobs[0].source.folder',
      '27:5 jobs[0].blocksize',
      '29:11 steps[0].warp',
      '30:10 steps[1].run',
    ]);
    expect(result.problems.flatMap(formatProblem).slice(3, 6)).toEqual([
      'test/sim/scenario/typo.yaml:11:11: repositories[0].mode: "drect" is not known: ' +
        'did you mean "direct"? use one of: gateway, direct',
      '  11 |     mode: drect',
      '                 ^',
    ]);
  });

  it('M5: a set step cannot give an option to a kind that has none', () => {
    const text = GOOD.replace(
      'tenants:',
      '  - { name: az, storage: blobs, mode: direct }\ntenants:',
    ).replace('run: files', 'set: { repository: az, access: share }');
    expect(problemsOf(text)).toEqual([
      '22:36 azure storage has no access option, the mode alone decides (M5): remove "access"',
    ]);
  });

  it('finds places through anchors, and survives odd roots', () => {
    const anchored = GOOD.replace('{ synthetic: { files: 3, size: 1MiB } }', '&s { files: 3 }');
    expect(problemsOf(anchored)[0]).toMatch(/^19:\d+ /);
    for (const text of ['', '[]', 'text', '7', '{}', 'null', 'jobs: 5', 'steps: [null]']) {
      expect(problemsOf(text).length).toBeGreaterThan(0);
    }
  });
});
