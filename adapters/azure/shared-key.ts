import { createHmac } from 'node:crypto';
import type { WebResource } from '@azure/storage-blob';
import type { Secret } from '../../machines/ports/secret.ts';
import type { EpochMs } from '../../machines/rules/time.ts';

/** The plain headers of the string to sign, in its order. */
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

/** HMAC-SHA256 with a key that is kept as base64, as all keys of Azure are. */
export function signWithKey(key: Secret, text: string): string {
  return key.use((base64) =>
    createHmac('sha256', Buffer.from(base64, 'base64')).update(text, 'utf8').digest('base64'),
  );
}

/**
 * `SharedKey` of blob storage. The SDK's own policy dates each request by the wall clock; here the
 * date is the injected one. Beside the string to sign nothing is new.
 */
export function signSharedKey(
  request: WebResource,
  owner: { readonly account: string; readonly key: Secret; readonly now: EpochMs },
): void {
  request.headers.set('x-ms-date', new Date(owner.now).toUTCString());
  const signature = signWithKey(owner.key, stringToSign(request, owner.account));
  request.headers.set('authorization', `SharedKey ${owner.account}:${signature}`);
}

function stringToSign(request: WebResource, account: string): string {
  const plain = SIGNED_HEADERS.map((name) => {
    const value = request.headers.get(name) ?? '';
    // Since 2015-02-21 an empty body has an empty length.
    return name === 'content-length' && value === '0' ? '' : value;
  });
  return [
    request.method.toUpperCase(),
    ...plain,
    ...vendorHeaders(request),
    resourceLine(request.url, account),
  ].join('\n');
}

function vendorHeaders(request: WebResource): string[] {
  return request.headers
    .headersArray()
    .map(({ name, value }) => [name.toLowerCase(), value.trim()] as const)
    .filter(([name]) => name.startsWith('x-ms-'))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}:${value}`);
}

/** The account and the path as sent, then the query by lower-case names. */
function resourceLine(address: string, account: string): string {
  const url = new URL(address);
  const query = [...url.searchParams].map(([name, value]) => [name.toLowerCase(), value] as const);
  query.sort(([left], [right]) => (left < right ? -1 : 1));
  return [`/${account}${url.pathname}`, ...query.map((pair) => pair.join(':'))].join('\n');
}
