import { GcsError } from '../errors.ts';

/** Where the bytes of a request stand in the object of a resumable upload. */
export type ContentRange =
  | {
      readonly kind: 'bytes';
      readonly start: number;
      /** Inclusive; absent when the sender did not know where it would end. */
      readonly end: number | undefined;
      readonly total: number | undefined;
    }
  /** No bytes: how much has arrived? */
  | { readonly kind: 'query'; readonly total: number | undefined };

/** Reads `Content-Range`; without one the body is the whole object. Throws `badRequest`. */
export function readContentRange(text: string | undefined): ContentRange {
  if (text === undefined) return { kind: 'bytes', start: 0, end: undefined, total: undefined };
  const query = /^bytes \*\/(\*|\d{1,15})$/.exec(text);
  if (query !== null) return { kind: 'query', total: amount(query[1]!) };
  const bytes = /^bytes (\d{1,15})-(\*|\d{1,15})\/(\*|\d{1,15})$/.exec(text);
  if (bytes === null) throw bad();
  const start = Number(bytes[1]);
  const end = amount(bytes[2]!);
  const total = amount(bytes[3]!);
  const isInverted = end !== undefined && end < start - 1;
  const isBeyond = total !== undefined && (end ?? start - 1) >= total;
  if (isInverted || isBeyond) throw bad();
  return { kind: 'bytes', start, end, total };
}

function amount(text: string): number | undefined {
  return text === '*' ? undefined : Number(text);
}

function bad(): GcsError {
  return new GcsError('badRequest', 'Failed to parse Content-Range header.');
}
