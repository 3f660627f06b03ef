import type { ObjectInfo } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { parseDocument, type TextAnswer } from './exchange.ts';

type Document = Readonly<Record<string, unknown>>;

/** The members of an object's resource that are asked for and read. */
export const OBJECT_FIELDS = 'name,size,etag,updated,crc32c,generation';

export interface StoredObject {
  readonly info: ObjectInfo;
  readonly crc32c: string | null;
  readonly generation: string | null;
}

/** The SDK makes numbers of some. */
function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Reads an object's resource of the JSON API; numbers come as text. */
export function readObject(resource: object): StoredObject {
  const { name, size, etag, updated, crc32c, generation } = resource as Document;
  const modifiedAt = Date.parse(text(updated));
  return {
    info: {
      key: text(name),
      sizeBytes: Number(text(size)),
      etag: text(etag),
      modifiedAt: Number.isNaN(modifiedAt) ? 0 : modifiedAt,
    },
    crc32c: text(crc32c) === '' ? null : text(crc32c),
    generation: text(generation) === '' ? null : text(generation),
  };
}

/** The JSON document of a good answer; something else has answered where it is none. */
export function documentOf(answer: TextAnswer, operation: string): Document {
  const document = findDocument(answer);
  if (document !== null) return document;
  throw new FortnightError('storage.unavailable', `${operation}: the answer is no JSON document`);
}

export function findDocument(answer: TextAnswer): Document | null {
  try {
    return parseDocument(answer);
  } catch {
    return null;
  }
}
