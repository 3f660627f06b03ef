import type { BlobServiceClient } from '@azure/storage-blob';
import type { Clock } from '../../machines/ports/clock.ts';
import type {
  CredentialIssuer,
  IssuerCapabilities,
} from '../../machines/ports/credential-issuer.ts';
import { Secret } from '../../machines/ports/secret.ts';
import {
  type AzureSas,
  requireCredential,
  type StorageCredential,
  type StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { ISSUERS } from '../../machines/rules/issuers.ts';
import { scopePrefixes } from '../../machines/rules/scope.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import {
  accountEndpoint,
  accountOf,
  authorizeByToken,
  createAgent,
  createServiceClient,
} from './client.ts';
import { type SasScopeKind, scopeLocation } from './container-names.ts';
import { ensureScopeContainers } from './containers.ts';
import { ENTRA_AUTHORITY, refusePlainHttp, requestEntraToken } from './entra-token.ts';
import { expiryOf, refuseOddNames } from './issue-checks.ts';
import { asIssuer } from './issuer-errors.ts';
import { type Draft, signProbed } from './probe.ts';
import {
  CONFIG_PERMISSIONS,
  type DelegationKey,
  delegationSas,
  FOLDER_PERMISSIONS,
  START_BEFORE_MAX_MS,
  sasStart,
  wholeSecond,
} from './sas.ts';
import { protocolOf, sasCredential, scopeResources } from './scope-sas.ts';

export interface UserDelegationSasIssuerOptions {
  /** The repository's; `endpoint` must be given. */
  readonly location: StorageLocation;
  /** An application of Entra ID that may use the data and ask for delegation keys. */
  readonly credential: StorageCredential;
  readonly clock: Clock;
  readonly scopeKind: SasScopeKind;
  /** Who issues tokens; default: Entra ID. */
  readonly authority?: string;
  /** What is allowed here, as far as it is less than what Azure has. */
  readonly capabilities?: IssuerCapabilities;
}

/**
 * C21: a key lives for seven days at most, and begins before the instant of issue as much as clocks
 * may differ (the storage looks at both of its ends). What is left of the seven days is the SAS's.
 */
function capabilitiesOf(options: UserDelegationSasIssuerOptions): IssuerCapabilities {
  const given = options.capabilities ?? ISSUERS['user-delegation-sas'];
  const longestMs = ISSUERS['user-delegation-sas'].lifetimeMaxMs - START_BEFORE_MAX_MS;
  const lifetimeMaxMs = Math.min(given.lifetimeMaxMs, longestMs);
  return { ...given, scopeKind: options.scopeKind, lifetimeMaxMs };
}

/**
 * Token → user-delegation key → two SAS, anew for each issue. The key signs here and is forgotten.
 * Azure can only revoke all delegation keys of an account at once, which is no revocation of one.
 */
export function createUserDelegationSasIssuer(
  options: UserDelegationSasIssuerOptions,
): CredentialIssuer {
  const { authority = ENTRA_AUTHORITY, clock, scopeKind } = options;
  const credential = requireCredential('azure-application', options.credential);
  const endpoint = accountEndpoint(options.location, null);
  const repository = { ...options.location, endpoint };
  const account = accountOf(endpoint);
  const agent = createAgent(endpoint, 4);
  const tokenAgent = createAgent(authority, 1);
  const capabilities = capabilitiesOf(options);
  const owner = { credential, clock };
  const protocol = protocolOf(endpoint);

  const openService = async (): Promise<BlobServiceClient> => {
    refusePlainHttp(endpoint);
    const token = await requestEntraToken(authority, credential, tokenAgent);
    return createServiceClient(endpoint, agent, authorizeByToken(token));
  };

  return {
    capabilities,
    async issue(request) {
      const { at, generation, scope } = request;
      refuseOddNames(scope);
      const expiresAt = expiryOf(request, capabilities);
      const location = scopeLocation(repository, scope, scopeKind);
      const service = await openService();
      if (scopeKind === 'container') await ensureScopeContainers(service, location, owner);
      const key = await asIssuer('GetUserDelegationKey', owner, () =>
        requestKey(service, wholeSecond(at - START_BEFORE_MAX_MS), expiresAt),
      );
      const { config, folder } = scopeResources(account, location, scope, scopeKind);
      const sign = (draft: Draft): AzureSas => {
        const common = { protocol, key };
        const folderTerms = { ...draft, permissions: FOLDER_PERMISSIONS };
        const configTerms = { ...draft, permissions: CONFIG_PERMISSIONS };
        return sasCredential({
          generation,
          expiresAt: draft.expiresAt,
          folderSas: delegationSas({ ...common, resource: folder, terms: folderTerms }),
          configSas: delegationSas({ ...common, resource: config, terms: configTerms }),
        });
      };
      const { fullAccess, readOnly } = scopePrefixes(scope);
      const probe = { location, clock, prefixes: [fullAccess, readOnly] };
      const draft: Draft = { startsAt: sasStart(at, generation), expiresAt };
      const signed = await signProbed(sign, draft, probe);
      return { ...signed, expiresAt };
    },
    async revoke() {
      return false;
    },
    close() {
      agent.destroy();
      tokenAgent.destroy();
    },
  };
}

async function requestKey(
  service: BlobServiceClient,
  startsAt: EpochMs,
  expiresAt: EpochMs,
): Promise<DelegationKey> {
  const key = await service.getUserDelegationKey(new Date(startsAt), new Date(expiresAt));
  return {
    objectId: key.signedObjectId,
    tenantId: key.signedTenantId,
    startsAt: key.signedStartsOn.getTime(),
    expiresAt: key.signedExpiresOn.getTime(),
    service: key.signedService,
    version: key.signedVersion,
    value: new Secret(key.value),
  };
}
