import { describe, expect, it } from 'vitest';
import { routeOracle } from '../../../machines/rules/route.ts';
import {
  ACCESS_OPTIONS,
  CONNECTION_MODES,
  JOB_KINDS,
  type RouteSettings,
  STORAGE_KINDS,
} from '../../../machines/rules/settings.ts';
import { DAY_MS, HOUR_MS } from '../../../machines/rules/time.ts';
import type { CommandContext } from '../../../sim/cli/command-context.ts';
import { explain } from '../../../sim/cli/commands/explain.ts';
import { capturedMain } from './captured-main.ts';

const FLAGS = [
  'hasGatewayServer',
  'hasMountServer',
  'strictGateway',
  'needsHttpProxy',
  'isTenantConfigBackup',
  'hasImmutability',
] as const;

function allSettings(): RouteSettings[] {
  const all: RouteSettings[] = [];
  for (const storage of STORAGE_KINDS) {
    for (const mode of CONNECTION_MODES) {
      for (const access of [null, ...ACCESS_OPTIONS]) {
        for (const jobKind of JOB_KINDS) {
          for (let bits = 0; bits < 2 ** FLAGS.length; bits += 1) {
            const flags = Object.fromEntries(
              FLAGS.map((flag, index) => [flag, (bits & (1 << index)) !== 0]),
            ) as Pick<RouteSettings, (typeof FLAGS)[number]>;
            all.push({ storage, mode, access, jobKind, ...flags });
          }
        }
      }
    }
  }
  return all;
}

/** The settings as commander would hand them over. */
function rawOptions(settings: RouteSettings): Record<string, string | boolean> {
  return {
    storage: settings.storage,
    mode: settings.mode,
    access: settings.access ?? 'unset',
    kind: settings.jobKind,
    gatewayServer: settings.hasGatewayServer,
    mountServer: settings.hasMountServer,
    strictGateway: settings.strictGateway,
    httpProxy: settings.needsHttpProxy,
    tenantConfigBackup: settings.isTenantConfigBackup,
    immutability: settings.hasImmutability,
  };
}

function commandLine(settings: RouteSettings, ...more: string[]): string[] {
  const { storage, mode, access, jobKind } = settings;
  const option = access === null ? [] : ['--access', access];
  return ['explain', '--storage', storage, '--mode', mode, ...option, '--kind', jobKind, ...more];
}

async function explainJson(settings: RouteSettings) {
  const lines: string[] = [];
  const context: CommandContext = {
    stdout: (line) => lines.push(line),
    stderr: () => {},
    json: true,
    stateDirectory: '/nowhere',
    workingDirectory: '/nowhere',
    color: false,
    ascii: false,
    signal: new AbortController().signal,
    isTerminal: false,
  };
  const code = await explain(context, [], rawOptions(settings));
  expect(lines).toHaveLength(1);
  return { code, answer: JSON.parse(lines[0] as string) };
}

describe('explain on every input (I1)', () => {
  it('agrees with the route table, and refusals exit with 3', async () => {
    const everything = allSettings();
    expect(everything).toHaveLength(4 * 2 * 4 * 2 * 64);
    for (const settings of everything) {
      const decision = routeOracle(settings);
      const { code, answer } = await explainJson(settings);
      if (decision.ok) {
        expect({ code, ...answer }).toMatchObject({ code: 0, ...decision.route });
      } else {
        const { code: refusedCode, rule } = decision;
        expect({ code, ...answer }).toMatchObject({
          code: 3,
          refused: { code: refusedCode, rule },
        });
        expect(answer.refused.text).not.toBe('');
      }
      expect(answer.reasons.length).toBeGreaterThan(0);
    }
  });
});

const D14 = [14 * DAY_MS, DAY_MS, 14 * DAY_MS] as const;
const GCS = [14 * DAY_MS, DAY_MS, HOUR_MS] as const;
const SAS = [30 * DAY_MS, 15 * DAY_MS, 30 * DAY_MS] as const;
const NONE = [null, null, null] as const;

