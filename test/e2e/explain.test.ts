import { describe, expect, it } from 'vitest';
import { capturedMain } from '../sim/cli/captured-main.ts';

const THROUGH = { dataPath: 'gateway', credential: 'none' };
const DIRECT = { dataPath: 'direct', targetHost: 'sourceProxy' };

/** The route table of protocol.md §1, written out by hand: the code is not asked what it says. */
const rows: readonly (readonly [string, string, string | null, Record<string, unknown>])[] = [
  ...['aws', 'gcs', 'azure'].map(
    (kind) => [kind, 'gateway', null, { ...THROUGH, targetHost: 'gatewayServer' }] as const,
  ),
  ...['aws', 'gcs'].map(
    (kind) =>
      [
        kind,
        'direct',
        null,
        { ...DIRECT, credential: 'limited', lifetimeMs: 1_209_600_000, renewBelowMs: 86_400_000 },
      ] as const,
  ),
  [
    'azure',
    'direct',
    null,
    { ...DIRECT, credential: 'sas', lifetimeMs: 2_592_000_000, renewBelowMs: 1_296_000_000 },
  ],
  ['s3-compatible', 'gateway', 'unset', { ...THROUGH, targetHost: 'gatewayServer' }],
  ['s3-compatible', 'direct', 'unset', { ...THROUGH, targetHost: 'mountServer', assumed: true }],
  ...['gateway', 'direct'].flatMap((mode) => [
    ['s3-compatible', mode, 'backup-server', { ...THROUGH, targetHost: 'mountServer' }] as const,
    ['s3-compatible', mode, 'share', { ...DIRECT, credential: 'shared' }] as const,
    ['s3-compatible', mode, 'iam-sts', { ...DIRECT, credential: 'limited' }] as const,
  ]),
];

describe('explain agrees with the route table of the protocol', () => {
  it.each(rows)('%s, %s, %s', async (storage, mode, access, route) => {
    const words = ['explain', '--storage', storage, '--mode', mode];
    if (access !== null) words.push('--access', access);
    const json = await capturedMain([...words, '--json']);
    expect(json).toMatchObject({ code: 0, stderr: '' });
    const answer = JSON.parse(json.stdout) as { reasons: { rule: string }[] };
    expect(answer).toMatchObject(route);
    const text = await capturedMain(words);
    expect(text.code).toBe(0);
    for (const { rule } of answer.reasons) expect(text.stdout).toContain(rule);

    if (route.dataPath === 'direct') {
      const agent = await capturedMain([...words, '--kind', 'agent', '--json']);
      expect(JSON.parse(agent.stdout)).toMatchObject({ ...route, targetHost: 'agentMachine' });
    }
  });
});
