import type { StorageKind } from '../../../machines/rules/settings.ts';
import { type BenchLab, type Medium, startBenchLab } from '../bench-lab.ts';

export const KINDS = [
  's3-compatible',
  'aws',
  'azure',
  'gcs',
] as const satisfies readonly StorageKind[];

/** One route of each data path: past the SP (P3) and through its gateway (P2). */
export const KIND_ROUTES = ['direct', 'gateway'] as const;
export type KindRoute = (typeof KIND_ROUTES)[number];

/** How each kind gives out the credential of its direct route, as the figures name it. */
const CREDENTIALS: Readonly<Record<StorageKind, string>> = {
  's3-compatible': 'AssumeRole',
  aws: 'IAM user',
  azure: 'directory SAS',
  gcs: 'downscoped token',
};

export function routeWords(kind: StorageKind, route: KindRoute): string {
  return `${kind}, ${route === 'direct' ? `direct (${CREDENTIALS[kind]})` : route}`;
}

function settingsOf(kind: StorageKind, route: KindRoute): string {
  const access = route === 'direct' ? 'iam-sts' : 'unset';
  return kind === 's3-compatible' ? `mode: ${route}, access: ${access}` : `mode: ${route}`;
}

/** A lab with one storage of that kind, and a repository for each route with the route's name. */
export function startKindLab(
  kind: StorageKind,
  medium: Medium,
  told: Pick<Parameters<typeof startBenchLab>[0], 'onSpawn' | 'onTransferred'> = {},
): Promise<BenchLab> {
  return startBenchLab({
    storages: [{ name: 'storage', kind, medium }],
    repositories: KIND_ROUTES.map((route) => ({
      name: route,
      storage: 'storage',
      settings: settingsOf(kind, route),
    })),
    ...told,
  });
}
