import { header, type WireRequest } from '../sigv4/wire-request.ts';
import { S3Error } from './errors.ts';

/** How the body is protected, as `x-amz-content-sha256` says. */
export type PayloadMode =
  | { readonly kind: 'hashed'; readonly sha256: string }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'chunked'; readonly isSigned: boolean; readonly hasTrailer: boolean };

/** Throws InvalidRequest without the header, InvalidArgument for a value that S3 does not know. */
export function payloadMode(request: WireRequest): PayloadMode {
  const text = payloadHash(request);
  if (/^[0-9a-f]{64}$/.test(text)) return { kind: 'hashed', sha256: text };
  switch (text) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'unsigned' };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'chunked', isSigned: true, hasTrailer: false };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'chunked', isSigned: true, hasTrailer: true };
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'chunked', isSigned: false, hasTrailer: true };
    default:
      throw new S3Error(
        'InvalidArgument',
        'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, ' +
          'STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a ' +
          'valid sha256 value.',
        { ArgumentName: 'x-amz-content-sha256', ArgumentValue: text.slice(0, 100) },
      );
  }
}

/** The value that the signature covers; a presigned request need not have one. */
export function payloadHash(request: WireRequest): string {
  const text = header(request, 'x-amz-content-sha256');
  if (text !== undefined) return text;
  const query = new Map(request.query);
  if (query.has('X-Amz-Algorithm')) {
    return query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD';
  }
  throw new S3Error(
    'InvalidRequest',
    'Missing required header for this request: x-amz-content-sha256',
  );
}
