import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareUtf8, SortedKeys } from '../../../sim/storage/core/sorted-keys.ts';
import {
  type ListedEntry,
  type ListPosition,
  listPage,
  markerPosition,
  positionText,
} from '../../../sim/storage/s3/list-pages.ts';
import { seeded } from '../../support/seed.ts';

const unit = fc.constantFrom('a', 'b', '/', '//', 'é', '\u{ffee}', '\u{1f600}', '\u{10ffff}');
const text = fc.array(unit, { maxLength: 5 }).map((parts) => parts.join(''));
const keys = fc.uniqueArray(
  text.filter((key) => key !== ''),
  { maxLength: 30 },
);

describe('listing', () => {
  it('keys are in the order of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(text, text, (left, right) => {
        const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right));
        expect(Math.sign(compareUtf8(left, right))).toBe(bytes);
      }),
      seeded({ numRuns: 1000 }),
    );
  });

  it('pages of any size give each entry once, in order, as one page would', () => {
    const delimiter = fc.constantFrom('', '/', '//', 'a', '\u{10ffff}');
    const size = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(keys, text, delimiter, size, (all, prefix, mark, maxEntries) => {
        const sorted = new SortedKeys();
        for (const key of all) sorted.add(key);
        const listed: string[] = [];
        let start: ListPosition | undefined = { afterKey: '' };
        while (start !== undefined) {
          const query = { prefix, delimiter: mark, maxEntries, start };
          const page = listPage((from) => sorted.from(from), query);
          expect(page.entries.length).toBeLessThanOrEqual(maxEntries);
          if (page.next !== undefined) expect(page.entries.length).toBe(maxEntries);
          listed.push(...page.entries.map(nameOf));
          start = page.next;
        }
        expect(listed).toEqual(expectedNames(all, prefix, mark));
      }),
      seeded({ numRuns: 2000 }),
    );
  });

  it('pages of version 1, which know their place as a plain text, give the same', () => {
    const delimiter = fc.constantFrom('', '/', '//', 'a', '\u{10ffff}');
    fc.assert(
      fc.property(keys, text, delimiter, (all, prefix, mark) => {
        const sorted = new SortedKeys();
        for (const key of all) sorted.add(key);
        const listed: string[] = [];
        let marker: string | undefined = '';
        while (marker !== undefined) {
          const start = markerPosition(marker, prefix, mark);
          const query = { prefix, delimiter: mark, maxEntries: 1, start };
          const page = listPage((from) => sorted.from(from), query);
          listed.push(...page.entries.map(nameOf));
          // A page that repeats the one before would go on for ever.
          expect(listed.length).toBeLessThanOrEqual(all.length);
          marker = page.next && positionText(page.next);
        }
        expect(listed).toEqual(expectedNames(all, prefix, mark));
      }),
      seeded({ numRuns: 2000 }),
    );
  });
});

function nameOf(entry: ListedEntry): string {
  return 'key' in entry ? entry.key : `${entry.commonPrefix} and below`;
}

/** What the listing of S3 is defined as, computed the simple way. */
function expectedNames(all: readonly string[], prefix: string, delimiter: string): string[] {
  const sorted = all
    .filter((key) => key.startsWith(prefix))
    .sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  const names = sorted.map((key) => {
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    return end < 0 ? key : `${key.slice(0, end + delimiter.length)} and below`;
  });
  return names.filter((name, index) => names.indexOf(name) === index);
}
