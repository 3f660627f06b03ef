import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseHttpDate } from '../core/instants.ts';
import { header, type WireRequest } from '../sigv4/wire-request.ts';
import type { Account } from './account.ts';
import { authenticationFailed } from './errors.ts';

/** The headers of the string to sign, in its order, behind the verb. */
const SIGNED_HEADERS = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-type',
  'date',
  'if-modified-since',
  'if-match',
  'if-none-match',
  'if-unmodified-since',
  'range',
] as const;

/**
 * The string that the account key signs (`SharedKey` of blob storage, 2009-09-19 and later).
 * `order` sorts the `x-ms-` headers: by bytes, or as .NET sorts words, where `-` counts last.
 */
export function sharedKeyString(
  request: WireRequest,
  accountName: string,
  order: 'bytes' | 'words' = 'bytes',
): string {
  const lines = SIGNED_HEADERS.map((name) => {
    const value = header(request, name) ?? '';
    if (name === 'content-length' && value === '0') return '';
    // With x-ms-date the Date header does not count, whatever it says.
    if (name === 'date' && request.headers.has('x-ms-date')) return '';
    return value;
  });
  const verb = request.method.toUpperCase();
  return (
    `${[verb, ...lines].join('\n')}\n` +
    canonicalHeaders(request, order) +
    canonicalResource(request, accountName)
  );
}

function canonicalHeaders(request: WireRequest, order: 'bytes' | 'words'): string {
  const names = [...request.headers.keys()].filter((name) => name.startsWith('x-ms-'));
  names.sort(order === 'bytes' ? compareBytes : compareWords);
  return names
    .map((name) => `${name}:${(header(request, name) ?? '').replace(/\s+/g, ' ').trim()}\n`)
    .join('');
}

function compareBytes(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Hyphens are skipped, other signs come before digits and letters. */
function compareWords(left: string, right: string): number {
  const weigh = (name: string): string => name.replaceAll('-', '').replaceAll('_', ' ');
  return compareBytes(weigh(left), weigh(right)) || compareBytes(left, right);
}

/** `/account` and the path as sent, then the query by lower-case names with decoded values. */
function canonicalResource(request: WireRequest, accountName: string): string {
  const query = new Map<string, string[]>();
  for (const [name, value] of request.query) {
    const key = name.toLowerCase();
    query.set(key, [...(query.get(key) ?? []), value]);
  }
  const names = [...query.keys()].sort(compareBytes);
  const lines = names.map((name) => `\n${name}:${query.get(name)!.sort(compareBytes).join(',')}`);
  return `/${accountName}${request.rawPath}${lines.join('')}`;
}

export function signBase64(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text, 'utf8').digest('base64');
}

export function isSameText(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Verifies a request that the account key signed; throws AzureError. */
export function verifySharedKey(
  request: WireRequest,
  account: Account,
  signature: string,
  time: { readonly now: number; readonly toleranceMs: number },
): void {
  const dateText = header(request, 'x-ms-date') ?? header(request, 'date');
  const date = dateText === undefined ? undefined : parseHttpDate(dateText);
  if (date === undefined) {
    throw authenticationFailed('The Date header in the request is incorrect.');
  }
  if (time.now - date > time.toleranceMs) {
    throw authenticationFailed(`Request date header too old: '${dateText}'`);
  }
  if (date - time.now > time.toleranceMs) {
    throw authenticationFailed(`Request date header too far in the future: '${dateText}'`);
  }
  const wanted = sharedKeyString(request, account.name);
  const candidates = [wanted, sharedKeyString(request, account.name, 'words')];
  if (!candidates.some((text) => isSameText(signBase64(account.key, text), signature))) {
    throw authenticationFailed(
      'The MAC signature found in the HTTP request is not the same as any computed signature. ' +
        `Server used following string to sign: '${wanted}'.`,
    );
  }
}
