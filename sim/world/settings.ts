import type { SpRepository } from '../../adapters/roles/sp-server/settings.ts';
import type { StorageLocation } from '../../machines/ports/storage-credential.ts';
import type {
  RepositorySettings,
  Scenario,
  ScenarioRepository,
  ScenarioStorage,
} from '../scenario/types.ts';

export function storageOf(scenario: Scenario, repository: ScenarioRepository): ScenarioStorage {
  const storage = scenario.storages.find(({ name }) => name === repository.storage);
  if (storage === undefined) throw new Error(`unknown storage ${repository.storage}`);
  return storage;
}

/** One bucket a repository; S3 allows lower case, digits, dots and hyphens. */
export function bucketOf(repository: string): string {
  const safe = repository.toLowerCase().replace(/[^a-z0-9-]/g, '-');
  return `fortnight-${safe}`.slice(0, 63).replace(/-+$/, '');
}

/** A repository of a scenario as the SP keeps it. */
export function spRepository(
  repository: ScenarioRepository,
  location: StorageLocation,
): SpRepository {
  const { storage: _storage, inSession: _inSession, marginMs: _marginMs, ...settings } = repository;
  return { ...settings, storage: location.storage, location };
}

/** The repositories of a world, as `set` steps change them (M8: from the next session on). */
export class RepositoryShelf {
  readonly #repositories = new Map<string, ScenarioRepository>();
  readonly #locate: (repository: ScenarioRepository) => StorageLocation;

  constructor(
    repositories: readonly ScenarioRepository[],
    locate: (repository: ScenarioRepository) => StorageLocation,
  ) {
    this.#locate = locate;
    for (const repository of repositories) this.#repositories.set(repository.name, repository);
  }

  all(): readonly SpRepository[] {
    return [...this.#repositories.values()].map((one) => spRepository(one, this.#locate(one)));
  }

  change(name: string, changes: Partial<RepositorySettings>): SpRepository {
    const before = this.#repositories.get(name);
    if (before === undefined) throw new Error(`unknown repository ${name}`);
    const after = { ...before, ...changes };
    this.#repositories.set(name, after);
    return spRepository(after, this.#locate(after));
  }
}
