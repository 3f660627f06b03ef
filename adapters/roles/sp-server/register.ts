import type { Link } from '../../../machines/ports/link.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import type { SessionRecord } from './session-record.ts';
import type { SpRepository, SpTenant } from './settings.ts';

/** What the SP server knows: its settings, and the sessions that are open now. */
export class SpRegister {
  readonly repositories = new Map<string, SpRepository>();
  readonly tenants = new Map<string, SpTenant>();
  readonly sessions = new Map<string, SessionRecord>();
  /** X5: what runs goes on, nothing new starts. */
  isInMaintenance = false;
  /** X4: how often the route of a repository's sessions has been set anew. */
  readonly #routeVersions = new Map<string, number>();
  readonly #versionsHeard = new WeakMap<Link, Map<string, number>>();

  constructor(repositories: readonly SpRepository[], tenants: readonly SpTenant[]) {
    for (const repository of repositories) this.repositories.set(repository.name, repository);
    for (const tenant of tenants) this.tenants.set(tenant.name, tenant);
  }

  setRepository(repository: SpRepository): void {
    const before = this.repositories.get(repository.name);
    this.repositories.set(repository.name, repository);
    if (before?.mode === repository.mode && before.access === repository.access) return;
    this.#routeVersions.set(repository.name, this.#versionOf(repository.name) + 1);
  }

  #versionOf(repository: string): number {
    return this.#routeVersions.get(repository) ?? 0;
  }

  /** The tenant has connected: from here on its agents know the settings of now. */
  noteConnected(link: Link): void {
    this.#versionsHeard.set(link, new Map(this.#routeVersions));
  }

  /** X4: this connection is older than the repository's mode; by asking, the agent hears of it. */
  isStale(link: Link, repository: string): boolean {
    const heard = this.#versionsHeard.get(link) ?? new Map<string, number>();
    const isStale = (heard.get(repository) ?? 0) < this.#versionOf(repository);
    this.#versionsHeard.set(link, heard.set(repository, this.#versionOf(repository)));
    return isStale;
  }

  /** Throws `settings.unknown`. */
  repository(name: string): SpRepository {
    const repository = this.repositories.get(name);
    if (repository === undefined) throw new FortnightError('settings.unknown');
    return repository;
  }

  sessionsOf(tenant: string): readonly SessionRecord[] {
    return [...this.sessions.values()].filter(({ scope }) => scope.tenant === tenant);
  }

  isOpen(record: SessionRecord): boolean {
    return this.sessions.get(record.id) === record;
  }

  /** Whether another session works in the same tenant's folders of the same repository. */
  isShared(record: SessionRecord): boolean {
    return this.sessionsOf(record.scope.tenant).some(
      (other) => other !== record && other.scope.repository === record.scope.repository,
    );
  }
}
