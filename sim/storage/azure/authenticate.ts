import { header, type WireRequest } from '../sigv4/wire-request.ts';
import { bucketOf } from './account.ts';
import type { Caller } from './caller.ts';
import type { ContainerShelf, StoredPolicy } from './container-shelf.ts';
import { delegationKeyValue } from './delegation-key.ts';
import { principalOf, verifyEntraToken } from './entra.ts';
import { AzureError, authenticationFailed, notImplemented } from './errors.ts';
import { checkIpRange } from './ip-range.ts';
import type { EntraOptions } from './options.ts';
import { readSas, type SasToken, sasInstant } from './sas.ts';
import { sasString } from './sas-string.ts';
import { isSameText, signBase64, verifySharedKey } from './shared-key.ts';
import type { Target } from './target.ts';

/** What the storage knows when it looks at a sender. */
export interface AuthenticationSettings {
  readonly now: number;
  readonly skewToleranceMs: number;
  readonly entra: EntraOptions | undefined;
  readonly containers: ContainerShelf;
  readonly clientAddress: string;
  readonly isSecure: boolean;
}

/** Finds out who sends a request. Throws AzureError. */
export function authenticateAzure(
  request: WireRequest,
  target: Target,
  settings: AuthenticationSettings,
): Caller {
  const authorization = header(request, 'authorization');
  const sas = readSas(request);
  if (authorization === undefined) {
    if (sas === undefined) throw challenge('NoAuthenticationInformation', settings);
    return authenticateSas(request, target, sas, settings);
  }
  if (sas !== undefined) throw new AzureError('InvalidAuthenticationInfo');
  const [scheme = '', credentials = ''] = authorization.split(/ (.*)/s);
  if (scheme === 'Bearer') return authenticateBearer(credentials.trim(), settings);
  if (scheme === 'SharedKeyLite') throw notImplemented('SharedKeyLite');
  const match = /^([^:]*):([A-Za-z0-9+/]+={0,2})$/.exec(credentials);
  if (scheme !== 'SharedKey' || match === null) throw new AzureError('InvalidAuthenticationInfo');
  // A key opens its own account only, and what another account is called is nobody's business.
  if (match[1] !== target.account.name) {
    throw authenticationFailed('The account of the Authorization header is not that of the URI');
  }
  const time = { now: settings.now, toleranceMs: settings.skewToleranceMs };
  verifySharedKey(request, target.account, match[2]!, time);
  return { kind: 'accountKey' };
}

/** The account or credential that a request claims, for its record; never a secret. */
export function claimedSender(request: WireRequest): string {
  const authorization = header(request, 'authorization') ?? '';
  const account = /^SharedKey ([^:]*):/.exec(authorization)?.[1];
  if (account !== undefined) return account;
  if (authorization.startsWith('Bearer ')) return 'bearer';
  const query = new Map(request.query);
  if (!query.has('sig')) return '';
  const signer = query.get('skoid') ?? query.get('si');
  return signer === undefined ? 'sas' : `sas:${signer}`;
}

function challenge(
  code: 'NoAuthenticationInformation' | 'InvalidAuthenticationInfo',
  { entra }: AuthenticationSettings,
  detail?: string,
): AzureError {
  const tenant = entra?.tenantId ?? 'common';
  const uri = `https://login.microsoftonline.com/${tenant}/oauth2/authorize`;
  return new AzureError(code, {
    status: 401,
    message: new AzureError('NoAuthenticationInformation').message,
    elements: detail === undefined ? {} : { AuthenticationErrorDetail: detail },
    headers: {
      'www-authenticate': `Bearer authorization_uri=${uri} resource_id=https://storage.azure.com`,
    },
  });
}

function authenticateBearer(token: string, settings: AuthenticationSettings): Caller {
  if (settings.entra === undefined) {
    const detail = 'Issuer validation failed. Issuer did not match.';
    throw challenge('InvalidAuthenticationInfo', settings, detail);
  }
  const verified = verifyEntraToken(settings.entra, token, settings.now);
  if (typeof verified === 'string') {
    throw challenge('InvalidAuthenticationInfo', settings, verified);
  }
  return { kind: 'bearer', principal: verified };
}

function authenticateSas(
  request: WireRequest,
  target: Target,
  sas: SasToken,
  settings: AuthenticationSettings,
): Caller {
  const policy = sas.identifier === '' ? undefined : findPolicy(target, sas, settings);
  const limits = combineLimits(sas, policy);
  checkTime(limits, settings.now);
  const key = signingKey(sas, target, settings.now);
  const wanted = sasString(sas, canonicalName(sas, request, target), request);
  if (!isSameText(signBase64(key, wanted), sas.signature)) {
    throw authenticationFailed(`Signature did not match. String to sign used was ${wanted}`);
  }
  checkSpan(limits, policy, target, settings.now);
  checkIpRange(sas.ip, settings.clientAddress);
  checkProtocol(sas.protocol, settings.isSecure);
  const overrides = Object.fromEntries(
    Object.entries(OVERRIDES).flatMap(([field, name]) => {
      const value = sas.fields.get(field) ?? '';
      return value === '' ? [] : [[name, value]];
    }),
  );
  const { entra } = settings;
  const caller = { kind: 'sas', resource: sas.resource, permissions: limits.permissions } as const;
  if (sas.delegation === undefined) return { ...caller, overrides };
  return { ...caller, overrides, delegate: principalOf(entra, sas.delegation.objectId) };
}

