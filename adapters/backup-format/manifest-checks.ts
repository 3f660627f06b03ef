import { isBlockId, isBlockSize } from './block.ts';
import { EntryTree } from './entry-path.ts';
import { isCreatedAt, isRestorePointId } from './restore-point-id.ts';

type Fields = { readonly [name: string]: unknown };

/** Permission bits with set-uid, set-gid and sticky. */
const MODE_MAX = 0o7777;

/** `null` when the JSON is a `Manifest` of version 1 that is safe to restore, else the defect. */
export function checkManifest(json: unknown): string | null {
  if (!isObject(json)) return 'it is not an object';
  if (json.format !== 'fortnight-manifest') return 'it is not a manifest';
  if (json.version !== 1) return 'its version is unknown';
  if (!isCreatedAt(json.createdAt)) return 'createdAt is not an instant';
  if (json.parent !== null && !isRestorePointId(json.parent)) return 'parent is not an id';
  const blockBytes = json.blockBytes;
  if (!isBlockSize(blockBytes)) return 'blockBytes is out of bounds';
  if (!Array.isArray(json.entries)) return 'entries is not a list';
  return checkEntries(json.entries, blockBytes, json.totals);
}

function checkEntries(
  entries: readonly unknown[],
  blockBytes: number,
  totals: unknown,
): string | null {
  const tree = new EntryTree();
  const blocks = new Set<string>();
  const counted = { file: 0, directory: 0, symlink: 0, sourceBytes: 0 };
  for (const entry of entries) {
    if (!isObject(entry)) return 'an entry is not an object';
    const { path, kind } = entry;
    if (typeof path !== 'string') return 'an entry has no path';
    if (kind !== 'file' && kind !== 'directory' && kind !== 'symlink') {
      return `${JSON.stringify(path)} is of an unknown kind`;
    }
    const problem = tree.add(path, kind) ?? checkFields(entry, kind, blockBytes);
    if (problem !== null) return problem;
    counted[kind] += 1;
    if (kind !== 'file') continue;
    counted.sourceBytes += entry.size as number;
    for (const id of entry.blocks as string[]) blocks.add(id);
  }
  if (!isObject(totals)) return 'totals are missing';
  const agrees =
    totals.files === counted.file &&
    totals.directories === counted.directory &&
    totals.symlinks === counted.symlink &&
    totals.sourceBytes === counted.sourceBytes &&
    totals.blocks === blocks.size &&
    isCount(totals.storedBytes);
  return agrees ? null : 'totals do not agree with the entries';
}

function checkFields(
  entry: Fields,
  kind: 'file' | 'directory' | 'symlink',
  blockBytes: number,
): string | null {
  const name = JSON.stringify(entry.path);
  if (!isCount(entry.mode) || entry.mode > MODE_MAX) return `${name} has no valid mode`;
  if (!Number.isSafeInteger(entry.modifiedAt)) return `${name} has no valid modifiedAt`;
  switch (kind) {
    case 'directory':
      return null;
    case 'symlink': {
      const target = entry.target;
      const isTarget = typeof target === 'string' && target !== '' && !target.includes('\0');
      return isTarget ? null : `${name} has no valid target`;
    }
    case 'file': {
      const { size, blocks } = entry;
      if (!isCount(size)) return `${name} has no valid size`;
      if (!Array.isArray(blocks) || !blocks.every(isBlockId)) return `${name} has invalid blocks`;
      const isWhole = blocks.length === Math.ceil(size / blockBytes);
      return isWhole ? null : `${name} has ${blocks.length} blocks for ${size} bytes`;
    }
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
