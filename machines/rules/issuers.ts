import type { StorageKind } from './settings.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './time.ts';

/** The ways in which a storage gives out temporary credentials (C5, C7, C14). */
export const ISSUER_KINDS = [
  'iam-user',
  'federation-token',
  'assume-role',
  'account-key-sas',
  'user-delegation-sas',
  'downscoped-token',
  'hmac-key',
] as const;
export type IssuerKind = (typeof ISSUER_KINDS)[number];

/** What an issuer can and cannot do, as data (architecture, decision 6). */
export interface IssuerCapabilities {
  /** `shared`: the repository's own credential; `memory`: a simulated one. */
  readonly kind: IssuerKind | 'shared' | 'memory';
  readonly name: string;
  readonly lifetimeMaxMs: number;
  readonly lifetimeMinMs: number;
  /** Whether the storage itself refuses the credential after its end. */
  readonly isExpiryEnforced: boolean;
  readonly revocation: 'immediate' | 'delayed' | 'never';
  /** By what the storage keeps a credential in its folder (C9). */
  readonly scopeKind:
    | 'prefix-policy'
    | 'directory'
    | 'container'
    | 'access-boundary'
    | 'conditional-binding'
    | 'whole-repository';
  /** What the holder may list: its own folder, nothing (the SP lists), or all there is. */
  readonly listing: 'own-folder' | 'none' | 'whole-repository';
  /** C19: how long a new credential, or a revocation, may take to be known everywhere. */
  readonly propagationMaxMs: number;
  /** How many generations of one scope may live at once; `null`: no limit of the storage. */
  readonly liveGenerationsMax: number | null;
}

const UNLIMITED_MS = Number.MAX_SAFE_INTEGER;
/** GCS, where the organisation has allowed nothing longer. */
const USUAL_TOKEN_MS = HOUR_MS;

/** The figures of the vendors; a storage may be set up to allow less (`longestSession`). */
export const ISSUERS: Readonly<Record<IssuerKind, IssuerCapabilities>> = {
  'iam-user': {
    kind: 'iam-user',
    name: 'IAM user with an access key',
    // The key has no end of its own: `aws:CurrentTime` in the policy ends it, at any instant.
    lifetimeMaxMs: UNLIMITED_MS,
    lifetimeMinMs: SECOND_MS,
    isExpiryEnforced: true,
    revocation: 'delayed',
    scopeKind: 'prefix-policy',
    listing: 'own-folder',
    propagationMaxMs: 15 * SECOND_MS,
    // A user a generation with one key each; IAM's two keys a user are never needed.
    liveGenerationsMax: null,
  },
  'federation-token': {
    kind: 'federation-token',
    name: 'STS GetFederationToken',
    lifetimeMaxMs: 36 * HOUR_MS,
    lifetimeMinMs: 900 * SECOND_MS,
    isExpiryEnforced: true,
    revocation: 'never',
    scopeKind: 'prefix-policy',
    listing: 'own-folder',
    propagationMaxMs: 15 * SECOND_MS,
    liveGenerationsMax: null,
  },
  'assume-role': {
    kind: 'assume-role',
    name: 'STS AssumeRole',
    // AWS: 12 h (`issuerMaximumMs`); MinIO and Ceph with a suitable role: up to 365 d.
    lifetimeMaxMs: 365 * DAY_MS,
    lifetimeMinMs: 900 * SECOND_MS,
    isExpiryEnforced: true,
    // A role's sessions can be ended only all together, which is no revocation of one of them.
    revocation: 'never',
    scopeKind: 'prefix-policy',
    listing: 'own-folder',
    propagationMaxMs: 15 * SECOND_MS,
    liveGenerationsMax: null,
  },
  'account-key-sas': {
    kind: 'account-key-sas',
    name: 'service SAS signed by the account key',
    lifetimeMaxMs: UNLIMITED_MS,
    lifetimeMinMs: SECOND_MS,
    isExpiryEnforced: true,
    revocation: 'never',
    scopeKind: 'directory',
    listing: 'own-folder',
    propagationMaxMs: 0,
    liveGenerationsMax: null,
  },
  'user-delegation-sas': {
    kind: 'user-delegation-sas',
    name: 'user-delegation SAS (Entra ID)',
    lifetimeMaxMs: 7 * DAY_MS,
    lifetimeMinMs: SECOND_MS,
    isExpiryEnforced: true,
    revocation: 'never',
    scopeKind: 'directory',
    listing: 'own-folder',
    propagationMaxMs: 0,
    liveGenerationsMax: null,
  },
  'downscoped-token': {
    kind: 'downscoped-token',
    name: 'access token with a credential access boundary',
    // 12 h where the organisation allows service accounts longer tokens, else 1 h.
    lifetimeMaxMs: 12 * HOUR_MS,
    lifetimeMinMs: SECOND_MS,
    isExpiryEnforced: true,
    revocation: 'never',
    scopeKind: 'access-boundary',
    listing: 'own-folder',
    propagationMaxMs: 0,
    liveGenerationsMax: null,
  },
  'hmac-key': {
    kind: 'hmac-key',
    name: 'service account with an HMAC key and a conditional binding',
    lifetimeMaxMs: UNLIMITED_MS,
    lifetimeMinMs: SECOND_MS,
    isExpiryEnforced: true,
    revocation: 'delayed',
    scopeKind: 'conditional-binding',
    // A condition on `resource.name` never matches a listing: the SP lists for the tenant.
    listing: 'none',
    propagationMaxMs: 3 * MINUTE_MS,
    liveGenerationsMax: null,
  },
};

