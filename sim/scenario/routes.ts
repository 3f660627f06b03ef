import { routeOracle } from '../../machines/rules/route.ts';
import type { RouteSettings } from '../../machines/rules/settings.ts';
import type { Finding } from './shape.ts';
import type { RepositorySettings, Scenario, ScenarioJob, ScenarioRepository } from './types.ts';

/** What the choice of a route depends on, for a job with the repository's present settings. */
export function routeSettingsOf(
  storageKind: RouteSettings['storage'],
  repository: RepositorySettings,
  job: Pick<ScenarioJob, 'kind' | 'needsHttpProxy' | 'isTenantConfigBackup'>,
): RouteSettings {
  return {
    storage: storageKind,
    mode: repository.mode,
    access: repository.access,
    jobKind: job.kind,
    hasGatewayServer: repository.gatewayServer !== null,
    hasMountServer: repository.mountServer !== null,
    strictGateway: repository.strictGateway,
    needsHttpProxy: job.needsHttpProxy || repository.needsHttpProxy,
    isTenantConfigBackup: job.isTenantConfigBackup,
    hasImmutability: repository.hasImmutability,
  };
}

const SERVER_JOB = { kind: 'server', needsHttpProxy: false, isTenantConfigBackup: false } as const;

/**
 * P2, P6: a repository whose jobs need a gateway or mount server must have one from the start. The
 * refusals that a scenario may want to show (M7, X3) are left to the run.
 */
export function checkServers(scenario: Scenario): readonly Finding[] {
  return scenario.repositories.flatMap((repository, index) => {
    const jobs = scenario.jobs.filter((job) => job.repository === repository.name);
    for (const job of jobs.length > 0 ? jobs : [{ ...SERVER_JOB, name: null }]) {
      const key = missingServer(scenario, repository, job);
      if (key === null) continue;
      const who = job.name === null ? 'this route' : `job "${job.name}"`;
      const text =
        key === 'gatewayServer'
          ? `${who} needs a gateway server (P2): set gatewayServer to true or to a host name`
          : `${who} needs a mount server (P6): set mountServer to true or to a host name`;
      return [{ path: ['repositories', index, key], isAboutKey: false, text }];
    }
    return [];
  });
}

function missingServer(
  scenario: Scenario,
  repository: ScenarioRepository,
  job: Pick<ScenarioJob, 'kind' | 'needsHttpProxy' | 'isTenantConfigBackup'>,
): 'gatewayServer' | 'mountServer' | null {
  const storage = scenario.storages.find(({ name }) => name === repository.storage);
  if (storage === undefined) return null;
  const decision = routeOracle(routeSettingsOf(storage.kind, repository, job));
  if (decision.ok) return null;
  if (decision.code === 'route.gatewayServerMissing') return 'gatewayServer';
  return decision.code === 'route.mountServerMissing' ? 'mountServer' : null;
}
