import type { WireRequest } from '../sigv4/wire-request.ts';
import type { SasToken } from './sas.ts';

/**
 * The string that a SAS signs, by its version. `canonicalName` is `/blob/account/container` with
 * the blob or directory behind it. Header values are needed only where `srh` names them.
 */
export function sasString(
  sas: SasToken,
  canonicalName: string,
  request: Pick<WireRequest, 'headers' | 'query'>,
): string {
  return sas.delegation === undefined
    ? serviceSasString(sas, canonicalName)
    : delegationSasString(sas, canonicalName, request);
}

function serviceSasString(sas: SasToken, canonicalName: string): string {
  const { version } = sas;
  return [
    sas.permissions,
    sas.start,
    sas.expiry,
    canonicalName,
    sas.identifier,
    sas.ip,
    sas.protocol,
    version,
    // The resource and a snapshot time, which the resources that are served never have.
    ...(version >= '2018-11-09' ? [sas.resource, ''] : []),
    ...(version >= '2020-12-06' ? [''] : []),
    ...overrides(sas),
  ].join('\n');
}

function delegationSasString(
  sas: SasToken,
  canonicalName: string,
  request: Pick<WireRequest, 'headers' | 'query'>,
): string {
  const { version } = sas;
  const key = sas.delegation!;
  const field = (name: string): string => sas.fields.get(name) ?? '';
  const since = (first: string, ...lines: string[]): string[] => (version >= first ? lines : []);
  return [
    sas.permissions,
    sas.start,
    sas.expiry,
    canonicalName,
    key.objectId,
    key.tenantId,
    key.start,
    key.expiry,
    key.service,
    key.version,
    ...since('2020-02-10', field('saoid'), '', field('scid')),
    ...since('2025-07-05', '', ''),
    sas.ip,
    sas.protocol,
    version,
    sas.resource,
    '',
    ...since('2020-12-06', ''),
    ...since('2026-04-06', signedHeaders(sas, request), signedQuery(sas, request)),
    ...overrides(sas),
  ].join('\n');
}

/** The five response headers that a SAS may set. */
function overrides(sas: SasToken): string[] {
  return ['rscc', 'rscd', 'rsce', 'rscl', 'rsct'].map((name) => sas.fields.get(name) ?? '');
}

function namesIn(sas: SasToken, field: 'srh' | 'srq'): string[] {
  const names = sas.fields.get(field) ?? '';
  return names === '' ? [] : names.split(',');
}

/** `name:value` and a line end for each header that the SAS demands. */
function signedHeaders(sas: SasToken, request: Pick<WireRequest, 'headers'>): string {
  const read = (name: string): string => request.headers.get(name.toLowerCase())?.join(',') ?? '';
  return namesIn(sas, 'srh')
    .map((name) => `${name}:${read(name)}\n`)
    .join('');
}

function signedQuery(sas: SasToken, request: Pick<WireRequest, 'query'>): string {
  const query = new Map(request.query);
  return namesIn(sas, 'srq')
    .map((name) => `\n${name}:${query.get(name) ?? ''}`)
    .join('');
}
