import { S3Error } from './errors.ts';

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Reads a `Range` header for an object of `size` bytes. Undefined means the whole object: S3
 * ignores a header that is malformed or has several ranges. Throws InvalidRange (416).
 */
export function readRange(text: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d{0,16})-(\d{0,16})$/.exec(text?.trim() ?? '');
  if (match === null) return undefined;
  const [first, last] = [match[1]!, match[2]!];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    if (length === 0) throw invalidRange(text, size);
    return { offset: size - length, length };
  }
  const offset = Number(first);
  if (last !== '' && Number(last) < offset) return undefined;
  if (offset >= size) throw invalidRange(text, size);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  return { offset, length: end - offset };
}

function invalidRange(text: string | undefined, size: number): S3Error {
  return new S3Error('InvalidRange', undefined, {
    RangeRequested: text ?? '',
    ActualObjectSize: String(size),
  });
}
