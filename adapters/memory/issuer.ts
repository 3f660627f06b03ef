import type { Clock } from '../../machines/ports/clock.ts';
import type {
  CredentialIssuer,
  IssueRequest,
  IssuerCapabilities,
} from '../../machines/ports/credential-issuer.ts';
import { Secret } from '../../machines/ports/secret.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import { type CredentialScope, scopeId, scopePrefixes } from '../../machines/rules/scope.ts';
import { DAY_MS, type EpochMs } from '../../machines/rules/time.ts';
import { waitOn } from '../wrap/wait.ts';
import type { MemoryBucket } from './bucket.ts';

export const MEMORY_ISSUER_CAPABILITIES: IssuerCapabilities = {
  kind: 'memory',
  name: 'memory',
  lifetimeMaxMs: 365 * DAY_MS,
  lifetimeMinMs: 1,
  isExpiryEnforced: true,
  revocation: 'immediate',
  scopeKind: 'prefix-policy',
  listing: 'own-folder',
  propagationMaxMs: 0,
  liveGenerationsMax: null,
};

/** The calls of `issue` from the `nth` (1 is the first) on, `repeat` of them (default 1), fail. */
export interface MemoryIssuerFailure {
  readonly nth: number;
  readonly repeat?: number;
  readonly code: Extract<ErrorCode, `issuer.${string}`>;
}

export interface MemoryIssuerOptions {
  readonly bucket: MemoryBucket;
  readonly clock: Clock;
  readonly capabilities?: Partial<IssuerCapabilities>;
  readonly latencyMs?: number;
  /** How long after its issue the bucket does not know a key (C19); default 0. */
  readonly propagationMs?: number;
  readonly failures?: readonly MemoryIssuerFailure[];
}

/** Issues credentials that the bucket enforces. Key ids and secrets are counted, not random. */
export function createMemoryIssuer(options: MemoryIssuerOptions): CredentialIssuer {
  const { bucket, clock, failures = [], latencyMs = 0, propagationMs = 0 } = options;
  const capabilities = { ...MEMORY_ISSUER_CAPABILITIES, ...options.capabilities };
  const ends = new Map<string, EpochMs[]>();
  let calls = 0;

  return {
    capabilities,

    async issue(request) {
      calls += 1;
      const call = calls;
      await waitOn(clock, latencyMs);
      const failure = failures.find(({ nth, repeat = 1 }) => call >= nth && call < nth + repeat);
      if (failure !== undefined) throw new FortnightError(failure.code, 'as scripted');
      const now = clock.now();
      const expiresAt = end(request, capabilities);
      const live = (ends.get(scopeId(request.scope)) ?? []).filter((at) => at > now);
      if (
        capabilities.liveGenerationsMax !== null &&
        live.length >= capabilities.liveGenerationsMax
      ) {
        throw new FortnightError('issuer.limit', `${live.length} generations are still alive`);
      }
      ends.set(scopeId(request.scope), [...live, expiresAt]);
      const keyId = keyIdOf(request.scope, request.generation, call);
      const credential = {
        kind: 's3-keys',
        keyId,
        secretKey: new Secret(`memory-secret-of-${keyId}`),
        sessionToken: new Secret(`memory-token-of-${keyId}`),
        generation: request.generation,
        expiresAt,
      } as const;
      const prefixes =
        capabilities.scopeKind === 'prefix-policy' ? scopePrefixes(request.scope) : null;
      bucket.grant({ credential, prefixes, knownFrom: now + propagationMs });
      return credential;
    },

    async revoke(_scope, _generation, keyId) {
      await waitOn(clock, latencyMs);
      switch (capabilities.revocation) {
        case 'immediate':
          bucket.revoke(keyId, clock.now());
          return true;
        case 'delayed':
          bucket.revoke(keyId, clock.now() + capabilities.propagationMaxMs);
          return true;
        case 'never':
          return false;
        default:
          return capabilities.revocation satisfies never;
      }
    },

    close() {},
  };
}

function end(request: IssueRequest, capabilities: IssuerCapabilities): EpochMs {
  if (request.lifetimeMs < capabilities.lifetimeMinMs) {
    throw new FortnightError(
      'issuer.limit',
      `at least ${capabilities.lifetimeMinMs} ms are issued`,
    );
  }
  return request.at + Math.min(request.lifetimeMs, capabilities.lifetimeMaxMs);
}

function keyIdOf(scope: CredentialScope, generation: number, call: number): string {
  return `memory-key-${scopeId(scope)}-g${generation}-${call}`;
}
