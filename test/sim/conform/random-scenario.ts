import fc from 'fast-check';
import type { PlacedAct } from '../../../sim/trace/recipe.ts';

export interface DrawnScenario {
  readonly text: string;
  readonly acts: readonly PlacedAct[];
}

const MODES = [
  'mode: gateway',
  'mode: gateway, access: backup-server',
  'mode: direct',
  'mode: direct, access: share',
  'mode: direct, access: iam-sts',
  'mode: direct, access: iam-sts, checkClock: sp',
  'mode: direct, access: iam-sts, inSession: strict',
  'mode: direct, access: iam-sts, inSession: proactive',
] as const;

const STEPS = [
  '{ run: files }',
  '{ run: files, operation: verify }',
  '{ run: files, operation: restore }',
  '{ warp: 13d1h }',
  '{ warp: 15d }',
  'warp: { to: renewalLine, of: files }',
  'warp: { to: renewalLine, of: files, offset: +1ms }',
  '{ fault: { site: storage, operation: PutObject, nth: 2, jump: 15d } }',
  '{ fault: { site: storage, operation: PutObject, nth: 3, error: AccessDenied } }',
  '{ fault: { site: channel, nth: 6, down: 2m } }',
  '{ fault: { site: channel, nth: 9, down: 40m } }',
  '{ fault: { site: issuer, nth: 1, error: SlowDown } }',
  '{ set: { tenant: acme, disabled: true } }',
  '{ set: { tenant: acme, disabled: false } }',
  '{ set: { repository: vault, mode: gateway } }',
] as const;

/** What happens between the roles at random places of a small scenario. */
export const drawnScenario: fc.Arbitrary<DrawnScenario> = fc
  .record({
    mode: fc.constantFrom(...MODES),
    longestSession: fc.constantFrom('365d', '20h'),
    quota: fc.constantFrom('16MiB', '256KiB'),
    first: fc.constantFrom('{ run: files }', STEPS[7], STEPS[11]),
    steps: fc.array(fc.constantFrom(...STEPS), { minLength: 2, maxLength: 6 }),
    acts: fc.array(
      fc.record({
        position: fc.integer({ min: 3, max: 60 }),
        act: fc.constantFrom('restartProvider' as const, 'dropConnections' as const),
      }),
      { maxLength: 2 },
    ),
  })
  .map(({ mode, longestSession, quota, first, steps, acts }) => ({
    text: [
      'version: 1',
      'title: drawn',
      'seed: 14',
      'start: 2026-01-05T08:00:00Z',
      `storages: [{ name: minio, kind: s3-compatible, longestSession: ${longestSession} }]`,
      `repositories: [{ name: vault, storage: minio, ${mode} }]`,
      `tenants: [{ name: acme, quota: ${quota} }]`,
      'jobs:',
      '  - name: files',
      '    tenant: acme',
      '    repository: vault',
      '    source: { synthetic: { files: 2, size: 384KiB } }',
      '    blockSize: 64KiB',
      'steps:',
      ...[first, '{ run: files }', ...steps, '{ run: files }'].map((step) => `  - ${step}`),
      '',
    ].join('\n'),
    acts: [...acts].sort((left, right) => left.position - right.position),
  }));
