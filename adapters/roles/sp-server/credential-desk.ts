import {
  credentialLifecycleMachine,
  type GenerationHandle,
  type LifecycleRequest,
  type LifecycleSettings,
} from '../../../machines/credential-lifecycle/index.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { ConfigDatabase, CredentialRecord } from '../../../machines/ports/config-database.ts';
import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import type { EventLog, JsonObject } from '../../../machines/ports/event-log.ts';
import { type HostedMachine, hostMachine } from '../../../machines/ports/machine-host.ts';
import type { StorageCredential } from '../../../machines/ports/storage-credential.ts';
import { type ErrorCode, toFortnightError } from '../../../machines/rules/errors.ts';
import { isExpired } from '../../../machines/rules/renewal.ts';
import { type CredentialScope, scopeId } from '../../../machines/rules/scope.ts';
import { removeLeftovers } from './leftovers.ts';

/** A delivery or a refusal; exactly one for every request. */
export type DeskAnswer =
  | {
      readonly ok: true;
      readonly credential: StorageCredential;
      readonly expiresAt: number;
      readonly degraded: boolean;
    }
  | { readonly ok: false; readonly code: ErrorCode };

export interface DeskRequest {
  readonly requestId: string;
  readonly session: string;
  readonly trigger: 'connect' | 'request' | 'heartbeat' | 'forced';
  readonly renew: boolean;
  readonly heldGeneration: number;
  readonly answer: (answer: DeskAnswer) => void;
}

export interface DeskOptions {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly database: ConfigDatabase;
  readonly scope: CredentialScope;
  readonly settings: LifecycleSettings;
  /** Before C14: what the rule, or the SP's override (C4), wants. */
  readonly protocolLifetimeMs: number;
  readonly issuer: CredentialIssuer;
  readonly onError: (error: unknown) => void;
}

type Issued = StorageCredential & { readonly expiresAt: number };

/**
 * The desk of one credential scope: runs its lifecycle machine and does what the machine asks of
 * the issuer and the configuration database. Secrets stay here and in the database; the machine
 * knows generations and instants only.
 */
export class CredentialDesk {
  readonly #options: DeskOptions;
  readonly #machine: HostedMachine<typeof credentialLifecycleMachine>;
  readonly #open = new Map<string, DeskRequest>();
  /** Issued and not yet saved; taken out by the save, or by a revocation of what came too late. */
  readonly #unsaved = new Map<number, Issued>();
  #isStopped = false;

