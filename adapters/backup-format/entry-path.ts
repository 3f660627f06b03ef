/** Longest path (in UTF-16 units) that Linux and the common storages take. */
const PATH_LENGTH_MAX = 4_096;

/**
 * `null` when the path may be written below the folder of a restore, else what is wrong with it.
 * Relative, `/` between parts, no empty part, no `.` or `..`.
 */
export function entryPathProblem(path: string): string | null {
  if (path === '') return 'an entry has an empty path';
  if (path.length > PATH_LENGTH_MAX) return 'an entry has a path that is too long';
  if (path.startsWith('/')) return `the path ${JSON.stringify(path)} is absolute`;
  if (path.includes('\0')) return 'an entry has a NUL in its path';
  if (!path.isWellFormed()) return `the path ${JSON.stringify(path)} is not valid text`;
  for (const part of path.split('/')) {
    if (part === '' || part === '.' || part === '..') {
      return `the path ${JSON.stringify(path)} contains ${JSON.stringify(part)} as a part`;
    }
  }
  return null;
}

/** The folder that a path lies in; `null` at the top. */
export function parentOf(path: string): string | null {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? null : path.slice(0, slash);
}

/** The tree so far: refuses what could make a restore write outside its folder. */
export class EntryTree {
  readonly #kinds = new Map<string, 'file' | 'directory' | 'symlink'>();

  /**
   * `null` when the entry fits. Its folder must have come before it *as a directory*: that refuses
   * entries below a symlink (which could point anywhere) and below a file.
   */
  add(path: string, kind: 'file' | 'directory' | 'symlink'): string | null {
    const problem = entryPathProblem(path);
    if (problem !== null) return problem;
    if (this.#kinds.has(path)) return `the path ${JSON.stringify(path)} comes twice`;
    const parent = parentOf(path);
    if (parent !== null && this.#kinds.get(parent) !== 'directory') {
      const what = this.#kinds.get(parent) ?? 'missing';
      return `${JSON.stringify(path)} lies below ${JSON.stringify(parent)}, which is ${what}`;
    }
    this.#kinds.set(path, kind);
    return null;
  }
}