const OVERRIDES: Readonly<Record<string, string>> = {
  rscc: 'cache-control',
  rscd: 'content-disposition',
  rsce: 'content-encoding',
  rscl: 'content-language',
  rsct: 'content-type',
};

function findPolicy(target: Target, sas: SasToken, settings: AuthenticationSettings): StoredPolicy {
  const container = settings.containers.find(bucketOf(target.account.name, target.container));
  const isKnown = settings.now >= (container?.policiesKnownFrom ?? settings.now);
  const policy = container?.policies.find((one) => one.id === sas.identifier);
  if (policy === undefined || !isKnown) {
    throw authenticationFailed('SAS identifier cannot be found for specified signed identifier');
  }
  return policy;
}

interface Limits {
  readonly permissions: string;
  readonly start: number | undefined;
  readonly expiry: number;
}

/** Each limit comes from the SAS or from its stored policy, never from both. */
function combineLimits(sas: SasToken, policy: StoredPolicy | undefined): Limits {
  const combine = (own: string, stored: string | undefined): string => {
    if (own !== '' && stored !== undefined && stored !== '') {
      throw authenticationFailed(
        'Access policy fields can be associated with signature or SAS identifier but not both',
      );
    }
    return own === '' ? (stored ?? '') : own;
  };
  const permissions = combine(sas.permissions, policy?.permissions);
  const start = sasInstant('st', combine(sas.start, policy?.start));
  const expiry = sasInstant('se', combine(sas.expiry, policy?.expiry));
  if (permissions === '') throw authenticationFailed('sp is mandatory. Cannot be empty');
  if (expiry === undefined) throw authenticationFailed('se is mandatory. Cannot be empty');
  return { permissions, start, expiry };
}

function httpTime(atMs: number): string {
  return new Date(atMs).toUTCString();
}

/** `now >= se` is expired (C10). Without a start the SAS begins when the request arrives. */
function checkTime({ start, expiry }: Limits, now: number): void {
  if (start === undefined) {
    if (now < expiry) return;
    throw authenticationFailed(
      `Signed expiry time [${httpTime(expiry)}] must be after signed start time [${httpTime(now)}]`,
    );
  }
  if (now >= start && now < expiry) return;
  throw authenticationFailed(
    `Signature not valid in the specified time frame: Start [${httpTime(start)}] - ` +
      `Expiry [${httpTime(expiry)}] - Current [${httpTime(now)}]`,
  );
}

/** The account's SAS policy speaks of ad hoc SAS; a stored access policy has its own end. */
function checkSpan(
  { start, expiry }: Limits,
  policy: StoredPolicy | undefined,
  { account }: Target,
  now: number,
): void {
  if (policy !== undefined || expiry - (start ?? now) <= account.sasSpanMaxMs) return;
  throw authenticationFailed('The SAS is longer than the SAS policy of the account allows');
}

/** The account key, or the user-delegation key, which has a life of its own (C21). */
function signingKey(sas: SasToken, target: Target, now: number): Buffer {
  if (sas.delegation === undefined) return target.account.key;
  const start = sasInstant('skt', sas.delegation.start);
  const expiry = sasInstant('ske', sas.delegation.expiry);
  if (start === undefined) throw authenticationFailed('skt is mandatory. Cannot be empty');
  if (expiry === undefined) throw authenticationFailed('ske is mandatory. Cannot be empty');
  if (now < start || now >= expiry) {
    throw authenticationFailed(
      `Signature not valid in the specified key time frame: Key start [${httpTime(start)}] - ` +
        `Key expiry [${httpTime(expiry)}] - Current [${httpTime(now)}]`,
    );
  }
  return delegationKeyValue(target.account, sas.delegation);
}

/**
 * The name that the SAS must have signed, taken from what the request asks for: so a SAS of
 * another blob, directory or container does not match.
 */
function canonicalName(sas: SasToken, request: WireRequest, target: Target): string {
  const { account, container, blob } = target;
  const containerName = `/blob/${account.name}/${container}`;
  if (sas.resource === 'c') return containerName;
  if (sas.resource === 'b') return `${containerName}/${blob}`;
  const mayHaveDirectory =
    account.hasDirectories || (account.hasPrefixDelegation && sas.delegation !== undefined);
  if (!mayHaveDirectory) {
    throw authenticationFailed('sr=d needs an account with a hierarchical namespace');
  }
  const names = (blob === '' ? listedPrefix(sas, request) : blob).split('/');
  if (names.length < sas.depth) {
    throw authenticationFailed(`The request is not inside a directory of depth sdd=${sas.depth}`);
  }
  return `${containerName}/${names.slice(0, sas.depth).join('/')}`;
}

/**
 * A listing stays inside the directory only when its prefix holds the directory's whole path and
 * the slash behind it: `T1` alone would list `T10` too.
 */
function listedPrefix(sas: SasToken, request: WireRequest): string {
  const prefix = new Map(request.query).get('prefix') ?? '';
  if (prefix.split('/').length <= sas.depth) throw new AzureError('AuthorizationFailure');
  return prefix;
}

function checkProtocol(protocol: string, isSecure: boolean): void {
  if (protocol === '' || protocol === 'https,http') return;
  if (protocol !== 'https') throw authenticationFailed(`spr=${protocol} is not a valid value`);
  if (!isSecure) throw new AzureError('AuthorizationProtocolMismatch');
}
