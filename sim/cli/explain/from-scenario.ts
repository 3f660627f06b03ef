import { defaultIssuer } from '../../../machines/rules/issuers.ts';
import {
  formatProblem,
  loadScenario,
  routeSettingsOf,
  type Scenario,
  type ScenarioJob,
  type ScenarioRepository,
} from '../../scenario/index.ts';
import type { CommandContext } from '../command-context.ts';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExplainOptions } from '../options.ts';

/** Which part of a scenario is asked about. */
export interface ScenarioPart {
  readonly repository: string | null;
  readonly job: string | null;
}

type ExplainedJob = Pick<
  ScenarioJob,
  'kind' | 'needsHttpProxy' | 'isTenantConfigBackup' | 'inSession'
>;

/** What a repository without jobs is explained for. */
const SERVER_JOB: ExplainedJob = {
  kind: 'server',
  needsHttpProxy: false,
  isTenantConfigBackup: false,
  inSession: null,
};

/**
 * The scenario of a file, also one that no world runs. Its problems end the command with 3; with
 * `--json` they also go to stdout, one `scenario.problem` a line.
 */
export function requireReadable(context: CommandContext, file: string): Scenario {
  const result = loadScenario(file, context.workingDirectory);
  if (result.ok) return result.scenario;
  if (context.json) {
    for (const problem of result.problems) {
      context.stdout(JSON.stringify({ type: 'scenario.problem', ...problem }));
    }
  }
  throw new CommandError(EXIT.config, result.problems.flatMap(formatProblem));
}

/** One for each job, and one for each repository without; as the file sets them at its start. */
export function explainOptionsOf(
  scenario: Scenario,
  file: string,
  part: ScenarioPart,
): readonly ExplainOptions[] {
  const { jobs, repositories } = scenario;
  requireKnown(file, 'repository', part.repository, repositories);
  requireKnown(file, 'job', part.job, jobs);
  const all = repositories
    .filter(({ name }) => part.repository === null || name === part.repository)
    .flatMap((repository) => {
      const own = jobs.filter((job) => job.repository === repository.name);
      const asked = own.filter(({ name }) => part.job === null || name === part.job);
      if (own.length > 0 || part.job !== null) {
        return asked.map((job) => optionsOf(scenario, repository, job, job.name));
      }
      return [optionsOf(scenario, repository, SERVER_JOB, null)];
    });
  if (all.length > 0) return all;
  throw new CommandError(EXIT.usage, [
    `--job: "${part.job}" does not use the repository "${part.repository}": leave one of them out.`,
  ]);
}

function requireKnown(
  file: string,
  kind: 'repository' | 'job',
  name: string | null,
  known: readonly { readonly name: string }[],
): void {
  if (name === null || known.some((one) => one.name === name)) return;
  const names = known.map((one) => one.name).join(', ');
  const choice = names === '' ? `it has none: leave --${kind} out` : `use one of: ${names}`;
  throw new CommandError(EXIT.usage, [`--${kind}: ${file} has no ${kind} "${name}": ${choice}.`]);
}

function optionsOf(
  scenario: Scenario,
  repository: ScenarioRepository,
  job: ExplainedJob,
  jobName: string | null,
): ExplainOptions {
  const storage = scenario.storages.find(({ name }) => name === repository.storage);
  if (storage === undefined) throw new Error('a checked scenario names storages that it has');
  const { adaptThreshold, entraId, issuer, renewalFloorMs, sasOverride } = repository;
  return {
    settings: routeSettingsOf(storage.kind, repository, job),
    credential: {
      storage: storage.kind,
      issuer,
      longestSessionMs: storage.longestSessionMs,
      adaptThreshold,
      renewalFloorMs,
      sasOverride,
      entraId,
      storedAccessPolicy: repository.storedAccessPolicy,
      hasHierarchicalNamespace: storage.hasHierarchicalNamespace,
      // The file has no such setting: without directories each tenant gets a container.
      hasSharedContainer: false,
    },
    isIssuerNamed: issuer !== defaultIssuer(storage.kind, entraId),
    inSession: job.inSession ?? repository.inSession,
    source: { repository: repository.name, job: jobName },
  };
}
