import { isoSeconds } from '../../core/instants.ts';
import { scopesCoverAccounts } from '../access/scopes.ts';
import { HOUR_MS } from '../accounts.ts';
import type { GcsCall } from '../call.ts';
import { GcsError } from '../errors.ts';
import { parseResource, receiveText } from '../json/body.ts';
import { IamError } from './errors.ts';
import { issueToken } from './tokens.ts';

const MEMBERS = ['delegates', 'scope', 'lifetime'];

/** `iamcredentials.googleapis.com`: a token of another account, by one who may act for it. */
export async function generateAccessToken(call: GcsCall): Promise<Record<string, unknown>> {
  const body = await receiveBody(call);
  const { caller, world, at } = call;
  const account = world.accounts.get(call.path.email ?? '');
  if (caller.email === '') {
    throw new IamError(
      401,
      'UNAUTHENTICATED',
      'Request is missing required authentication credential.',
    );
  }
  const mayCreate = account?.tokenCreators.includes(`serviceAccount:${caller.email}`) === true;
  const isLimited = caller.boundary !== undefined || !scopesCoverAccounts(caller.scopes ?? []);
  if (account === undefined || !mayCreate || isLimited) {
    throw new IamError(
      403,
      'PERMISSION_DENIED',
      "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
    );
  }
  const { scope, delegates, lifetime } = body;
  const stranger = Object.keys(body).find((name) => !MEMBERS.includes(name));
  if (stranger !== undefined) throw invalid(`Unknown name "${stranger.slice(0, 60)}".`);
  if (Array.isArray(delegates) ? delegates.length > 0 : delegates !== undefined) {
    throw new IamError(501, 'UNIMPLEMENTED', 'This simulation does not follow delegates.');
  }
  const isScopes = Array.isArray(scope) && scope.length > 0 && scope.every(isText);
  if (!isScopes) throw invalid('The scope must be a list of scopes.');
  const lifetimeMs = readLifetime(lifetime, account.longestTokenMs);
  const expiresAt = at + lifetimeMs;
  const accessToken = issueToken(world, {
    email: account.email,
    at,
    expiresAt,
    scopes: scope,
    propagationMs: call.propagationMs,
  });
  return { accessToken, expireTime: isoSeconds(expiresAt) };
}

/** As `3600s`: above an hour only where the account's organisation allows it, 12 h at most. */
function readLifetime(value: unknown, longestMs: number): number {
  if (value === undefined) return HOUR_MS;
  const match = typeof value === 'string' ? /^(\d{1,6})s$/.exec(value) : null;
  const lifetimeMs = match === null ? 0 : Number(match[1]) * 1000;
  if (lifetimeMs <= 0) throw invalid('The lifetime must be a positive duration, as "3600s".');
  if (lifetimeMs > longestMs) {
    throw invalid(
      `The access token lifetime cannot exceed ${longestMs / 1000} seconds for this account.`,
    );
  }
  return lifetimeMs;
}

async function receiveBody(call: GcsCall): Promise<Readonly<Record<string, unknown>>> {
  try {
    return parseResource(await receiveText(call.body));
  } catch (error) {
    if (error instanceof GcsError) throw invalid('Invalid JSON payload received.');
    throw error;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function invalid(message: string): IamError {
  return new IamError(400, 'INVALID_ARGUMENT', message);
}
