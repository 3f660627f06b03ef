import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BLOCK_BYTES_MAX,
  BLOCK_BYTES_MIN,
  BLOCK_HEADER_BYTES,
  blockId,
  blockIdOfKey,
  blockKey,
  cutIntoBlocks,
  decodeBlock,
  encodeBlock,
  isBlockId,
  isBlockSize,
  isRestorePointId,
  manifestKey,
  restorePointId,
  restorePointOfKey,
  zstdOf,
} from '../../../adapters/backup-format/index.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import { property } from '../../support/seed.ts';
import { noise } from '../../support/transfer/memory-tree.ts';

const SCOPE = { repository: 'vault', tenant: 'acme', subtenant: 'branch' };

property(
  'decode(encode(block)) = block, never longer than raw plus header',
  [fc.uint8Array({ maxLength: 5_000 }), fc.integer({ min: 1, max: 50 })],
  async (bytes, repeats) => {
    const raw = new Uint8Array(Buffer.concat(Array(repeats).fill(bytes)));
    const object = encodeBlock(raw);
    expect(object.length).toBeLessThanOrEqual(raw.length + BLOCK_HEADER_BYTES);
    expect(Buffer.from(decodeBlock(object, blockId(raw))).equals(raw)).toBe(true);
  },
  { numRuns: 100 },
);

property(
  'a block object with any one byte changed or cut off is never taken for the block',
  [fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), fc.boolean()],
  async (place, change, isCut, isNoise) => {
    const raw = isNoise ? noise(4, 5_000) : new Uint8Array(5_000).fill(7);
    const object = encodeBlock(raw);
    const at = place % object.length;
    const damaged = isCut ? object.slice(0, at) : object.slice();
    if (!isCut) damaged[at] = damaged[at]! ^ change;
    expect(codeOf(() => decodeBlock(damaged, blockId(raw)))).toBe('block.corrupt');
  },
  { numRuns: 300 },
);

property(
  'blocks put together are the pieces put together, all of full length but the last',
  [fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), fc.integer({ min: 1, max: 32 })],
  async (pieces, blockBytes) => {
    const blocks: Uint8Array[] = [];
    const reader = (async function* () {
      yield* pieces;
    })();
    for await (const block of cutIntoBlocks(reader, blockBytes)) blocks.push(block);
    expect(Buffer.concat(blocks).equals(Buffer.concat(pieces))).toBe(true);
    expect(blocks.slice(0, -1).every(({ length }) => length === blockBytes)).toBe(true);
    expect(blocks.every(({ length }) => length > 0 && length <= blockBytes)).toBe(true);
  },
);

describe('block objects', () => {
  test.each([
    ['what compresses', new Uint8Array(1_048_576), 1_000],
    ['text', new TextEncoder().encode('a backup of many words '.repeat(40_000)), 100_000],
    ['noise', noise(1, 1_048_576), 1_048_576 + BLOCK_HEADER_BYTES],
    ['a late compressible half', concat(noise(1, 300_000), new Uint8Array(300_000)), 400_000],
    ['more than the synchronous limit', new Uint8Array(3_000_000), 2_000],
    ['nothing', new Uint8Array(0), BLOCK_HEADER_BYTES],
  ])('%s is stored in a sensible length', async (_name, raw, bytesMax) => {
    const object = encodeBlock(raw);
    expect(object.length).toBeLessThanOrEqual(bytesMax);
    expect(Buffer.from(decodeBlock(object, blockId(raw))).equals(raw)).toBe(true);
  });

  test('a block that inflates beyond its header is corrupt, not memory', async () => {
    const raw = new Uint8Array(500_000);
    const object = encodeBlock(raw);
    new DataView(object.buffer).setUint32(8, 10);
    expect(codeOf(() => decodeBlock(object, blockId(raw)))).toBe('block.corrupt');
  });

  test('without zstd (old Node) blocks are stored raw and zstd ones are refused', async () => {
    const none = zstdOf({});
    expect(none).toBeNull();
    const raw = new Uint8Array(10_000);
    const object = encodeBlock(raw, none);
    expect(object.length).toBe(raw.length + BLOCK_HEADER_BYTES);
    expect(decodeBlock(object, blockId(raw), none)).toEqual(raw);
    expect(() => decodeBlock(encodeBlock(raw), blockId(raw), none)).toThrow(/zstd.*Node 22\.15/);
  });

  test('bounds of the block size', () => {
    expect([BLOCK_BYTES_MIN, BLOCK_BYTES_MAX].map(isBlockSize)).toEqual([true, true]);
    expect([BLOCK_BYTES_MIN - 1, BLOCK_BYTES_MAX + 1, 5_000.5].map(isBlockSize)).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('keys (§6)', () => {
  test('blocks and manifests lie below the folder of the backup', () => {
    const id = blockId(new Uint8Array(3));
    const root = 'Veeam/Backup/vault/Clients/acme@branch/docs';
    const key = blockKey(SCOPE, 'docs', id);
    expect(key).toBe(`${root}/CloudStg/Data/${id.slice(0, 2)}/${id}`);
    expect(blockIdOfKey(key)).toBe(id);
    expect(blockIdOfKey(`${root}/CloudStg/Data/zz/${id}`)).toBeNull();
    const point = restorePointId(Date.UTC(2026, 10, 22, 15, 14, 47), 'abcdef0123');
    expect(point).toBe('20261122T151447.000Z-abcdef');
    expect(restorePointOfKey(manifestKey(SCOPE, 'docs', point))).toBe(point);
    expect(restorePointOfKey(`${root}/MetaData/.tmp`)).toBeNull();
  });

  test.each(['', 'x', '../20261122T151447.000Z-abcdef', '20261122T151447.000Z-ABCDEF'])(
    '%j is no restore point',
    (text) => {
      expect(isRestorePointId(text)).toBe(false);
      expect(isBlockId(text)).toBe(false);
    },
  );

  property(
    'restore point ids sort by time',
    [fc.nat(4_000_000_000_000), fc.nat(4_000_000_000_000)],
    (one, two) => {
      const [early, late] = [restorePointId(one, 'ffffff'), restorePointId(two, '000000')];
      if (one !== two) expect(early < late).toBe(one < two);
    },
  );
});

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** The code of the expected error that a call throws. */
function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (thrown) {
    if (thrown instanceof FortnightError) return thrown.code;
    throw thrown;
  }
  return 'nothing was thrown';
}
