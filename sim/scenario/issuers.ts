import { issuerProblem } from '../../machines/rules/issuers.ts';
import type { Finding } from './shape.ts';
import type { Scenario } from './types.ts';

/** C7, C14, C21: a repository's issuer must be one that its storage has. */
export function checkIssuers(scenario: Scenario): readonly Finding[] {
  return scenario.repositories.flatMap((repository, index) => {
    const storage = scenario.storages.find(({ name }) => name === repository.storage);
    if (storage === undefined) return [];
    const { issuer, entraId, storedAccessPolicy } = repository;
    const text = issuerProblem({
      storage: storage.kind,
      hasHierarchicalNamespace: storage.hasHierarchicalNamespace,
      issuer,
      entraId,
      storedAccessPolicy,
    });
    if (text === null) return [];
    return [{ path: ['repositories', index, 'issuer'], isAboutKey: false, text }];
  });
}
