import { createChecksum, digestHasher } from '../../core/checksums.ts';
import { GcsError } from '../errors.ts';

/** MD5 and CRC32C of some bytes, both in base64. */
export interface Hashes {
  readonly md5: string;
  readonly crc32c: string;
}

/** What the client says that the bytes should have. */
export interface ExpectedHashes {
  readonly md5?: string;
  readonly crc32c?: string;
}

export function createHashes(): { update(chunk: Buffer): void; digest(): Hashes } {
  const md5 = digestHasher('md5');
  const crc32c = createChecksum('CRC32C');
  return {
    update: (chunk) => {
      md5.update(chunk);
      crc32c.update(chunk);
    },
    digest: () => ({
      md5: md5.digest().toString('base64'),
      crc32c: crc32c.digest().toString('base64'),
    }),
  };
}

/** Reads `x-goog-hash` (and `content-md5`); throws `invalid` when they are malformed. */
export function readHashHeaders(headers: ReadonlyMap<string, readonly string[]>): ExpectedHashes {
  const found: { md5?: string; crc32c?: string } = {};
  const md5 = headers.get('content-md5')?.[0];
  if (md5 !== undefined) found.md5 = checked('md5', md5);
  for (const entry of (headers.get('x-goog-hash') ?? []).join(',').split(',')) {
    const match = /^\s*(md5|crc32c)=(\S+)\s*$/.exec(entry);
    if (match === null && entry.trim() !== '') throw malformed('x-goog-hash', entry);
    if (match !== null) found[match[1] as 'md5' | 'crc32c'] = checked(match[1]!, match[2]!);
  }
  return found;
}

/** Reads `md5Hash` and `crc32c` of a resource; throws `invalid` when they are malformed. */
export function readHashMembers(resource: Readonly<Record<string, unknown>>): ExpectedHashes {
  const { md5Hash, crc32c } = resource;
  return {
    ...(typeof md5Hash === 'string' ? { md5: checked('md5', md5Hash) } : {}),
    ...(typeof crc32c === 'string' ? { crc32c: checked('crc32c', crc32c) } : {}),
  };
}

function checked(kind: string, text: string): string {
  const bytes = Buffer.from(text, 'base64');
  const isRight = bytes.length === (kind === 'md5' ? 16 : 4) && bytes.toString('base64') === text;
  if (!isRight) throw malformed(kind, text);
  return text;
}

function malformed(kind: string, text: string): GcsError {
  return new GcsError('invalid', `Invalid ${kind}: "${text.slice(0, 64)}".`);
}

/** Throws `invalid` (400) when the bytes are not what the client said. */
export function verifyHashes(
  calculated: { readonly md5?: string; readonly crc32c?: string },
  ...all: ExpectedHashes[]
): void {
  for (const expected of all) {
    for (const kind of ['crc32c', 'md5'] as const) {
      const wanted = expected[kind];
      const found = calculated[kind];
      if (wanted === undefined || found === undefined || wanted === found) continue;
      const name = kind === 'md5' ? 'MD5 hash' : 'CRC32C';
      throw new GcsError(
        'invalid',
        `Provided ${name} "${wanted}" doesn't match calculated ${name} "${found}".`,
        { xmlCode: 'BadDigest' },
      );
    }
  }
}
