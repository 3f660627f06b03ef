import type { PlacedAct } from '../../../sim/trace/recipe.ts';

/** One story of the protocol in the memory world; its golden trace stands in `test/golden/traces`. */
export interface Story {
  /** Name of the golden file; the rules it tells of stand in the title of its scenario. */
  readonly name: string;
  readonly text: string;
  readonly acts?: readonly PlacedAct[];
}

interface Parts {
  readonly title: string;
  readonly repository?: string;
  readonly quota?: string;
  readonly size?: string;
  readonly longestSession?: string;
  readonly steps: readonly string[];
}

const DIRECT = 'mode: direct, access: iam-sts';
const GATEWAY = 'mode: gateway';

function story(name: string, parts: Parts, acts: readonly PlacedAct[] = []): Story {
  const { title, repository = DIRECT, quota = '16MiB', size = '128KiB' } = parts;
  const { longestSession = '365d', steps } = parts;
  const text = [
    'version: 1',
    `title: "${title}"`,
    'seed: 14',
    'start: 2026-01-05T08:00:00Z',
    `storages: [{ name: minio, kind: s3-compatible, longestSession: ${longestSession} }]`,
    `repositories: [{ name: vault, storage: minio, ${repository} }]`,
    `tenants: [{ name: acme, quota: ${quota} }]`,
    'jobs:',
    '  - name: files',
    '    tenant: acme',
    '    repository: vault',
    `    source: { synthetic: { files: 2, size: ${size} } }`,
    '    blockSize: 64KiB',
    'steps:',
    ...steps.map((step) => `  - ${step}`),
    '',
  ].join('\n');
  return { name, text, acts };
}

const atLine = (offset: string): string =>
  `warp: { to: renewalLine, of: files${offset === '' ? '' : `, offset: ${offset}`} }`;
const backup = (end: string): string => `{ run: files, expect: ${end} }`;
const JUMP = '{ fault: { site: storage, operation: PutObject, nth: 3, jump: 15d } }';

export const STORIES: readonly Story[] = [
  story('backup-direct', {
    title: 'P3, C5: a direct backup and its restore; the first credential is issued',
    steps: [backup('done, generation: 1'), '{ run: files, operation: restore, expect: done }'],
  }),
  story('backup-gateway', {
    title: 'P2, I3: a backup through the gateway; every byte passes it',
    repository: GATEWAY,
    steps: [backup('done')],
  }),
  story('renewal-at-the-line', {
    title: 'C10: with exactly 24 h left nothing is renewed',
    steps: [backup('done, generation: 1'), atLine(''), backup('done, generation: 1')],
  }),
  story('renewal-1ms-before-the-line', {
    title: 'C10: with 24 h and 1 ms left nothing is renewed',
    steps: [backup('done, generation: 1'), atLine('-1ms'), backup('done, generation: 1')],
  }),
  story('renewal-1ms-after-the-line', {
    title: 'C2, C10: with 24 h less 1 ms left it is renewed',
    steps: [backup('done, generation: 1'), atLine('+1ms'), backup('done, generation: 2')],
  }),
  story('expiry-reconnect', {
    title: 'C15, reconnect: the credential ends in mid-session; the mover comes back for another',
    repository: `${DIRECT}, inSession: reconnect`,
    size: '512KiB',
    steps: [JUMP, backup('done, generation: 2')],
  }),
  story('expiry-proactive', {
    title:
      'C15, proactive: the credential ends in mid-session; it is checked at heartbeats as well',
    repository: `${DIRECT}, inSession: proactive`,
    size: '512KiB',
    steps: [JUMP, backup('done')],
  }),
  story('expiry-strict', {
    title: 'C15, strict: the credential ends in mid-session; the session fails',
    repository: `${DIRECT}, inSession: strict`,
    size: '512KiB',
    steps: [JUMP, backup('failed, code: credential.expired')],
  }),
  story('quota-exceeded', {
    title: 'Q3: the quota is used up; the session fails and cleans up',
    quota: '256KiB',
    size: '1MiB',
    steps: [backup('failed, code: quota.exceeded')],
  }),
  story('tenant-disabled', {
    title: 'C22: a disabled tenant begins no session; its credential is dealt with',
    steps: [
      backup('done, generation: 1'),
      '{ set: { tenant: acme, disabled: true } }',
      backup('failed, code: tenant.disabled'),
    ],
  }),
  story(
    'sp-restart',
    {
      title:
        'F4, C12: the SP dies after the delivery; the session goes on, nothing is issued again',
      size: '512KiB',
      steps: [backup('done, generation: 1'), backup('done, generation: 1')],
    },
    [{ position: 22, act: 'restartProvider' }],
  ),
  story('channel-lost', {
    title: 'P8: the control connection breaks in mid-session and comes back',
    size: '512KiB',
    steps: ['{ fault: { site: channel, nth: 9, down: 2m } }', backup('done')],
  }),
];
