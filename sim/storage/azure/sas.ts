import type { WireRequest } from '../sigv4/wire-request.ts';
import { authenticationFailed, notImplemented } from './errors.ts';
import { parseAzureInstant } from './instants.ts';

/** The signed fields of a shared access signature, as sent. Empty texts are absent fields. */
export interface SasToken {
  readonly version: string;
  readonly resource: 'c' | 'b' | 'd';
  /** Of a directory: how many names its path has. */
  readonly depth: number;
  readonly permissions: string;
  readonly start: string;
  readonly expiry: string;
  readonly identifier: string;
  readonly ip: string;
  readonly protocol: string;
  readonly signature: string;
  /** Present when a user-delegation key signed it. */
  readonly delegation?: DelegationFields;
  readonly fields: ReadonlyMap<string, string>;
}

export interface DelegationFields {
  readonly objectId: string;
  readonly tenantId: string;
  readonly start: string;
  readonly expiry: string;
  readonly service: string;
  readonly version: string;
}

/** Letters in the order that Azure wants; any other order is refused. */
const PERMISSION_ORDER = 'racwdxyltmeopfi';
const SDK_PERMISSION_ORDER = 'racwdxltmeiyfop';

const VERSION_MIN = '2015-04-05';
export const VERSION_MAX = '2026-10-06';

/** Reads the SAS of a request; undefined when it has none. Throws AzureError. */
export function readSas(request: Pick<WireRequest, 'query'>): SasToken | undefined {
  const fields = new Map<string, string>();
  for (const [name, value] of request.query) {
    // Twice the same field: which one was signed would be a guess.
    if (fields.has(name) && isSasField(name)) {
      throw authenticationFailed(`${name} is specified more than once`);
    }
    fields.set(name, value);
  }
  const field = (name: string): string => fields.get(name) ?? '';
  if (field('sig') === '') return undefined;
  if (field('ss') !== '' || field('srt') !== '') throw notImplemented('account SAS');
  checkVersion(field('sv'));
  const resource = readResource(field('sr'));
  const delegation = readDelegation(field);
  refuseUnknownScopes(field);
  checkPermissionOrder(field('sp'));
  return {
    version: field('sv'),
    resource,
    depth: resource === 'd' ? readDepth(field('sdd'), field('sv')) : 0,
    permissions: field('sp'),
    start: field('st'),
    expiry: field('se'),
    identifier: field('si'),
    ip: field('sip'),
    protocol: field('spr'),
    // A plus sign that was not escaped arrived as a blank.
    signature: field('sig').replaceAll(' ', '+'),
    ...(delegation === undefined ? {} : { delegation }),
    fields,
  };
}

const SAS_FIELDS: ReadonlySet<string> = new Set(
  (
    'sv sr sdd sp st se si sip spr sig skoid sktid skt ske sks skv skdutid saoid suoid scid ' +
    'sduoid ses srh srq rscc rscd rsce rscl rsct ss srt'
  ).split(' '),
);

export function isSasField(name: string): boolean {
  return SAS_FIELDS.has(name);
}

function checkVersion(version: string): void {
  if (version === '') throw authenticationFailed('sv is mandatory. Cannot be empty');
  if (!/^\d{4}-\d\d-\d\d$/.test(version) || version < VERSION_MIN || version > VERSION_MAX) {
    throw authenticationFailed(`sv=${version} is not a supported version`);
  }
}

function readResource(resource: string): 'c' | 'b' | 'd' {
  if (resource === 'c' || resource === 'b' || resource === 'd') return resource;
  if (resource === '') throw authenticationFailed('sr is mandatory. Cannot be empty');
  if (resource === 'bs' || resource === 'bv') {
    throw notImplemented('SAS of a blob snapshot or version');
  }
  throw authenticationFailed(`sr=${resource} is not a valid signed resource`);
}

function readDepth(depth: string, version: string): number {
  if (version < '2020-02-10') {
    throw authenticationFailed('sr=d needs the signed version 2020-02-10 or later');
  }
  if (!/^[1-9]\d{0,2}$/.test(depth)) {
    throw authenticationFailed('sdd is mandatory for sr=d and must be a whole number from 1');
  }
  return Number(depth);
}

function readDelegation(field: (name: string) => string): DelegationFields | undefined {
  if (field('skoid') === '') return undefined;
  if (field('si') !== '') {
    throw authenticationFailed('A stored access policy cannot be used with a user delegation SAS');
  }
  return {
    objectId: field('skoid'),
    tenantId: field('sktid'),
    start: field('skt'),
    expiry: field('ske'),
    service: field('sks'),
    version: field('skv'),
  };
}

/** Fields that narrow a SAS in ways that are not enforced here must not be ignored. */
function refuseUnknownScopes(field: (name: string) => string): void {
  for (const name of ['suoid', 'sduoid', 'skdutid', 'ses']) {
    if (field(name) !== '') throw notImplemented(`the SAS field ${name}`);
  }
}

function checkPermissionOrder(permissions: string): void {
  const isInOrder = [PERMISSION_ORDER, SDK_PERMISSION_ORDER].some((order) => {
    let from = 0;
    return [...permissions].every((letter) => {
      const at = order.indexOf(letter, from);
      from = at + 1;
      return at >= 0;
    });
  });
  if (!isInOrder) throw authenticationFailed(`sp=${permissions} is not a valid value`);
}

/** An instant of a SAS field or a policy; undefined when the field is absent. */
export function sasInstant(name: string, text: string): number | undefined {
  if (text === '') return undefined;
  const at = parseAzureInstant(text);
  if (at === undefined) throw authenticationFailed(`${name}=${text} is not a valid time`);
  return at;
}