type Row = readonly [
  storage: RouteSettings['storage'],
  modes: readonly RouteSettings['mode'][],
  access: RouteSettings['access'],
  dataPath: string,
  target: string,
  credential: string,
  lives: readonly [number | null, number | null, number | null],
];

/** The table of protocol.md §1, row by row; "tenant" stands for P1's host. */
const TABLE: readonly Row[] = [
  ['aws', ['gateway'], null, 'gateway', 'gatewayServer', 'none', NONE],
  ['gcs', ['gateway'], null, 'gateway', 'gatewayServer', 'none', NONE],
  ['azure', ['gateway'], null, 'gateway', 'gatewayServer', 'none', NONE],
  ['aws', ['direct'], null, 'direct', 'tenant', 'limited', D14],
  ['gcs', ['direct'], null, 'direct', 'tenant', 'limited', GCS],
  ['azure', ['direct'], null, 'direct', 'tenant', 'sas', SAS],
  ['s3-compatible', ['gateway'], null, 'gateway', 'gatewayServer', 'none', NONE],
  ['s3-compatible', ['direct'], null, 'gateway', 'mountServer', 'none', NONE],
  ['s3-compatible', CONNECTION_MODES, 'backup-server', 'gateway', 'mountServer', 'none', NONE],
  ['s3-compatible', CONNECTION_MODES, 'share', 'direct', 'tenant', 'shared', NONE],
  ['s3-compatible', CONNECTION_MODES, 'iam-sts', 'direct', 'tenant', 'limited', D14],
];

const HOST_TEXT: Readonly<Record<string, string>> = {
  sourceProxy: 'source backup proxy',
  agentMachine: 'agent machine',
  gatewayServer: 'gateway server',
  mountServer: 'mount server',
};

