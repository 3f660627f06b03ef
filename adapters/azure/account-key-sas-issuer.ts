import type { BlobServiceClient, SignedIdentifier } from '@azure/storage-blob';
import type { Clock } from '../../machines/ports/clock.ts';
import type {
  CredentialIssuer,
  IssueRequest,
  IssuerCapabilities,
} from '../../machines/ports/credential-issuer.ts';
import type { Secret } from '../../machines/ports/secret.ts';
import {
  type AzureSas,
  requireCredential,
  type StorageCredential,
  type StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { ISSUERS } from '../../machines/rules/issuers.ts';
import { type CredentialScope, scopePrefixes } from '../../machines/rules/scope.ts';
import { SECOND_MS } from '../../machines/rules/time.ts';
import { accountEndpoint, authorizeByKey, createAgent, createServiceClient } from './client.ts';
import { CONTAINER_PREFIX, type SasScopeKind, scopeLocation } from './container-names.ts';
import { ensureScopeContainers, requireDirectories } from './containers.ts';
import { expiryOf, refuseOddNames } from './issue-checks.ts';
import { asIssuer } from './issuer-errors.ts';
import { type Draft, signProbed } from './probe.ts';
import {
  CONFIG_PERMISSIONS,
  FOLDER_PERMISSIONS,
  type SasProtocol,
  sasStart,
  serviceSas,
} from './sas.ts';
import { protocolOf, sasCredential, scopeResources } from './scope-sas.ts';
import {
  addPolicy,
  POLICIES_MAX,
  policyId,
  policyMark,
  removePolicies,
} from './stored-policies.ts';

/** How long Azure may take to know of a stored policy, and of its end. */
const POLICY_KNOWN_AFTER_MS = 30 * SECOND_MS;

export interface AccountKeySasIssuerOptions {
  /** The repository's; its container is not used where each tenant has one. */
  readonly location: StorageLocation;
  /** The account key. */
  readonly credential: StorageCredential;
  readonly clock: Clock;
  /** `directory` needs a hierarchical namespace; `container` works everywhere. */
  readonly scopeKind: SasScopeKind;
  /**
   * Binds the SAS of the folder to a stored access policy of the scope's container, so that it can
   * be revoked. Only with a container for each tenant: Azure keeps five policies a container, which
   * all tenants of a repository with directories would share. The SAS that reads the configuration
   * lies in another container and dies at its own end.
   */
  readonly storedAccessPolicy?: boolean;
  /** What is allowed here, as far as it is less than what Azure has. */
  readonly capabilities?: IssuerCapabilities;
}

function capabilitiesOf(options: AccountKeySasIssuerOptions): IssuerCapabilities {
  const { scopeKind, storedAccessPolicy = false } = options;
  const base = { ...(options.capabilities ?? ISSUERS['account-key-sas']), scopeKind };
  if (!storedAccessPolicy) return base;
  return {
    ...base,
    name: `${base.name}, by a stored access policy`,
    revocation: 'delayed',
    propagationMaxMs: POLICY_KNOWN_AFTER_MS,
    liveGenerationsMax: POLICIES_MAX,
  };
}

/**
 * C3: two service SAS a scope, signed here with the account key. Nothing is asked of the storage to
 * sign; each is tried once before it is given out.
 */
export function createAccountKeySasIssuer(options: AccountKeySasIssuerOptions): CredentialIssuer {
  if (options.storedAccessPolicy === true && options.scopeKind === 'directory') {
    throw new RangeError('a stored access policy needs a container for each tenant');
  }
  const signer = createSigner(options);
  return options.storedAccessPolicy === true ? policyIssuer(signer) : adHocIssuer(signer);
}

/** The owner of one account, and what all its issues have in common. */
interface Signer extends AccountKeySasIssuerOptions {
  readonly account: string;
  readonly accountKey: Secret;
  readonly capabilities: IssuerCapabilities;
  readonly service: BlobServiceClient;
  readonly protocol: SasProtocol;
  send<Result>(operation: string, run: () => Promise<Result>): Promise<Result>;
  close(): void;
}

function createSigner(options: AccountKeySasIssuerOptions): Signer {
  const { clock } = options;
  const credential = requireCredential('azure-account-key', options.credential);
  const { accountKey, keyId: account } = credential;
  const endpoint = accountEndpoint(options.location, account);
  const agent = createAgent(endpoint, 4);
  return {
    ...options,
    location: { ...options.location, endpoint },
    account,
    accountKey,
    capabilities: capabilitiesOf(options),
    service: createServiceClient(endpoint, agent, authorizeByKey(credential, clock)),
    protocol: protocolOf(endpoint),
    send: (operation, run) => asIssuer(operation, { credential, clock }, run),
    close: () => agent.destroy(),
  };
}

/** Signs both SAS of a scope; with a policy the one of the folder has no terms of its own. */
function signBoth(
  signer: Signer,
  { generation, scope }: IssueRequest,
  draft: Draft,
  policy: string | null,
): AzureSas {
  const { account, accountKey, protocol, scopeKind } = signer;
  const location = scopeLocation(signer.location, scope, scopeKind);
  const { config, folder } = scopeResources(account, location, scope, scopeKind);
  const folderTerms = policy === null ? { ...draft, permissions: FOLDER_PERMISSIONS } : null;
  const configTerms = { ...draft, permissions: CONFIG_PERMISSIONS };
  const common = { protocol, accountKey };
  const parts = {
    generation,
    expiresAt: draft.expiresAt,
    folderSas: serviceSas({ ...common, resource: folder, terms: folderTerms, policyId: policy }),
    configSas: serviceSas({ ...common, resource: config, terms: configTerms, policyId: null }),
  };
  return policy === null ? sasCredential(parts) : sasCredential(parts, policy);
}

function draftOf(signer: Signer, request: IssueRequest): Draft {
  const expiresAt = expiryOf(request, signer.capabilities);
  return { startsAt: sasStart(request.at, request.generation), expiresAt };
}

/** Where the scope's keys lie; what is missing there is made, or refused where it cannot be. */
async function preparePlace(signer: Signer, scope: CredentialScope): Promise<StorageLocation> {
  const { account, scopeKind, service } = signer;
  const location = scopeLocation(signer.location, scope, scopeKind);
  if (scopeKind === 'container') await ensureScopeContainers(service, location, signer);
  else await signer.send('GetAccountInfo', () => requireDirectories(service, account));
  return location;
}

function adHocIssuer(signer: Signer): CredentialIssuer {
  const { capabilities, clock } = signer;
  return {
    capabilities,
    async issue(request) {
      refuseOddNames(request.scope);
      const draft = draftOf(signer, request);
      const location = await preparePlace(signer, request.scope);
      const { fullAccess, readOnly } = scopePrefixes(request.scope);
      const sign = (one: Draft) => signBoth(signer, request, one, null);
      const probe = { location, clock, prefixes: [fullAccess, readOnly] };
      return { ...(await signProbed(sign, draft, probe)), expiresAt: draft.expiresAt };
    },
    async revoke() {
      return false;
    },
    close: () => signer.close(),
  };
}

function policyIssuer(signer: Signer): CredentialIssuer {
  const { capabilities, clock, service } = signer;
  const mark = policyMark(signer.location);
  const containerOf = (scope: CredentialScope) =>
    service.getContainerClient(scopeLocation(signer.location, scope, 'container').bucket);
  return {
    capabilities,
    async issue(request) {
      refuseOddNames(request.scope);
      const draft = draftOf(signer, request);
      const location = await preparePlace(signer, request.scope);
      const id = policyId(mark, request.scope, request.generation);
      const sign = (one: Draft) => signBoth(signer, request, one, id);
      // A new policy may be unknown for half a minute, which C19 waits for and a probe cannot; so
      // only the other SAS is tried, and the policy is stored when nothing can refuse any more.
      const prefixes = [scopePrefixes(request.scope).readOnly];
      const signed = await signProbed(sign, draft, { location, clock, prefixes });
      const policy = storedPolicy(id, draft);
      const room = { mark, now: request.at };
      await addPolicy(containerOf(request.scope), signer.send, policy, room);
      return { ...signed, expiresAt: draft.expiresAt };
    },
    async revoke(scope, _generation, keyId) {
      const container = containerOf(scope);
      const exists = () => container.exists();
      // With the container its policies went, and what a SAS of them opened.
      if (!(await signer.send('GetContainerProperties', exists))) return true;
      await removePolicies(container, signer.send, (id) => id === keyId);
      return true;
    },
    async removeLeftovers(known) {
      const removed: string[] = [];
      const names = await signer.send('ListContainers', () => tenantContainers(service));
      const isLeft = (id: string) => id.startsWith(mark) && !known.has(id);
      for (const name of names) {
        const container = service.getContainerClient(name);
        removed.push(...(await removePolicies(container, signer.send, isLeft)));
      }
      return removed;
    },
    close: () => signer.close(),
  };
}

function storedPolicy(id: string, { expiresAt, startsAt }: Draft): SignedIdentifier {
  const startsOn = startsAt === null ? {} : { startsOn: new Date(startsAt) };
  const accessPolicy = { ...startsOn, expiresOn: new Date(expiresAt) };
  return { id, accessPolicy: { ...accessPolicy, permissions: FOLDER_PERMISSIONS } };
}

async function tenantContainers(service: BlobServiceClient): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of service.listContainers({ prefix: CONTAINER_PREFIX })) {
    names.push(name);
  }
  return names;
}
