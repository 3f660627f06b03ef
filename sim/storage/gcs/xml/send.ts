import type { Exchange } from '../../wire/exchange.ts';
import { branch, leaf, plainDocument } from '../../wire/xml.ts';
import type { GcsError, GcsReason } from '../errors.ts';

const CODES: Readonly<Record<GcsReason, string>> = {
  badRequest: 'InvalidRequest',
  invalid: 'InvalidArgument',
  invalidParameter: 'InvalidArgument',
  parseError: 'MalformedXML',
  required: 'InvalidArgument',
  loginRequired: 'AuthenticationRequired',
  authError: 'AuthenticationRequired',
  forbidden: 'AccessDenied',
  notFound: 'NoSuchKey',
  conflict: 'Conflict',
  gone: 'NoSuchUpload',
  conditionNotMet: 'PreconditionFailed',
  uploadTooLarge: 'EntityTooLarge',
  requestedRangeNotSatisfiable: 'InvalidRange',
  backendError: 'InternalError',
  notImplemented: 'NotImplemented',
};

export function sendXmlError(exchange: Exchange, error: GcsError): void {
  const code = error.xmlCode ?? CODES[error.reason];
  sendXmlFailure(exchange, error.status, code, error.message, error.headers);
}

export function sendXmlFailure(
  exchange: Exchange,
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  exchange.notes.code = code;
  const type = { 'content-type': 'application/xml; charset=UTF-8' };
  const document = branch('Error', leaf('Code', code), leaf('Message', message));
  exchange.send(status, { ...type, ...headers }, plainDocument(document));
}