/** Which issuers a storage kind has; the first is taken when nothing is said. */
export const ISSUERS_OF: Readonly<Record<StorageKind, readonly IssuerKind[]>> = {
  aws: ['iam-user', 'federation-token', 'assume-role'],
  's3-compatible': ['assume-role', 'iam-user'],
  azure: ['account-key-sas', 'user-delegation-sas'],
  gcs: ['downscoped-token', 'hmac-key'],
};

/** What a vendor allows with an issuer, in ms. */
export function vendorMaximumMs(storage: StorageKind, issuer: IssuerKind): number {
  if (storage === 'aws' && issuer === 'assume-role') return 12 * HOUR_MS;
  return ISSUERS[issuer].lifetimeMaxMs;
}

/**
 * C14: the longest credential that is issued, in ms. `longestSessionMs` is what the SP's storage is
 * set up to allow (a role's MaxSessionDuration, an organisation's policy for tokens).
 */
export function issuerMaximumMs(
  storage: StorageKind,
  issuer: IssuerKind,
  longestSessionMs: number | null,
): number {
  const vendorMs = vendorMaximumMs(storage, issuer);
  if (longestSessionMs !== null) return Math.min(longestSessionMs, vendorMs);
  return issuer === 'downscoped-token' ? USUAL_TOKEN_MS : vendorMs;
}

export interface IssuerSettings {
  readonly storage: StorageKind;
  readonly issuer: IssuerKind;
  readonly entraId: boolean;
  readonly storedAccessPolicy: boolean;
  /** Azure: folders are directories. */
  readonly hasHierarchicalNamespace: boolean;
}

/** What is taken when nothing is said (C21: with Entra ID the SAS is a user-delegation SAS). */
export function defaultIssuer(storage: StorageKind, entraId: boolean): IssuerKind {
  if (storage === 'azure' && entraId) return 'user-delegation-sas';
  return ISSUERS_OF[storage][0] as IssuerKind;
}

/** Why these settings cannot be, and what would do; `null` when they can. */
export function issuerProblem(settings: IssuerSettings): string | null {
  const { storage, issuer, entraId, storedAccessPolicy, hasHierarchicalNamespace } = settings;
  const possible = ISSUERS_OF[storage];
  if (!possible.includes(issuer)) {
    return `${storage} storage has no issuer "${issuer}": use one of ${possible.join(', ')}`;
  }
  if (storage === 'azure' && entraId !== (issuer === 'user-delegation-sas')) {
    return entraId
      ? 'with Entra ID a SAS is signed by a user-delegation key (C21): use issuer user-delegation-sas'
      : 'a user-delegation SAS needs a repository added with Entra ID (C21): set entraId: true';
  }
  if (storedAccessPolicy && issuer !== 'account-key-sas') {
    return 'a stored access policy holds SAS links of the account key only: use issuer account-key-sas, or leave storedAccessPolicy out';
  }
  if (storedAccessPolicy && hasHierarchicalNamespace) {
    return 'Azure keeps five stored access policies a container, which all tenants would share: use a storage with hierarchicalNamespace: false (a container for each tenant), or leave storedAccessPolicy out';
  }
  return null;
}
