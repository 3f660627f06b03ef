import { FortnightError } from '../../machines/rules/errors.ts';
import type { BackupSource, RestoreSink, SourceEntry } from '../transfer/types.ts';

function differs(path: string, how: string): FortnightError {
  return new FortnightError('block.corrupt', `${path} ${how} (I72).`);
}

/** Compares two byte streams chunk by chunk, whatever the sizes of the chunks. */
async function isSameContent(
  left: AsyncIterable<Uint8Array>,
  right: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const rights = right[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  for await (const chunk of left) {
    let rest: Uint8Array = chunk;
    while (rest.byteLength > 0) {
      if (held.byteLength === 0) {
        const next = await rights.next();
        if (next.done === true) return false;
        held = next.value;
        continue;
      }
      const count = Math.min(rest.byteLength, held.byteLength);
      if (Buffer.compare(rest.subarray(0, count), held.subarray(0, count)) !== 0) return false;
      rest = rest.subarray(count);
      held = held.subarray(count);
    }
  }
  if (held.byteLength > 0) return false;
  for (let next = await rights.next(); next.done !== true; next = await rights.next()) {
    if (next.value.byteLength > 0) return false;
  }
  return true;
}

/**
 * A restore that keeps nothing and compares everything: each file must be, byte for byte, what the
 * source has, and nothing may be missing (I72). Rejects with `block.corrupt` and the path.
 */
export function createCompareSink(source: BackupSource): RestoreSink {
  const expected = new Map<string, SourceEntry>();
  const take = (path: string, kind: SourceEntry['kind']): SourceEntry => {
    const entry = expected.get(path);
    if (entry === undefined || entry.kind !== kind) throw differs(path, 'is not in the source');
    expected.delete(path);
    return entry;
  };
  return {
    prepare: async () => {
      for await (const entry of source.entries()) expected.set(entry.path, entry);
    },
    directory: async (path) => {
      take(path, 'directory');
    },
    symlink: async (path, target) => {
      if (take(path, 'symlink').linkTarget !== target) throw differs(path, 'points elsewhere');
    },
    file: async (path, _mode, _modifiedAt, content) => {
      const entry = take(path, 'file');
      if (!(await isSameContent(content, entry.read()))) throw differs(path, 'differs');
    },
    finish: async () => {
      const [missing] = expected.keys();
      if (missing !== undefined) throw differs(missing, 'was not restored');
    },
    discard: async () => {},
  };
}
