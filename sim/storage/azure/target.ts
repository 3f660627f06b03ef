import { decodePercent, header, UriError, type WireRequest } from '../sigv4/wire-request.ts';
import { type Account, isContainerName } from './account.ts';
import { AzureError } from './errors.ts';

/** What a request speaks of. Empty texts: the account itself, the container itself. */
export interface Target {
  readonly account: Account;
  readonly container: string;
  readonly blob: string;
}

const BLOB_NAME_LENGTH_MAX = 1024;

/**
 * Reads `account.blob.…/container/blob` (by the Host header) or `/account/container/blob`, the
 * form of an endpoint that is an IP address. Throws AzureError.
 */
export function readTarget(request: WireRequest, accounts: ReadonlyMap<string, Account>): Target {
  const [first = '', second = ''] = (header(request, 'host') ?? '').split('.');
  const hostAccount = second === 'blob' ? accounts.get(first) : undefined;
  let path: string;
  try {
    path = decodePercent(request.rawPath);
  } catch (error) {
    throw error instanceof UriError ? new AzureError('InvalidUri') : error;
  }
  if (!path.startsWith('/')) throw new AzureError('InvalidUri');
  const [, accountName, rest] = /^\/([^/]*)\/?(.*)$/s.exec(
    hostAccount ? `/${first}${path}` : path,
  )!;
  const account = hostAccount ?? accounts.get(accountName!);
  if (account === undefined) throw new AzureError('ResourceNotFound');
  const slash = rest!.indexOf('/');
  const container = slash < 0 ? rest! : rest!.slice(0, slash);
  const blob = slash < 0 ? '' : rest!.slice(slash + 1);
  if (container !== '' && !isContainerName(container)) {
    throw new AzureError(
      container.length < 3 || container.length > 63 ? 'OutOfRangeInput' : 'InvalidResourceName',
    );
  }
  checkBlobName(blob, account);
  return { account, container, blob };
}

/**
 * Dot segments never name a blob: a web server in front would resolve them, so a scope must not
 * depend on who does. Directories have no empty names either.
 */
function checkBlobName(blob: string, account: Account): void {
  if (blob === '') return;
  if (blob.length > BLOB_NAME_LENGTH_MAX || blob.includes('\0')) throw new AzureError('InvalidUri');
  const segments = blob.split('/');
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    throw new AzureError('InvalidUri');
  }
  const isEmptyInside = segments.slice(0, -1).includes('');
  if (account.hasDirectories && isEmptyInside) throw new AzureError('InvalidUri');
}
