import { AzureError, invalidHeader } from './errors.ts';

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Reads `bytes=first-last` or `bytes=first-` for a blob of `size` bytes; undefined without a
 * header. Azure has no suffix ranges. Throws InvalidRange (416) or InvalidHeaderValue.
 */
export function readRange(text: string | undefined, size: number): ByteRange | undefined {
  if (text === undefined) return undefined;
  const match = /^bytes=(\d{1,16})-(\d{0,16})$/.exec(text.trim());
  if (match === null) throw invalidHeader('Range', text);
  const offset = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Number(match[2]);
  if (match[2] !== '' && last < offset) throw invalidHeader('Range', text);
  if (offset >= size) {
    throw new AzureError('InvalidRange', { headers: { 'content-range': `bytes */${size}` } });
  }
  return { offset, length: Math.min(last + 1, size) - offset };
}
