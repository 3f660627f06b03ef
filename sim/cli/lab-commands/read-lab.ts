import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { issuerMaximumMs } from '../../../machines/rules/issuers.ts';
import { effectiveLifetime, renewalRule } from '../../../machines/rules/lifetimes.ts';
import type { RenewalLine } from '../../../machines/rules/renewal.ts';
import { DEFAULT_LAB } from '../../lab/default-lab.ts';
import {
  formatProblem,
  loadScenario,
  parseScenario,
  type Scenario,
  type ScenarioRepository,
  type ScenarioStorage,
} from '../../scenario/index.ts';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';

/** The lab of a folder; the default one where there is none yet. Makes nothing. */
export function readLab(directory: string): Scenario {
  const file = join(directory, 'lab.yaml');
  const result = existsSync(file)
    ? loadScenario(file, directory)
    : parseScenario(DEFAULT_LAB, { file, baseFolder: directory, isFolder: () => false });
  if (result.ok) return result.scenario;
  throw new CommandError(EXIT.config, [
    ...result.problems.flatMap(formatProblem),
    'The lab was not started.',
  ]);
}

/** Where the renewal line of a repository's temporary credentials is: C2, C3, C4, C14, C21. */
export function renewalLineOf(
  repository: ScenarioRepository,
  storage: ScenarioStorage,
): RenewalLine {
  const { sasOverride, entraId, adaptThreshold, renewalFloorMs } = repository;
  const credential = storage.kind === 'azure' ? 'sas' : 'limited';
  const rule = renewalRule(storage.kind, credential, { sasOverride, entraId });
  if (rule === null) throw new Error('a credential that ends has a renewal rule');
  const maximumMs = issuerMaximumMs(storage.kind, repository.issuer, storage.longestSessionMs);
  const { renewBelowMs } = effectiveLifetime(rule, maximumMs, { adaptThreshold, renewalFloorMs });
  return { renewBelowMs, includesLine: rule.includesLine };
}

/** A repository of a lab with its storage; undefined for one that was taken out of its file. */
export function repositoryOf(
  lab: Scenario,
  name: string,
): { readonly repository: ScenarioRepository; readonly storage: ScenarioStorage } | undefined {
  const repository = lab.repositories.find((one) => one.name === name);
  const storage = lab.storages.find((one) => one.name === repository?.storage);
  return repository === undefined || storage === undefined ? undefined : { repository, storage };
}
