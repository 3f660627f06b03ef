import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  blockId,
  createSyntheticSource,
  type SyntheticOptions,
} from '../../../adapters/backup-format/index.ts';
import { property } from '../../support/seed.ts';

const UNIT_BYTES = 4_096;

/** Path to hashes of units, and the total length. */
async function unitsOf(options: SyntheticOptions) {
  const units = new Map<string, string>();
  let bytes = 0;
  let files = 0;
  for await (const entry of createSyntheticSource(options).entries()) {
    if (entry.kind === 'file') files += 1;
    let index = 0;
    for await (const piece of entry.read()) {
      bytes += piece.length;
      units.set(`${entry.path} ${index}`, blockId(piece));
      index += 1;
    }
  }
  return { units, bytes, files };
}

const BASE = {
  files: 20,
  totalBytes: 4_000_000,
  changedShare: 0.1,
  seed: 7,
  day: 0,
  unitBytes: UNIT_BYTES,
};

property(
  'the same options give the same bytes; length and number are as asked',
  [fc.nat(30), fc.nat(200_000), fc.nat(), fc.nat(20)],
  async (files, totalBytes, seed, day) => {
    const options = { ...BASE, files, totalBytes, seed, day };
    const one = await unitsOf(options);
    expect(await unitsOf(options)).toEqual(one);
    expect(one.files).toBe(files);
    expect(one.bytes).toBe(files === 0 ? 0 : totalBytes);
  },
  { numRuns: 30 },
);

test.each([
  [0, 0, 0],
  [0.1, 0.05, 0.16],
  [0.5, 0.42, 0.58],
  [1, 1, 1],
])('a share of %d changes from one day to the next', async (changedShare, least, most) => {
  for (const day of [0, 1, 9]) {
    const today = await unitsOf({ ...BASE, changedShare, day });
    const tomorrow = await unitsOf({ ...BASE, changedShare, day: day + 1 });
    const changed = [...today.units].filter(([place, id]) => tomorrow.units.get(place) !== id);
    const share = changed.length / today.units.size;
    expect(share).toBeGreaterThanOrEqual(least);
    expect(share).toBeLessThanOrEqual(most);
  }
});

test('no two units are alike, and the content is the same on every runtime', async () => {
  const { units } = await unitsOf(BASE);
  expect(new Set(units.values()).size).toBe(units.size);
  expect([...units.values()][0]).toMatchInlineSnapshot(
    `"149b4d1c8ec29d5d5262df3aefa78eac412191e1a7900e264eb98fb0d64ce921"`,
  );
});

test.each([{ files: -1 }, { totalBytes: 1.5 }, { changedShare: 1.1 }, { day: -1 }])(
  '%j is refused',
  (wrong) => {
    expect(() => createSyntheticSource({ ...BASE, ...wrong })).toThrow();
  },
);
