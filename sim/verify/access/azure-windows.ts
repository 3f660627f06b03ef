import {
  authorizeByToken,
  createAgent,
  createServiceClient,
} from '../../../adapters/azure/client.ts';
import type { SasScopeKind } from '../../../adapters/azure/container-names.ts';
import { ENTRA_AUTHORITY, requestEntraToken } from '../../../adapters/azure/entra-token.ts';
import { asIssuer } from '../../../adapters/azure/issuer-errors.ts';
import {
  CONFIG_PERMISSIONS,
  type DelegationKey,
  delegationSas,
  FOLDER_PERMISSIONS,
  type SasResource,
  serviceSas,
} from '../../../adapters/azure/sas.ts';
import { protocolOf, sasCredential, scopeResources } from '../../../adapters/azure/scope-sas.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import {
  type AzureApplication,
  requireCredential,
  type StorageCredential,
  type StorageLocation,
} from '../../../machines/ports/storage-credential.ts';
import type { CredentialScope } from '../../../machines/rules/scope.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import type { AzureTarget } from '../target/types.ts';
import type { Window } from './access.ts';

/** Of the key that signs: all windows that are tried lie inside. */
const KEY_BEFORE_MS = 2 * HOUR_MS;
const KEY_AFTER_MS = 4 * HOUR_MS;

export interface WindowSas {
  readonly target: AzureTarget;
  readonly endpoint: string;
  readonly account: string;
  /** The scope's own. */
  readonly location: StorageLocation;
  readonly owner: StorageCredential;
  readonly application: AzureApplication | null;
  readonly clock: Clock;
  readonly scope: CredentialScope;
  readonly generation: number;
  readonly window: Window;
  readonly scopeKind: SasScopeKind;
}

/** Both SAS of a scope with this start and end; signed as the target's issuer signs. */
export async function signWindow(options: WindowSas): Promise<StorageCredential> {
  const { account, endpoint, generation, location, scope, scopeKind, window } = options;
  const protocol = protocolOf(endpoint);
  const key = options.application === null ? null : await delegationKey(options);
  const accountKey = requireCredential('azure-account-key', options.owner).accountKey;
  const sign = (resource: SasResource, permissions: string): Secret => {
    const terms = { permissions, startsAt: window.startsAt, expiresAt: window.endsAt };
    if (key !== null) return delegationSas({ resource, terms, protocol, key });
    return serviceSas({ resource, terms, policyId: null, protocol, accountKey });
  };
  const { config, folder } = scopeResources(account, location, scope, scopeKind);
  return sasCredential({
    generation,
    expiresAt: window.endsAt,
    folderSas: sign(folder, FOLDER_PERMISSIONS),
    configSas: sign(config, CONFIG_PERMISSIONS),
  });
}

async function delegationKey(options: WindowSas): Promise<DelegationKey> {
  const { clock, endpoint, target } = options;
  const credential = requireCredential(
    'azure-application',
    options.application as AzureApplication,
  );
  const authority = target.authority ?? ENTRA_AUTHORITY;
  const agent = createAgent(endpoint, 1);
  const tokenAgent = createAgent(authority, 1);
  try {
    const token = await requestEntraToken(authority, credential, tokenAgent);
    const service = createServiceClient(endpoint, agent, authorizeByToken(token));
    const from = new Date(clock.now() - KEY_BEFORE_MS);
    const until = new Date(clock.now() + KEY_AFTER_MS);
    const key = await asIssuer('GetUserDelegationKey', { credential, clock }, () =>
      service.getUserDelegationKey(from, until),
    );
    return {
      objectId: key.signedObjectId,
      tenantId: key.signedTenantId,
      startsAt: key.signedStartsOn.getTime(),
      expiresAt: key.signedExpiresOn.getTime(),
      service: key.signedService,
      version: key.signedVersion,
      value: new Secret(key.value),
    };
  } finally {
    agent.destroy();
    tokenAgent.destroy();
  }
}
