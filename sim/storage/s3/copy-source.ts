import { decodePercent, header, UriError } from '../sigv4/wire-request.ts';
import type { S3Call } from './call.ts';
import { S3Error } from './errors.ts';

const KEY_BYTES_MAX = 1024;

/** Throws KeyTooLongError. */
export function checkKeyLength(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes > KEY_BYTES_MAX) {
    throw new S3Error('KeyTooLongError', undefined, {
      Size: String(bytes),
      MaxSizeAllowed: String(KEY_BYTES_MAX),
    });
  }
}

/** Bucket and key out of `x-amz-copy-source`, which is percent-encoded text `[/]bucket/key`. */
export function readCopySource(call: S3Call): { readonly bucket: string; readonly key: string } {
  const text = header(call.request, 'x-amz-copy-source') ?? '';
  const [path, version] = text.split('?', 2);
  if (version !== undefined && version !== 'versionId=null') {
    throw new S3Error('NotImplemented', 'Object versions are not implemented by this storage.', {
      Header: 'x-amz-copy-source',
    });
  }
  try {
    const decoded = decodePercent(path ?? '').replace(/^\//, '');
    const slash = decoded.indexOf('/');
    if (slash < 1 || slash === decoded.length - 1) throw invalidSource();
    const source = { bucket: decoded.slice(0, slash), key: decoded.slice(slash + 1) };
    checkKeyLength(source.key);
    return source;
  } catch (error) {
    throw error instanceof UriError ? invalidSource() : error;
  }
}

function invalidSource(): S3Error {
  return new S3Error(
    'InvalidArgument',
    'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    { ArgumentName: 'x-amz-copy-source' },
  );
}
