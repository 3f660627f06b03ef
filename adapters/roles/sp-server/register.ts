import { FortnightError } from '../../../machines/rules/errors.ts';
import type { SessionRecord } from './session-record.ts';
import type { SpRepository, SpTenant } from './settings.ts';

/** What the SP server knows: its settings, and the sessions that are open now. */
export class SpRegister {
  readonly repositories = new Map<string, SpRepository>();
  readonly tenants = new Map<string, SpTenant>();
  readonly sessions = new Map<string, SessionRecord>();

  constructor(repositories: readonly SpRepository[], tenants: readonly SpTenant[]) {
    for (const repository of repositories) this.repositories.set(repository.name, repository);
    for (const tenant of tenants) this.tenants.set(tenant.name, tenant);
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
