import type { Clock } from '../../../machines/ports/clock.ts';
import type { ConfigDatabase } from '../../../machines/ports/config-database.ts';
import type { EventLog } from '../../../machines/ports/event-log.ts';
import { type CredentialScope, scopeId } from '../../../machines/rules/scope.ts';
import { CredentialDesk } from './credential-desk.ts';
import { credentialRule, lifecycleSettings } from './lifecycle-settings.ts';
import type { SpRegister } from './register.ts';
import type { SpStorageAccess } from './settings.ts';

export interface DeskShelfOptions {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly database: ConfigDatabase;
  readonly storage: SpStorageAccess;
  readonly register: SpRegister;
  readonly onError: (error: unknown) => void;
}

/** One credential desk a scope, opened at its first use and kept (C12: renewal is single-flight). */
export class DeskShelf {
  readonly #options: DeskShelfOptions;
  readonly #desks = new Map<
    string,
    { readonly scope: CredentialScope; readonly desk: Promise<CredentialDesk> }
  >();

  #isStopped = false;

  constructor(options: DeskShelfOptions) {
    this.#options = options;
  }

  /**
   * I74: what an SP before this one intended and never committed is settled by the desk of its
   * scope, which opens now: perhaps nobody asks for that scope again. Resolves before they have.
   */
  async settleIntents(): Promise<void> {
    const { database, register } = this.#options;
    const records = await database.listCredentials();
    if (this.#isStopped) return;
    for (const { scope, state } of records) {
      if (state === 'intent' && register.repositories.has(scope.repository)) {
        void this.deskFor(scope);
      }
    }
  }

  deskFor(scope: CredentialScope): Promise<CredentialDesk> {
    const id = scopeId(scope);
    const known = this.#desks.get(id);
    if (known !== undefined) return known.desk;
    const { clock, log, database, storage, register, onError } = this.#options;
    const repository = register.repository(scope.repository);
    const issuer = storage.issuerFor(repository);
    const settings = lifecycleSettings(id, repository, issuer.capabilities.lifetimeMaxMs);
    const desk = CredentialDesk.open({
      clock,
      log,
      database,
      scope,
      settings,
      protocolLifetimeMs: credentialRule(repository).lifetimeMs,
      issuer,
      onError,
    });
    this.#desks.set(id, { scope, desk });
    // C22: also a desk that is opened again knows that its tenant is disabled.
    void desk.then((opened) => {
      if (register.tenants.get(scope.tenant)?.disabled === true) opened.disable();
    }, onError);
    return desk;
  }

  /** The repository has new settings: its desks are opened again, with who waits there. */
  forgetRepository(repository: string): void {
    for (const [id, { scope, desk }] of this.#desks) {
      if (scope.repository !== repository) continue;
      this.#desks.delete(id);
      void desk.then(async (opened) => {
        for (const asked of opened.stop()) (await this.deskFor(scope)).request(asked);
        // C22: a revocation that was under way goes on at the new desk.
        const tenant = this.#options.register.tenants.get(scope.tenant);
        if (tenant?.disabled === true) await this.deskFor(scope);
      });
    }
  }

  /** C22: every scope of the tenant that ever had a credential. */
  async setDisabled(tenant: string, isDisabled: boolean): Promise<void> {
    const scopes = new Map<string, CredentialScope>();
    for (const { scope } of await this.#options.database.listCredentials()) {
      if (scope.tenant === tenant) scopes.set(scopeId(scope), scope);
    }
    // A desk that is about to issue may have no row yet.
    for (const [id, { scope }] of this.#desks) if (scope.tenant === tenant) scopes.set(id, scope);
    for (const scope of scopes.values()) {
      const desk = await this.deskFor(scope);
      if (isDisabled) desk.disable();
      else desk.enable();
    }
  }

  async stopAll(): Promise<void> {
    this.#isStopped = true;
    for (const { desk } of this.#desks.values()) (await desk).stop();
  }
}
