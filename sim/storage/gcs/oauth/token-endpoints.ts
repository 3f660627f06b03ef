import { parseForm, UriError } from '../../sigv4/wire-request.ts';
import { type BoundaryDocument, BoundaryRefusal, readBoundary } from '../access/boundary.ts';
import type { GcsCall } from '../call.ts';
import { receiveText } from '../json/body.ts';
import { originOf } from '../objects/resource.ts';
import { readAssertion } from './assertion.ts';
import { OauthError } from './errors.ts';
import { findToken, issueToken } from './tokens.ts';

const JWT_GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';

/** `oauth2.googleapis.com/token`: an account's own assertion for an access token. */
export async function grantToken(call: GcsCall): Promise<Record<string, unknown>> {
  const form = await receiveForm(call);
  if (form.get('grant_type') !== JWT_GRANT) {
    throw new OauthError('unsupported_grant_type', 'Invalid grant_type: only jwt-bearer is served');
  }
  const { world, at } = call;
  const { account, scopes } = readAssertion(form.get('assertion') ?? '', world.accounts, {
    at,
    audience: `${originOf(call)}/token`,
  });
  const expiresAt = at + world.tokenLifetimeMs;
  const { propagationMs } = call;
  const token = issueToken(world, { email: account.email, at, expiresAt, scopes, propagationMs });
  call.body.notes.accessKeyId = account.email;
  return { access_token: token, expires_in: secondsUntil(expiresAt, at), token_type: 'Bearer' };
}

/** `sts.googleapis.com/v1/token`: a token for one that a boundary limits, living no longer. */
export async function exchangeToken(call: GcsCall): Promise<Record<string, unknown>> {
  const form = await receiveForm(call);
  const invalid = (description: string): OauthError =>
    new OauthError('invalid_request', description);
  if (form.get('grant_type') !== EXCHANGE_GRANT) {
    throw new OauthError('unsupported_grant_type', 'The grant type must be token-exchange.');
  }
  if (form.get('subject_token_type') !== ACCESS_TOKEN_TYPE) {
    throw invalid('subject_token_type must be an access token.');
  }
  const requestedType = form.get('requested_token_type') ?? ACCESS_TOKEN_TYPE;
  if (requestedType !== ACCESS_TOKEN_TYPE) {
    throw invalid('requested_token_type must be an access token.');
  }
  for (const name of ['actor_token', 'actor_token_type', 'audience', 'resource', 'scope']) {
    if (form.has(name)) throw invalid(`${name} is not served here.`);
  }
  const { world, at } = call;
  const source = findToken(world.shelf, form.get('subject_token') ?? '', at);
  if (source === undefined) {
    throw new OauthError('invalid_grant', 'The subject token is invalid or expired.');
  }
  call.body.notes.accessKeyId = source.email;
  if (source.boundary !== undefined) {
    throw invalid('The subject token is limited by an access boundary already.');
  }
  const { email, scopes, expiresAt } = source;
  const boundary = readOptions(form.get('options'));
  const token = issueToken(world, {
    email,
    at,
    expiresAt,
    scopes,
    boundary,
    propagationMs: call.propagationMs,
  });
  return {
    access_token: token,
    issued_token_type: ACCESS_TOKEN_TYPE,
    token_type: 'Bearer',
    expires_in: secondsUntil(expiresAt, at),
  };
}

function readOptions(text: string | undefined): BoundaryDocument {
  try {
    const document: unknown = JSON.parse(text ?? '');
    readBoundary(document);
    return document as BoundaryDocument;
  } catch (error) {
    const reason = error instanceof BoundaryRefusal ? error.message : 'options must be JSON.';
    throw new OauthError('invalid_request', `Invalid access boundary: ${reason}`);
  }
}

async function receiveForm(call: GcsCall): Promise<ReadonlyMap<string, string>> {
  const text = await receiveText(call.body);
  try {
    const pairs = parseForm(text);
    const form = new Map(pairs);
    if (form.size !== pairs.length) throw new OauthError('invalid_request', 'A field came twice.');
    return form;
  } catch (error) {
    if (error instanceof UriError) throw new OauthError('invalid_request', 'Malformed form.');
    throw error;
  }
}

/** Rounded down, so that no client holds a token for living longer than it does. */
function secondsUntil(expiresAt: number, at: number): number {
  return Math.floor((expiresAt - at) / 1000);
}
