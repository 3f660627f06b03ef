import { parseForm, UriError, type WireRequest } from '../sigv4/wire-request.ts';
import type { Exchange } from '../wire/exchange.ts';
import { issueEntraToken, STORAGE_AUDIENCE } from './entra.ts';
import type { EntraOptions } from './options.ts';
import { isSameText } from './shared-key.ts';

const FORM_BYTES_MAX = 16 * 1024;

/** Whether a request is for the token issuer and not for storage. */
export function isTokenRequest(entra: EntraOptions | undefined, request: WireRequest): boolean {
  return entra !== undefined && request.rawPath === `/${entra.tenantId}/oauth2/v2.0/token`;
}

/** Answers the client-credentials grant as Entra ID does; any other grant is refused. */
export async function answerTokenRequest(
  exchange: Exchange,
  request: WireRequest,
  entra: EntraOptions,
  nowMs: number,
): Promise<void> {
  exchange.notes.operation = 'IssueToken';
  const refuse = (status: number, error: string, description: string): void => {
    exchange.notes.code = error;
    const body = { error, error_description: description };
    exchange.send(status, { 'content-type': 'application/json' }, JSON.stringify(body));
  };
  if (request.method !== 'POST') return refuse(405, 'invalid_request', 'AADSTS900561: use POST.');
  const form = await readForm(exchange);
  if (form === undefined) return refuse(400, 'invalid_request', 'AADSTS900144: no valid form.');
  if (form.get('grant_type') !== 'client_credentials') {
    return refuse(400, 'unsupported_grant_type', 'AADSTS70003: use client_credentials.');
  }
  const clientId = form.get('client_id') ?? '';
  const application = entra.applications.find((one) => one.clientId === clientId);
  if (application === undefined) {
    return refuse(400, 'unauthorized_client', 'AADSTS700016: the application was not found.');
  }
  exchange.notes.accessKeyId = application.objectId;
  if (!isSameText(application.clientSecret, form.get('client_secret') ?? '')) {
    return refuse(401, 'invalid_client', 'AADSTS7000215: invalid client secret provided.');
  }
  if (form.get('scope') !== `${STORAGE_AUDIENCE}/.default`) {
    return refuse(400, 'invalid_scope', `AADSTS70011: use ${STORAGE_AUDIENCE}/.default.`);
  }
  const { token, expiresAt } = issueEntraToken(entra, application, nowMs);
  const seconds = Math.floor((expiresAt - nowMs) / 1000);
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  const reply = {
    token_type: 'Bearer',
    expires_in: seconds,
    ext_expires_in: seconds,
    access_token: token,
  };
  exchange.send(200, headers, JSON.stringify(reply));
}

async function readForm(exchange: Exchange): Promise<ReadonlyMap<string, string> | undefined> {
  let text = '';
  let isTooLong = false;
  await exchange.consume((piece) => {
    isTooLong ||= text.length + piece.length > FORM_BYTES_MAX;
    if (!isTooLong) text += piece.toString('latin1');
    return undefined;
  });
  try {
    return isTooLong ? undefined : new Map(parseForm(text));
  } catch (error) {
    if (error instanceof UriError) return undefined;
    throw error;
  }
}
