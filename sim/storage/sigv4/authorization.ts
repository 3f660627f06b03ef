import { amzDate, parseAmzDate, parseHttpDate } from '../core/instants.ts';
import type { SignatureScope } from './canonical.ts';
import { header, type WireRequest } from './wire-request.ts';

/** The claims of a signed request, not yet verified. */
export interface Authorization {
  readonly scope: SignatureScope;
  readonly signedAt: number;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly token?: string;
  /** Present for a presigned URL: how long it holds from `signedAt`. */
  readonly presignedMs?: number;
}

/** Why a request could not even be checked. The message is worded as S3 words it. */
export interface MalformedAuthorization {
  readonly malformed: 'header' | 'query' | 'date' | 'algorithm' | 'scheme';
  readonly message: string;
}

const PRESIGNED_SECONDS_MAX = 604_800;

/** Reads the Authorization header or the X-Amz query; undefined when the request has neither. */
export function readAuthorization(
  request: WireRequest,
): Authorization | MalformedAuthorization | undefined {
  const text = header(request, 'authorization');
  if (text !== undefined) return readHeader(request, text);
  const query = new Map(request.query);
  return query.has('X-Amz-Algorithm') ? readQuery(query) : undefined;
}

function readHeader(request: WireRequest, text: string): Authorization | MalformedAuthorization {
  if (!text.startsWith('AWS4-HMAC-SHA256')) {
    if (!text.startsWith('AWS')) {
      return { malformed: 'scheme', message: 'Unsupported Authorization Type' };
    }
    return {
      malformed: 'algorithm',
      message:
        'The authorization mechanism you have provided is not supported. ' +
        'Please use AWS4-HMAC-SHA256.',
    };
  }
  const fields = new Map<string, string>();
  for (const field of text.slice('AWS4-HMAC-SHA256'.length).split(',')) {
    const equals = field.indexOf('=');
    if (equals > 0) fields.set(field.slice(0, equals).trim(), field.slice(equals + 1).trim());
  }
  const credential = fields.get('Credential');
  const signedHeaders = fields.get('SignedHeaders');
  const signature = fields.get('Signature');
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    return malformedHeader('it needs Credential, SignedHeaders and Signature.');
  }
  const stamp = readTimestamp(request);
  if (stamp === undefined) {
    return {
      malformed: 'date',
      message: 'AWS authentication requires a valid Date or x-amz-date header',
    };
  }
  const scope = readScope(credential, stamp.text);
  if (scope === undefined) {
    return malformedHeader(
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  }
  const token = header(request, 'x-amz-security-token');
  return {
    scope,
    signedAt: stamp.at,
    signedHeaders: signedHeaders.split(';').map((name) => name.toLowerCase()),
    signature,
    ...(token === undefined ? {} : { token }),
  };
}

function malformedHeader(reason: string): MalformedAuthorization {
  return { malformed: 'header', message: `The authorization header is malformed; ${reason}` };
}

function readTimestamp(request: WireRequest): { text: string; at: number } | undefined {
  const text = header(request, 'x-amz-date');
  if (text !== undefined) {
    const at = parseAmzDate(text);
    return at === undefined ? undefined : { text, at };
  }
  const at = parseHttpDate(header(request, 'date') ?? '');
  return at === undefined ? undefined : { text: amzDate(at), at };
}

function readScope(credential: string, timestamp: string): SignatureScope | undefined {
  // A key id may hold slashes in other systems; the last four fields are fixed.
  const parts = credential.split('/');
  const [day, region, service, end] = parts.slice(-4);
  const accessKeyId = parts.slice(0, -4).join('/');
  if (accessKeyId === '' || end !== 'aws4_request' || !/^\d{8}$/.test(day ?? '')) return undefined;
  if (day !== timestamp.slice(0, 8)) return undefined;
  return { accessKeyId, day, region: region!, service: service!, timestamp };
}

function readQuery(query: ReadonlyMap<string, string>): Authorization | MalformedAuthorization {
  const bad = (message: string): MalformedAuthorization => ({ malformed: 'query', message });
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') {
    return bad('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"');
  }
  const required = ['Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature'];
  const values = required.map((name) => query.get(`X-Amz-${name}`));
  const [credential, date, expires, signedHeaders, signature] = values;
  if (!credential || !date || !expires || !signedHeaders || !signature) {
    return bad(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, ' +
        'X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    );
  }
  const signedAt = parseAmzDate(date);
  if (signedAt === undefined) {
    return bad("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  if (!/^\d{1,9}$/.test(expires)) return bad('X-Amz-Expires should be a number');
  const seconds = Number(expires);
  if (seconds < 1 || seconds > PRESIGNED_SECONDS_MAX) {
    return bad('X-Amz-Expires must be less than a week (in seconds) that is 604800');
  }
  const scope = readScope(credential, date);
  if (scope === undefined) {
    return bad(
      'Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting ' +
        '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  }
  const token = query.get('X-Amz-Security-Token');
  return {
    scope,
    signedAt,
    signedHeaders: signedHeaders.split(';'),
    signature,
    presignedMs: seconds * 1000,
    ...(token === undefined ? {} : { token }),
  };
}
