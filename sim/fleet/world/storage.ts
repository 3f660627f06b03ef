import type { ErrorCode } from '../../../machines/rules/errors.ts';
import { ISSUERS, type IssuerCapabilities } from '../../../machines/rules/issuers.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import { FluidLink } from '../model/fluid-link.ts';
import type { FleetStorage } from '../types.ts';
import type { Desk, WorldParts } from './parts.ts';

export type IssueAnswer =
  | { readonly ok: true; readonly expiresAt: EpochMs; readonly usableFrom: EpochMs }
  | { readonly ok: false; readonly code: ErrorCode };

/** One storage system: what it carries, and its credential API with its limits. Its clock is true. */
export class StorageNode {
  readonly settings: FleetStorage;
  /** What direct sessions write, bounded where the storage has a limit. */
  readonly link: FluidLink;
  isDown = false;
  readonly #parts: WorldParts;
  /** Issues that may be made at once, in millionths; refilled as time goes by. */
  #tokens: number;
  #refilledAt: EpochMs;
  #calls = 0;

  constructor(settings: FleetStorage, parts: WorldParts) {
    this.settings = settings;
    this.#parts = parts;
    this.link = new FluidLink(parts.agenda, settings.bandwidth);
    this.#tokens = (settings.issueRate?.burst ?? 0) * TOKEN;
    this.#refilledAt = parts.agenda.now();
  }

  capabilities(desk: Desk): IssuerCapabilities {
    const { issuer, storedAccessPolicy } = desk.unit.tenant.repository.settings;
    const usual = ISSUERS[issuer];
    // C13: a SAS that hangs on a stored access policy dies with it.
    return storedAccessPolicy ? { ...usual, revocation: 'delayed' } : usual;
  }

  /** Answers once, later; or never, where a fault swallows the answer. */
  issue(
    desk: Desk,
    generation: number,
    lifetimeMs: number,
    answer: (answer: IssueAnswer) => void,
  ): void {
    const { agenda, chance, faults } = this.#parts;
    this.#calls += 1;
    let latencyMs = chance.spread('issue', desk.unit.index, generation, this.settings.issueLatency);
    const later = (result: IssueAnswer): void => agenda.in(latencyMs, () => answer(result));
    const fault = faults.strike('issuer', this.settings.name);
    if (fault?.effect.kind === 'error') {
      later({ ok: false, code: fault.effect.code });
      return;
    }
    if (this.isDown || fault?.effect.kind === 'down') {
      later(UNAVAILABLE);
      return;
    }
    if (fault?.effect.kind === 'delay') latencyMs += fault.effect.byMs;
    if (!this.#takeToken()) {
      later({ ok: false, code: 'storage.throttled' });
      return;
    }
    const now = agenda.now();
    desk.keys = desk.keys.filter(({ expiresAt }) => expiresAt > now);
    const { liveGenerationsMax } = this.capabilities(desk);
    if (liveGenerationsMax !== null && desk.keys.length >= liveGenerationsMax) {
      later({ ok: false, code: 'issuer.limit' });
      return;
    }
    // The storage counts the life from the moment at which it answers.
    const expiresAt = now + latencyMs + lifetimeMs;
    desk.keys.push({ generation, expiresAt });
    const spread = this.settings.propagation;
    const waitMs = chance.spread('propagation', desk.unit.index, generation, spread);
    if (fault?.effect.kind === 'lost') return;
    later({ ok: true, expiresAt, usableFrom: now + latencyMs + waitMs });
  }

  /** C13, C22: `null` when the storage does not answer. */
  revoke(desk: Desk, generation: number, answer: (isRevoked: boolean | null) => void): void {
    const { agenda, chance, faults } = this.#parts;
    const latencyMs = chance.spread(
      'issue',
      desk.unit.index,
      -generation,
      this.settings.issueLatency,
    );
    const fault = faults.strike('issuer', this.settings.name);
    if (this.isDown || fault !== null) {
      agenda.in(latencyMs, () => answer(null));
      return;
    }
    const isRevocable = this.capabilities(desk).revocation !== 'never';
    if (isRevocable) desk.keys = desk.keys.filter((key) => key.generation !== generation);
    agenda.in(latencyMs, () => answer(isRevocable));
  }

  /** What the storage itself says to a key at this instant (C16, C20). */
  refusal(desk: Desk, generation: number): ErrorCode | null {
    const key = desk.keys.find((one) => one.generation === generation);
    if (key === undefined) return 'access.denied';
    return key.expiresAt <= this.#parts.agenda.now() ? 'credential.expired' : null;
  }

  #takeToken(): boolean {
    const { issueRate } = this.settings;
    if (issueRate === null) return true;
    const now = this.#parts.agenda.now();
    const fresh = (now - this.#refilledAt) * issueRate.perSecond * (TOKEN / 1_000);
    this.#tokens = Math.min(issueRate.burst * TOKEN, this.#tokens + fresh);
    this.#refilledAt = now;
    if (this.#tokens < TOKEN) return false;
    this.#tokens -= TOKEN;
    return true;
  }
}

const TOKEN = 1_000_000;
const UNAVAILABLE: IssueAnswer = { ok: false, code: 'issuer.unavailable' };
