import { parseScenario, type ScenarioResult } from '../../../sim/scenario/index.ts';

/** A scenario that is right; tests replace one piece of it. */
export const GOOD = `version: 1
storages:
  - { name: minio, kind: s3-compatible }
  - { name: blobs, kind: azure }
repositories:
  - name: vault
    storage: minio
    mode: direct
    access: iam-sts
tenants:
  - name: acme
    quota: 10GiB
    subtenants:
      - { name: branch, quota: 1GiB }
jobs:
  - name: files
    tenant: acme
    repository: vault
    source: { synthetic: { files: 3, size: 1MiB } }
steps:
  - run: files
`;

/** Parses text as if the folder `/base/data` were the only one on the machine. */
export function parseText(text: string): ScenarioResult {
  return parseScenario(text, {
    file: 'test.yaml',
    baseFolder: '/base',
    isFolder: (folder) => folder === './data',
  });
}

/** `line:column text` of every problem; empty when there is none. */
export function problemsOf(text: string): readonly string[] {
  const result = parseText(text);
  if (result.ok) return [];
  return result.problems.map(({ line, column, text: what }) => `${line}:${column} ${what}`);
}
