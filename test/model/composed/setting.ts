import { parseScenario } from '../../../sim/scenario/index.ts';
import type { Scenario } from '../../../sim/scenario/types.ts';

/**
 * A provider with every kind of route, and two tenants; one of them has subtenants. What is run is
 * decided by commands: the job and the step are there because a scenario must have some.
 */
const TEXT = `
version: 1
title: The composed system
seed: 1
start: 2026-11-22T00:00:00Z
storages:
  - { name: minio, kind: s3-compatible, longestSession: 365d }
  - { name: brief, kind: s3-compatible, longestSession: 1h }
  - { name: blob, kind: azure }
repositories:
  - { name: vault, storage: minio, mode: direct, access: iam-sts, issuer: iam-user }
  - { name: azure, storage: blob, mode: direct }
  - { name: short, storage: brief, mode: direct, access: iam-sts, adaptThreshold: true }
  - { name: gated, storage: minio, mode: gateway, access: unset }
  - { name: mounted, storage: minio, mode: direct, access: backup-server }
tenants:
  - name: acme
    quota: 4MiB
    subtenants:
      - { name: east, quota: 1MiB }
      - { name: west }
  - { name: globex, quota: 2MiB }
jobs:
  - { name: any, tenant: acme, repository: vault, source: { synthetic: { files: 1, size: 1KiB } } }
steps:
  - { run: any }
`;

export const REPOSITORIES = ['vault', 'azure', 'short', 'gated', 'mounted'] as const;
export type RepositoryName = (typeof REPOSITORIES)[number];

/** `short` lives an hour: a clock that is a day wrong has no use of it, so it is of `globex`. */
export const CLIENTS = [
  { tenant: 'acme', subtenant: null },
  { tenant: 'acme', subtenant: 'east' },
  { tenant: 'acme', subtenant: 'west' },
  { tenant: 'globex', subtenant: null },
] as const;
export type Client = (typeof CLIENTS)[number];

function readSetting(): Scenario {
  const file = { file: 'composed.yaml', baseFolder: '/', isFolder: () => false };
  const read = parseScenario(TEXT, file);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.scenario;
}

export const SETTING = readSetting();

export function clientName({ tenant, subtenant }: Client): string {
  return subtenant === null ? tenant : `${tenant}@${subtenant}`;
}
