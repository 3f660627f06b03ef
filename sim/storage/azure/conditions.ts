import { parseHttpDate } from '../core/instants.ts';
import { AzureError, invalidHeader } from './errors.ts';

/** The four conditional headers of a request, or those that speak of a copy source. */
export interface Conditions {
  readonly match: string | undefined;
  readonly noneMatch: string | undefined;
  readonly modifiedSince: number | undefined;
  readonly unmodifiedSince: number | undefined;
}

/** What conditions speak of: a blob or a container. */
interface Versioned {
  readonly etag: string;
  readonly modifiedAt: number;
}

/**
 * Reads the conditions with this header prefix (none, or `x-ms-source-`). Beside the two pairs
 * that outweigh each other only one condition may be given, as Azure documents.
 */
export function readConditions(
  headerOf: (name: string) => string | undefined,
  prefix: '' | 'x-ms-source-' = '',
): Conditions {
  const read = (name: string): string | undefined => headerOf(`${prefix}${name}`);
  const instant = (name: string): number | undefined => {
    const text = read(name);
    if (text === undefined) return undefined;
    const at = parseHttpDate(text);
    if (at === undefined) throw invalidHeader(`${prefix}${name}`, text);
    return at;
  };
  const found: Conditions = {
    match: read('if-match'),
    noneMatch: read('if-none-match'),
    modifiedSince: instant('if-modified-since'),
    unmodifiedSince: instant('if-unmodified-since'),
  };
  const hasPositive = found.match !== undefined || found.unmodifiedSince !== undefined;
  const hasNegative = found.noneMatch !== undefined || found.modifiedSince !== undefined;
  if (hasPositive && hasNegative) throw new AzureError('MultipleConditionHeadersNotSupported');
  return found;
}

/** Conditions of a read; `notModified` is answered with 304. */
export function checkRead(conditions: Conditions, current: Versioned): 'proceed' | 'notModified' {
  if (!holdsPositive(conditions, current)) throw new AzureError('ConditionNotMet');
  return holdsNegative(conditions, current) ? 'proceed' : 'notModified';
}

/** Conditions of a write, against what is there at the instant of the commit. */
export function checkWrite(conditions: Conditions, current: Versioned | undefined): void {
  if (current === undefined) {
    if (conditions.match !== undefined) throw new AzureError('ConditionNotMet');
    return;
  }
  if (conditions.noneMatch?.trim() === '*') throw new AzureError('BlobAlreadyExists');
  if (!holdsPositive(conditions, current) || !holdsNegative(conditions, current)) {
    throw new AzureError('ConditionNotMet');
  }
}

/** If-Match outweighs If-Unmodified-Since. */
function holdsPositive({ match, unmodifiedSince }: Conditions, current: Versioned): boolean {
  if (match !== undefined) return matchesAny(match, current.etag);
  return unmodifiedSince === undefined || wholeSeconds(current.modifiedAt) <= unmodifiedSince;
}

/** If-None-Match outweighs If-Modified-Since. */
function holdsNegative({ noneMatch, modifiedSince }: Conditions, current: Versioned): boolean {
  if (noneMatch !== undefined) return !matchesAny(noneMatch, current.etag);
  return modifiedSince === undefined || wholeSeconds(current.modifiedAt) > modifiedSince;
}

/** HTTP dates have no milliseconds. */
function wholeSeconds(atMs: number): number {
  return Math.floor(atMs / 1000) * 1000;
}

function matchesAny(list: string, etag: string): boolean {
  if (list.trim() === '*') return true;
  return list.split(',').some((one) => one.trim().replace(/^"(.*)"$/, '$1') === etag);
}
