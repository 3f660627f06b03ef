import { type Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Secret } from '../../machines/ports/secret.ts';
import type { AzureApplication } from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { isLoopback } from './client.ts';
import { scrubText } from './scrub.ts';

export const ENTRA_AUTHORITY = 'https://login.microsoftonline.com';
const STORAGE_SCOPE = 'https://storage.azure.com/.default';
const ANSWER_BYTES_MAX = 64 * 1024;

/** A bearer token for storage, by the client-credentials grant; nothing of it is kept. */
export async function requestEntraToken(
  authority: string,
  application: AzureApplication,
  agent: Agent,
): Promise<Secret> {
  const address = `${authority.replace(/\/+$/, '')}/${encodeURIComponent(application.directory)}`;
  refusePlainHttp(authority);
  const form = application.clientSecret.use((secret) =>
    new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: application.keyId,
      client_secret: secret,
      scope: STORAGE_SCOPE,
    }).toString(),
  );
  const { status, text } = await post(`${address}/oauth2/v2.0/token`, form, agent).catch(
    (thrown: unknown) => {
      const said = thrown instanceof Error ? thrown.message : String(thrown);
      throw new FortnightError('issuer.unavailable', scrubText(`token: ${said}`, application));
    },
  );
  const { access_token: token, error } = parse(text);
  if (status === 200 && typeof token === 'string' && token !== '') return new Secret(token);
  const isPassing = status === 429 || status >= 500 || status === 200;
  const word = typeof error === 'string' ? error : 'no code';
  throw new FortnightError(
    isPassing ? 'issuer.unavailable' : 'issuer.refused',
    scrubText(`token: ${word} (HTTP ${status})`, application),
  );
}

/** A secret or a token in clear text is everybody's who sees the line. */
export function refusePlainHttp(endpoint: string): void {
  if (endpoint.startsWith('https:') || isLoopback(endpoint)) return;
  throw new FortnightError('issuer.refused', `${endpoint} must be https: a token would be read`);
}

function post(
  address: string,
  form: string,
  agent: Agent,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const send = address.startsWith('https:') ? httpsRequest : httpRequest;
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(Buffer.byteLength(form)),
    };
    const call = send(address, { method: 'POST', headers, agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        text += piece;
        if (text.length > ANSWER_BYTES_MAX) answer.destroy(new Error('the answer is too long'));
      });
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    call.on('error', reject);
    call.end(form);
  });
}

function parse(text: string): { readonly access_token?: unknown; readonly error?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
