import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeManifest,
  encodeManifest,
  type Manifest,
  type ManifestEntry,
  zstdOf,
} from '../../../adapters/backup-format/index.ts';
import { property } from '../../support/seed.ts';

const ID = 'ab'.repeat(32);
const file = (path: string): ManifestEntry => ({
  kind: 'file',
  path,
  mode: 0o644,
  modifiedAt: 1,
  size: 5_000,
  blocks: [ID, ID],
});
const directory = (path: string): ManifestEntry => ({
  kind: 'directory',
  path,
  mode: 0o755,
  modifiedAt: 1,
});
const symlink = (path: string, target = '/etc'): ManifestEntry => ({
  kind: 'symlink',
  path,
  mode: 0o777,
  modifiedAt: 1,
  target,
});

function manifestOf(entries: readonly ManifestEntry[]): Manifest {
  const files = entries.filter(({ kind }) => kind === 'file');
  return {
    format: 'fortnight-manifest',
    version: 1,
    createdAt: 1_700_000_000_000,
    parent: null,
    blockBytes: 4_096,
    totals: {
      files: files.length,
      directories: entries.filter(({ kind }) => kind === 'directory').length,
      symlinks: entries.filter(({ kind }) => kind === 'symlink').length,
      sourceBytes: files.length * 5_000,
      blocks: files.length > 0 ? 1 : 0,
      storedBytes: 100,
    },
    entries,
  };
}

/** Encodes what a hostile writer could: any JSON with valid hashes. */
function decodeHostile(json: unknown): Manifest {
  const { restorePoint, object } = encodeManifest(json as Manifest);
  return decodeManifest(object, restorePoint);
}

const CORRUPT = expect.objectContaining({ code: 'manifest.corrupt' });

describe('manifest objects', () => {
  const good = manifestOf([file('a'), directory('d'), file('d/b'), symlink('l'), symlink('d/m')]);

  test('come back as they were written, with and without zstd', async () => {
    for (const zstd of [undefined, zstdOf({})]) {
      const { restorePoint, object } = encodeManifest(good, zstd);
      expect(decodeManifest(object, restorePoint)).toEqual(good);
    }
  });

  test('have an id that does not depend on the compression', async () => {
    const packed = encodeManifest(good);
    const raw = encodeManifest(good, null);
    expect(packed.restorePoint).toBe(raw.restorePoint);
    expect(packed.object.length).toBeLessThan(raw.object.length);
    expect(() => decodeManifest(packed.object, packed.restorePoint, null)).toThrow(/zstd/);
  });

  property(
    'any changed or missing byte is manifest.corrupt',
    [fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean()],
    async (place, change, isCut) => {
      const { restorePoint, object } = encodeManifest(good);
      const at = place % object.length;
      const damaged = isCut ? object.slice(0, at) : object.slice();
      if (!isCut) damaged[at] = damaged[at]! ^ change;
      expect(() => decodeManifest(damaged, restorePoint)).toThrow(CORRUPT);
    },
    { numRuns: 300 },
  );

  test('one that lies under another id is corrupt', async () => {
    const { object } = encodeManifest(good);
    const other = encodeManifest({ ...good, createdAt: good.createdAt + 1 });
    expect(() => decodeManifest(object, other.restorePoint)).toThrow(CORRUPT);
  });

  test('a length bomb is refused before it is unpacked', async () => {
    const { restorePoint, object } = encodeManifest(good);
    const bomb = object.slice();
    new DataView(bomb.buffer).setUint32(8, 0xffff_ffff);
    const body = bomb.subarray(0, bomb.length - 32);
    bomb.set(createHash('sha256').update(body).digest(), body.length);
    expect(() => decodeManifest(bomb, restorePoint)).toThrow(CORRUPT);
  });
});

describe('hostile manifests with valid hashes are refused', () => {
  test.each([
    ['a path with ..', [file('../a')]],
    ['a path with .. inside', [directory('d'), file('d/../../a')]],
    ['an absolute path', [file('/etc/passwd')]],
    ['an empty path', [file('')]],
    ['a dot', [file('./a')]],
    ['a double slash', [directory('d'), file('d//a')]],
    ['a slash at the end', [directory('d/')]],
    ['a NUL', [file('a\0b')]],
    ['half a character', [file('a\ud800')]],
    ['an entry below a symlink', [symlink('l'), file('l/passwd')]],
    ['a folder below a symlink', [symlink('l'), directory('l/d'), file('l/d/a')]],
    ['a symlink that comes after its content', [file('l/passwd'), symlink('l')]],
    ['a folder that becomes a symlink', [directory('l'), symlink('l'), file('l/passwd')]],
    ['an entry below a file', [file('a'), file('a/b')]],
    ['an entry without its folder', [file('d/a')]],
    ['the same path twice', [file('a'), file('a')]],
    ['an empty link target', [symlink('l', '')]],
    ['a link target with a NUL', [symlink('l', 'a\0b')]],
    ['an endless path', [file('a'.repeat(5_000))]],
  ])('%s', async (_name, entries) => {
    expect(() => decodeHostile(manifestOf(entries))).toThrow(CORRUPT);
  });

  const one = file('a');
  test.each<[string, unknown]>([
    ['not an object', Object.assign([1], { createdAt: 1 })],
    ['another format', { ...manifestOf([]), format: 'x' }],
    ['a later version', { ...manifestOf([]), version: 2 }],
    ['tiny blocks', { ...manifestOf([]), blockBytes: 1 }],
    ['huge blocks', { ...manifestOf([]), blockBytes: 2 ** 40 }],
    ['a parent that is a path', { ...manifestOf([]), parent: '../x' }],
    ['no entries', { ...manifestOf([]), entries: {} }],
    ['an unknown kind', manifestOf([{ ...one, kind: 'device' } as unknown as ManifestEntry])],
    ['too few blocks', manifestOf([{ ...one, blocks: [ID] } as ManifestEntry])],
    ['too many blocks', manifestOf([{ ...one, blocks: [ID, ID, ID] } as ManifestEntry])],
    ['a block id with a path', manifestOf([{ ...one, blocks: [ID, '../x'] } as ManifestEntry])],
    ['a negative size', manifestOf([{ ...one, size: -1 } as ManifestEntry])],
    ['a mode with more than permissions', manifestOf([{ ...one, mode: 0o100644 }])],
    ['wrong totals', { ...manifestOf([one]), totals: manifestOf([]).totals }],
  ])('%s', async (_name, json) => {
    expect(() => decodeHostile(json)).toThrow(CORRUPT);
  });
});