  private constructor(
    options: DeskOptions,
    current: GenerationHandle | null,
    older: readonly GenerationHandle[],
    lastGeneration: number,
  ) {
    this.#options = options;
    this.#machine = hostMachine({
      machine: credentialLifecycleMachine,
      clock: options.clock,
      input: { settings: options.settings, current, older, lastGeneration },
      onRequest: (request) => void this.#perform(request),
      onError: options.onError,
    });
  }

  /** L7: what was saved before is there again before the first answer. */
  static async open(options: DeskOptions): Promise<CredentialDesk> {
    const records = await options.database.listCredentials(options.scope);
    const now = options.clock.now();
    const handles = records
      .filter((record) => record.state === 'live' || record.state === 'superseded')
      .map(({ generation, issuedAt, expiresAt }) => ({ generation, issuedAt, expiresAt }));
    const current = handles.at(-1) ?? null;
    const older = handles.slice(0, -1).filter((one) => !isExpired(one.expiresAt, now));
    const lastGeneration = await options.database.lastGeneration(options.scope);
    await settleIntents(options, records);
    return new CredentialDesk(options, current, older, lastGeneration);
  }

  held(): { readonly heldGeneration: number; readonly heldExpiresAt: number | null } {
    const { current } = this.#machine.snapshot().context;
    return {
      heldGeneration: current?.generation ?? 0,
      heldExpiresAt: current?.expiresAt ?? null,
    };
  }

  request(asked: DeskRequest): void {
    this.#open.set(asked.requestId, asked);
    const { requestId, trigger, renew, heldGeneration } = asked;
    this.#note('credential.requested', asked.session, { trigger, renew });
    this.#machine.send({
      type: 'credential.requested',
      requestId,
      trigger,
      renew,
      heldGeneration,
    });
  }

  disable(): void {
    this.#machine.send({ type: 'scope.disabled' });
  }

  enable(): void {
    this.#machine.send({ type: 'scope.enabled' });
  }

  /** As a crash would: nothing more is told. Returns the requests that nobody has answered. */
  stop(): readonly DeskRequest[] {
    this.#isStopped = true;
    const unanswered = [...this.#open.values()];
    this.#open.clear();
    this.#machine.stop();
    return unanswered;
  }

  #note(type: string, session: string | null, data: JsonObject, at?: number): void {
    if (this.#isStopped) return;
    const scope = scopeId(this.#options.scope);
    const event = { node: 'sp', type, session, data: { scope, ...data } };
    this.#options.log.write(at === undefined ? event : { ...event, at });
  }

  async #perform(request: LifecycleRequest): Promise<void> {
    const { database, scope, issuer, settings } = this.#options;
    switch (request.type) {
      case 'records.recordIntent':
        return this.#try(
          () => this.#recordIntent(request.generation),
          () => this.#machine.send({ type: 'intent.saved', generation: request.generation }),
          (code) =>
            this.#machine.send({ type: 'intent.failed', generation: request.generation, code }),
        );
      case 'records.dropIntent':
        return this.#try(() => database.dropIntent(scope, request.generation));
      case 'issuer.issue':
        return this.#issue(request.generation, request.lifetimeMs);
      case 'records.save':
        return this.#save(request.generation);
      case 'issuer.revoke':
        return this.#revoke(request.generation, issuer);
      case 'records.mark':
        this.#note('credential.revoked', null, {
          generation: request.generation,
          state: request.state,
        });
        return this.#try(() => database.markCredential(scope, request.generation, request.state));
      case 'credential.checked': {
        const asked = this.#open.get(request.requestId);
        const facts = {
          by: 'sp',
          trigger: asked?.trigger ?? 'request',
          expiresAt: this.held().heldExpiresAt,
          leftMs: request.leftMs,
          renewBelowMs: settings.renewBelowMs,
          includesLine: settings.includesLine,
          decision: request.decision,
        };
        // With the instant of the check itself: the log may be written a moment later.
        return this.#note('credential.checked', asked?.session ?? null, facts, request.at);
      }
      case 'credential.deliver':
        return this.#deliver(request.requestId, request.generation, request.degraded);
      case 'credential.refuse':
        this.#note('credential.refused', this.#open.get(request.requestId)?.session ?? null, {
          code: request.code,
        });
        this.#answer(request.requestId, { ok: false, code: request.code });
        return;
      default:
        request satisfies never;
    }
  }

  async #try(
    work: () => Promise<void>,
    succeeded: () => void = () => {},
    failed: (code: ErrorCode) => void = () => {},
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      failed(toFortnightError(error, 'records.failed').code);
      return;
    }
    succeeded();
  }

  #recordIntent(generation: number): Promise<void> {
    const { clock, database, scope, settings } = this.#options;
    const now = clock.now();
    return database.recordIntent(scope, generation, now, now + settings.lifetimeMs);
  }

  async #issue(generation: number, lifetimeMs: number): Promise<void> {
    const { issuer, scope, clock } = this.#options;
    let issued: Issued;
    try {
      issued = await issuer.issue({ scope, generation, lifetimeMs, at: clock.now() });
    } catch (error) {
      const { code } = toFortnightError(error, 'issuer.refused');
      this.#note('credential.issueFailed', null, { generation, code });
      this.#machine.send({ type: 'issuer.failed', generation, code });
      return;
    }
    this.#unsaved.set(generation, issued);
    // An answer that comes after its attempt was given up is no new generation (I32, I74).
    const isLate = this.#machine.snapshot().context.lastGeneration > generation;
    this.#note(isLate ? 'credential.orphaned' : 'credential.issued', null, {
      generation,
      issuedAt: clock.now(),
      expiresAt: issued.expiresAt,
      lifetimeMs,
      protocolLifetimeMs: this.#options.protocolLifetimeMs,
      keyId: issued.keyId,
      issuer: issuer.capabilities.name,
      issuerMaximumMs: issuer.capabilities.lifetimeMaxMs,
    });
    this.#machine.send({ type: 'issuer.issued', generation, expiresAt: issued.expiresAt });
  }

  async #save(generation: number): Promise<void> {
    const { database, scope, clock } = this.#options;
    const issued = this.#unsaved.get(generation);
    if (issued === undefined) throw new Error(`generation ${generation} was never issued`);
    return this.#try(
      () => database.saveCredential(scope, issued, clock.now()),
      () => {
        this.#unsaved.delete(generation);
        this.#note('credential.saved', null, { generation });
        this.#machine.send({ type: 'credential.saved', generation });
      },
      (code) => this.#machine.send({ type: 'credential.saveFailed', generation, code }),
    );
  }

  async #revoke(generation: number, issuer: CredentialIssuer): Promise<void> {
    const { scope, database } = this.#options;
    const unsaved = this.#unsaved.get(generation);
    this.#unsaved.delete(generation);
    try {
      const keyId =
        unsaved?.keyId ?? (await database.openCredential(scope, generation))?.keyId ?? '';
      const isRevoked = await issuer.revoke(scope, generation, keyId);
      this.#machine.send({ type: isRevoked ? 'issuer.revoked' : 'issuer.irrevocable', generation });
    } catch {
      this.#machine.send({ type: 'issuer.revokeFailed', generation });
    }
  }

  /** C5, L7: what is delivered comes out of the database, never out of memory alone. */
  async #deliver(requestId: string, generation: number, degraded: boolean): Promise<void> {
    const { database, scope } = this.#options;
    try {
      const credential = await database.openCredential(scope, generation);
      if (credential === null || credential.expiresAt === null) {
        this.#answer(requestId, { ok: false, code: 'credential.missing' });
        return;
      }
      const { expiresAt } = credential;
      this.#answer(requestId, { ok: true, credential, expiresAt, degraded });
    } catch (error) {
      const { code } = toFortnightError(error, 'records.failed');
      this.#answer(requestId, { ok: false, code });
    }
  }

  #answer(requestId: string, answer: DeskAnswer): void {
    const asked = this.#open.get(requestId);
    this.#open.delete(requestId);
    asked?.answer(answer);
  }
}

/**
 * F3, I74: the SP stopped between a call to the issuer and its answer. Whether something was issued
 * is not known and cannot be asked: it is listed as irrevocable until it would have ended.
 */
async function settleIntents(
  options: DeskOptions,
  records: readonly CredentialRecord[],
): Promise<void> {
  const { clock, database, log, scope } = options;
  for (const { generation, expiresAt, state } of records) {
    if (state !== 'intent') continue;
    if (isExpired(expiresAt, clock.now())) {
      await database.dropIntent(scope, generation);
      continue;
    }
    // Where the storage can tell what it has made, nothing is left of it; else it lives to its end.
    const isGone = await removeLeftovers(scope.repository, options.issuer, options);
    await database.markCredential(scope, generation, isGone ? 'revoked' : 'irrevocable');
    if (isGone) continue;
    const data = { scope: scopeId(scope), generation, expiresAt };
    log.write({ node: 'sp', type: 'credential.orphaned', session: null, data });
  }
}
