import { header, type WireRequest } from '../sigv4/wire-request.ts';
import type { Exchange } from '../wire/exchange.ts';
import { azureDocument, branch, leaf } from './document.ts';
import type { AzureError } from './errors.ts';
import { azureInstant } from './instants.ts';

const CLIENT_REQUEST_ID_LENGTH_MAX = 1024;

/** The headers of every answer: the version served, and the client's own name of the request. */
export function replyHeaders(request: WireRequest): Record<string, string> {
  const clientId = header(request, 'x-ms-client-request-id');
  const isEchoed = clientId !== undefined && clientId.length <= CLIENT_REQUEST_ID_LENGTH_MAX;
  const version = header(request, 'x-ms-version') ?? new Map(request.query).get('sv');
  const hasVersion = version !== undefined && /^\d{4}-\d\d-\d\d$/.test(version);
  return {
    server: 'Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0',
    ...(hasVersion ? { 'x-ms-version': version } : {}),
    ...(isEchoed ? { 'x-ms-client-request-id': clientId } : {}),
  };
}

/** Answers with an error document and `x-ms-error-code`; HEAD has the header alone. */
export function sendAzureError(
  exchange: Exchange,
  request: WireRequest,
  error: Pick<AzureError, 'status' | 'message' | 'elements' | 'headers'> & {
    readonly code: string;
  },
): void {
  exchange.notes.code = error.code;
  const message = `${error.message}\nRequestId:${exchange.requestId}\nTime:${azureInstant(exchange.at)}`;
  const details = Object.entries(error.elements).map(([name, text]) => leaf(name, text));
  const { xml } = branch('Error', leaf('Code', error.code), leaf('Message', message), ...details);
  const headers = {
    ...replyHeaders(request),
    ...error.headers,
    'x-ms-error-code': error.code,
    'content-type': 'application/xml',
  };
  const isHead = exchange.message.method === 'HEAD';
  exchange.send(error.status, headers, isHead ? '' : azureDocument(xml));
}