describe('explain on the command line, the table of protocol.md', () => {
  for (const [storage, modes, access, dataPath, target, credential, lives] of TABLE) {
    for (const mode of modes) {
      for (const jobKind of JOB_KINDS) {
        it(`${storage}, ${mode}, ${access ?? 'unset'}, ${jobKind} job`, async () => {
          const settings = { ...DEFAULTS, storage, mode, access, jobKind };
          const tenantHost = jobKind === 'agent' ? 'agentMachine' : 'sourceProxy';
          const targetHost = target === 'tenant' ? tenantHost : target;
          const json = await capturedMain(commandLine(settings, '--json'));
          expect(json).toMatchObject({ code: 0, stderr: '' });
          const answer = JSON.parse(json.stdout);
          expect(Object.keys(answer).sort()).toEqual(KEYS);
          const [lifetimeMs, renewBelowMs, effectiveLifetimeMs] = lives;
          expect(answer).toMatchObject({
            dataPath,
            sourceHost: tenantHost,
            targetHost,
            credential,
            assumed: storage === 's3-compatible' && mode === 'direct' && access === null,
            lifetimeMs,
            renewBelowMs,
            effectiveLifetimeMs,
          });

          const text = await capturedMain(commandLine(settings));
          expect(text).toMatchObject({ code: 0, stderr: '' });
          expect(text.stdout).toMatch(new RegExp(`data path +${dataPath}:`));
          expect(text.stdout).toMatch(new RegExp(`target mover on +${HOST_TEXT[targetHost]}`));
          for (const { rule } of answer.reasons) expect(text.stdout).toContain(`  ${rule} `);
          for (const line of text.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
        });
      }
    }
  }
});

const DEFAULTS: RouteSettings = {
  storage: 's3-compatible',
  mode: 'direct',
  access: null,
  jobKind: 'server',
  hasGatewayServer: true,
  hasMountServer: true,
  strictGateway: false,
  needsHttpProxy: false,
  isTenantConfigBackup: false,
  hasImmutability: false,
};

const KEYS = [
  'apiCallsAWeekMax',
  'assumed',
  'checkedAt',
  'credential',
  'dataPath',
  'effectiveLifetimeMs',
  'everyConnectRenews',
  'generationsAliveMax',
  'isExpiryEnforced',
  'issuer',
  'issuesAWeekMax',
  'lifetimeMs',
  'listing',
  'propagationMaxMs',
  'reasons',
  'renewBelowMs',
  'renewsFromMs',
  'revocation',
  'safeSessionMs',
  'scopeKind',
  'sourceHost',
  'targetHost',
  'warnings',
];

describe('explain warns', () => {
  const rows: readonly (readonly [name: string, line: string, warnings: readonly RegExp[]])[] = [
    ['nothing on a plain gateway route', 'aws gateway', []],
    ['nothing where an IAM user lives 14 days and can be revoked', 'aws direct', []],
    [
      'C14 where AssumeRole is shorter than the line',
      'aws direct --issuer assume-role',
      [/^C14: AssumeRole ends after 12h, .*12h is below the 24h line: every connect/, /^C13/],
    ],
    [
      'C14 adapted to half of the lifetime',
      'aws direct --issuer assume-role --adapt-threshold',
      [/^C14: .*ends after 12h.*the renewal line is lowered from 24h to 6h$/, /^C13/],
    ],
    [
      'C14 with a lifetime of exactly the line',
      'aws direct --longest-session 24h',
      [/^C14: .*24h is at the 24h line: every connect renews/],
    ],
    ['nothing where nothing is capped', 'aws direct --longest-session 15d', []],
    ['only C13 where nothing is capped', 's3-compatible direct --access iam-sts', [/^C13/]],
    [
      'C14 for a capped SAS',
      'azure direct --longest-session 10d',
      [/^C14: .*request renews/, /C13/],
    ],
    [
      'C13 for more than two generations',
      'azure direct --entra-id',
      [/^C13: what is issued/, /^C13: .*up to 7 generations/],
    ],
    [
      'C13 not with a stored access policy',
      'azure direct --flat-namespace --stored-access-policy',
      [],
    ],
    ['C9 where nothing can be listed', 'gcs direct --issuer hmac-key', [/^C9: .*cannot list/]],
    [
      'C15 of strict',
      'aws direct --in-session strict',
      [/^C15: .* strict a session that takes longer than 24h may fail/],
    ],
    [
      'M7 and I43 for share in gateway mode',
      's3-compatible gateway --access share',
      [/^M7/, /I43/],
    ],
    ['M7 for IAM/STS in gateway mode', 's3-compatible gateway --access iam-sts', [/^M7/, /^C13/]],
    ['M6 where the option is assumed', 's3-compatible direct --access unset', [/^M6/]],
    ['C4 where no SAS is used', 'aws gateway --sas-validity 40d', [/^C4/]],
    ['C21 where no SAS is used', 'gcs gateway --entra-id', [/^C21/]],
    ['C21 beats C4', 'azure direct --entra-id --sas-validity 40d', [/^C13/, /^C13/, /^C21/]],
    ['C7 where nothing is issued', 'aws gateway --issuer assume-role', [/^C7: an issuer/]],
    ['C13 where no SAS is used', 'azure gateway --stored-access-policy', [/^C13: a stored/]],
    ['C9 where no SAS is used', 'azure gateway --shared-container', [/^C9: how the account/]],
  ];
  for (const [name, line, patterns] of rows) {
    it(name, async () => {
      const [storage = '', mode = '', ...more] = line.split(' ');
      const options = ['explain', '--storage', storage, '--mode', mode, ...more, '--json'];
      const { code, stdout } = await capturedMain(options);
      expect(code).toBe(0);
      const { warnings } = JSON.parse(stdout) as { warnings: string[] };
      expect(warnings).toHaveLength(patterns.length);
      for (const [index, pattern] of patterns.entries()) expect(warnings[index]).toMatch(pattern);
    });
  }

  it('C3, C4: an override changes validity and line; C21 beats it', async () => {
    const line = ['explain', '--storage', 'azure', '--mode', 'direct', '--json'];
    const override = ['--sas-validity', '40d', '--sas-threshold', '20d'];
    const own = JSON.parse((await capturedMain([...line, ...override])).stdout);
    expect(own).toMatchObject({ lifetimeMs: 40 * DAY_MS, renewBelowMs: 20 * DAY_MS });
    const entra = JSON.parse((await capturedMain([...line, ...override, '--entra-id'])).stdout);
    expect(entra).toMatchObject({ lifetimeMs: 7 * DAY_MS, renewBelowMs: 6 * DAY_MS });
  });

  it('M5: an option on another kind is refused in JSON and in text, exit 3', async () => {
    const line = ['explain', '--storage', 'gcs', '--mode', 'direct', '--access', 'share'];
    const json = await capturedMain([...line, '--json']);
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout).refused).toMatchObject({
      code: 'route.optionNotApplicable',
      rule: 'M5',
      text: expect.stringContaining('S3-compatible storage only'),
    });
    const text = await capturedMain(line);
    expect(text).toMatchObject({ code: 3, stderr: '' });
    expect(text.stdout).toContain('refused: route.optionNotApplicable');
  });

  const refusals = [
    ['s3-compatible gateway --no-gateway-server', 'P2', /^configure a gateway server .*option$/],
    ['aws gateway --no-gateway-server', 'P2', /^configure a gateway .* set the mode to direct$/],
    [
      's3-compatible direct --no-gateway-server --no-mount-server',
      'P2',
      /^configure a gateway server .* or a mount server, or choose the option share or iam-sts$/,
    ],
    [
      'aws direct --no-gateway-server --http-proxy',
      'P2',
      /^configure a gateway server .*, or run the job without an HTTP proxy$/,
    ],
    [
      'aws direct --no-gateway-server --http-proxy --tenant-config-backup',
      'P2',
      /^configure a gateway server for the repository$/,
    ],
    [
      's3-compatible direct --access backup-server --no-mount-server',
      'P6',
      /^configure a mount server .* share or iam-sts$/,
    ],
    ['s3-compatible gateway --access share --strict-gateway', 'M7', /^set the mode to direct/],
    ['azure direct --immutability', 'X3', /^set the mode to gateway/],
    ['gcs direct --access share', 'M5', /^leave the access option out$/],
    ['aws direct --issuer account-key-sas', 'C7', /^use one of iam-user, /],
    ['azure direct --flat-namespace --shared-container', 'C9', /a container for each tenant/],
    ['azure direct --stored-access-policy', 'C13', /^use a flat namespace/],
    ['aws direct --issuer assume-role --longest-session 10m', 'C14', /900 s or more/],
  ] as const;
  it.each(refusals)('%s is refused by %s, and what to do is said', async (line, rule, remedy) => {
    const [storage = '', mode = '', ...more] = line.split(' ');
    const options = ['explain', '--storage', storage, '--mode', mode, ...more];
    const json = await capturedMain([...options, '--json']);
    expect(json).toMatchObject({ code: 3, stderr: '' });
    const { refused } = JSON.parse(json.stdout);
    expect(refused).toMatchObject({ rule, remedy: expect.stringMatching(remedy) });
    const text = await capturedMain(options);
    expect(text).toMatchObject({ code: 3, stderr: '' });
    expect(text.stdout.replace(/\s+/g, ' ')).toContain(`Instead: ${refused.remedy}.`);
  });

  it('colours only on a terminal, and never with NO_COLOR', async () => {
    const line = ['explain', '--storage', 'aws', '--mode', 'direct'];
    const colorStart = '\u001b[';
    expect((await capturedMain(line)).stdout).not.toContain(colorStart);
    expect((await capturedMain(line, { isTerminal: true })).stdout).toContain(colorStart);
    const noColor = { isTerminal: true, environment: { NO_COLOR: '1' } };
    expect((await capturedMain(line, noColor)).stdout).not.toContain(colorStart);
  });
});
