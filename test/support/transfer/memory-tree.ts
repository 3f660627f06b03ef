import fc from 'fast-check';
import type { BackupSource, RestoreSink } from '../../../adapters/transfer/types.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';

/** A folder in memory: path to what is there, parents before children. */
export type MemoryTree = Map<string, MemoryNode>;
export type MemoryNode =
  | { kind: 'file'; mode: number; modifiedAt: number; content: Uint8Array }
  | { kind: 'directory'; mode: number }
  | { kind: 'symlink'; target: string };

export function treeSource(tree: MemoryTree, pieceBytes = 1_000): BackupSource {
  return {
    async *entries() {
      for (const [path, node] of tree) {
        yield {
          path,
          kind: node.kind,
          mode: node.kind === 'symlink' ? 0o777 : node.mode,
          modifiedAt: node.kind === 'file' ? node.modifiedAt : 0,
          linkTarget: node.kind === 'symlink' ? node.target : null,
          async *read() {
            if (node.kind !== 'file') return;
            for (let at = 0; at < node.content.length; at += pieceBytes) {
              yield node.content.slice(at, at + pieceBytes);
            }
          },
        };
      }
    },
  };
}

/** Collects a restore; `result` is set by `finish` only and taken back by `discard`. */
export class TreeSink implements RestoreSink {
  readonly #written: MemoryTree = new Map();
  result: MemoryTree | null = null;
  isDiscarded = false;
  /** Writing this path fails. */
  failsAt: string | null = null;

  async prepare(): Promise<void> {}
  async directory(path: string, mode: number): Promise<void> {
    this.#written.set(path, { kind: 'directory', mode });
  }
  async symlink(path: string, target: string): Promise<void> {
    this.#written.set(path, { kind: 'symlink', target });
  }
  async file(
    path: string,
    mode: number,
    modifiedAt: number,
    content: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const piece of content) {
      if (path === this.failsAt) throw new FortnightError('disk.full', path);
      pieces.push(piece.slice());
    }
    const whole = new Uint8Array(Buffer.concat(pieces));
    this.#written.set(path, { kind: 'file', mode, modifiedAt, content: whole });
  }
  async finish(): Promise<void> {
    this.result = this.#written;
  }
  async discard(): Promise<void> {
    this.isDiscarded = true;
    this.result = null;
  }
}

/** Content that does not compress and differs per seed. */
export function noise(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed * 2 + 1;
  for (let index = 0; index < length; index += 1) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x9e37;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** Files around the block boundaries, some of equal content, below folders, with symlinks. */
export function treeArbitrary(blockBytes: number): fc.Arbitrary<MemoryTree> {
  const size = fc.constantFrom(
    0,
    1,
    blockBytes - 1,
    blockBytes,
    blockBytes + 1,
    2 * blockBytes,
    3 * blockBytes + 17,
  );
  const content = fc
    .tuple(fc.integer({ min: 0, max: 3 }), size)
    .map(([seed, length]) => (seed === 0 ? new Uint8Array(length) : noise(seed, length)));
  const file = fc.record({
    kind: fc.constant('file' as const),
    mode: fc.constantFrom(0o644, 0o600, 0o755),
    modifiedAt: fc.integer({ min: 0, max: 2_000_000_000_000 }),
    content,
  });
  const link = fc.record({
    kind: fc.constant('symlink' as const),
    target: fc.constantFrom('a', '../elsewhere', '/etc/passwd'),
  });
  const name = fc.constantFrom('a', 'b', 'ä', '日本', 'with space', '.hidden', '-', '💾');
  const node = fc.oneof({ weight: 4, arbitrary: file }, { weight: 1, arbitrary: link });
  const place = fc.tuple(fc.constantFrom('', 'x', 'x/y'), name, node);
  return fc.array(place, { maxLength: 12 }).map((places) => {
    const tree: MemoryTree = new Map();
    for (const [folder, leaf, content] of places) {
      if (folder !== '') tree.set('x', { kind: 'directory', mode: 0o755 });
      if (folder === 'x/y') tree.set('x/y', { kind: 'directory', mode: 0o700 });
      tree.set(folder === '' ? leaf : `${folder}/${leaf}`, content);
    }
    return tree;
  });
}
