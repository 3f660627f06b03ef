import fc from 'fast-check';
import type { RepositorySettings } from '../../../sim/scenario/types.ts';
import { type ComposedCommand, command } from './command.ts';

const CHANGES: readonly (readonly [string, string, Partial<RepositorySettings>])[] = [
  ['vault', 'gateway, unset', { mode: 'gateway', access: null }],
  ['vault', 'direct, unset', { mode: 'direct', access: null }],
  ['vault', 'gateway, iam-sts', { mode: 'gateway', access: 'iam-sts' }],
  ['vault', 'direct, iam-sts', { mode: 'direct', access: 'iam-sts' }],
  ['vault', 'share', { access: 'share' }],
  ['vault', 'backup-server', { access: 'backup-server' }],
  ['vault', 'checkClock sp', { checkClock: 'sp' }],
  ['vault', 'checkClock tenant', { checkClock: 'tenant' }],
  ['vault', 'strictRenewal', { strictRenewal: true }],
  ['azure', 'gateway', { mode: 'gateway' }],
  ['azure', 'direct', { mode: 'direct' }],
  ['gated', 'direct', { mode: 'direct' }],
  ['gated', 'softLimit 100 kB', { softLimitBytes: 100_000 }],
];

/** F39, F40, M8: what the SP changes counts from the next session on. */
export const setRepository: fc.Arbitrary<ComposedCommand> = fc
  .constantFrom(...CHANGES)
  .map(([repository, text, changes]) =>
    command(`set(${repository}, ${text})`, (world) => world.setRepository(repository, changes)),
  );
