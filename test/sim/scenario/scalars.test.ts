import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../../machines/rules/duration.ts';
import { nearestWord } from '../../../sim/scenario/nearest.ts';
import {
  blockSize,
  duration,
  instant,
  quota,
  signedDuration,
  timeOfDay,
} from '../../../sim/scenario/scalars.ts';
import { formatSize, parseSize } from '../../../sim/scenario/size.ts';
import { seeded } from '../../support/seed.ts';

describe('sizes', () => {
  it.each([
    ['0B', 0],
    ['512 B', 512],
    ['64KiB', 65_536],
    ['64kib', 65_536],
    ['1.5MiB', 1_572_864],
    ['10GiB', 10 * 1024 ** 3],
    ['500MB', 500_000_000],
    [' 2 TB ', 2e12],
  ])('reads %s', (text, bytes) => {
    expect(parseSize(text)).toEqual({ ok: true, bytes });
  });

  it.each([
    ['', /missing/],
    ['10', /no unit/],
    ['-1', /no unit/],
    ['-1GiB', /not a size/],
    ['GiB', /not a size/],
    ['1XB', /not a unit/],
    ['0.3B', /whole number/],
    ['99999999TiB', /whole number/],
  ])('refuses "%s"', (text, problem) => {
    expect(parseSize(text)).toEqual({ ok: false, problem: expect.stringMatching(problem) });
  });

  it('shows sizes that never overstate (property)', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 50 }), (bytes) => {
        const [value, unit = ''] = formatSize(bytes).split(' ');
        const power = ['B', 'KiB', 'MiB', 'GiB', 'TiB'].indexOf(unit);
        const shown = Number(value) * 1_024 ** power;
        expect(shown).toBeLessThanOrEqual(bytes);
        expect(shown).toBeGreaterThanOrEqual(bytes * 0.9);
      }),
      seeded(),
    );
    expect(formatSize(1_023)).toBe('1023 B');
    expect(formatSize(1_024)).toBe('1 KiB');
    expect(formatSize(1_536)).toBe('1.5 KiB');
  });
});

describe('durations in a scenario', () => {
  it('reads what formatDuration writes (property)', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 45 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toEqual({ ok: true, ms });
      }),
      seeded(),
    );
  });

  it.each([
    ['13d1h', 13 * 86_400_000 + 3_600_000],
    ['90m', 5_400_000],
    ['250ms', 250],
  ])('reads %s', (text, ms) => expect(duration.parse(text)).toBe(ms));

  it.each([
    [13, /"13" has no unit/],
    ['13', /"13" has no unit/],
    ['1h1d', /must fall/],
    ['-1h', /not a duration/],
  ])('refuses %s', (input, problem) => {
    expect(duration.safeParse(input).error?.issues[0]?.message).toMatch(problem);
  });

  it.each([
    ['-1ms', -1],
    ['+2h', 7_200_000],
    ['2h', 7_200_000],
  ])('reads the offset %s', (text, ms) => expect(signedDuration.parse(text)).toBe(ms));
});

describe('other values', () => {
  it.each([0, '0B', '0GiB'])('refuses a quota of %s', (input) => {
    expect(quota.safeParse(input).error?.issues[0]?.message).toMatch(/quota of zero/);
  });
  it('keeps blocks within 4KiB and 64MiB, both included', () => {
    expect(blockSize.parse('4KiB')).toBe(4_096);
    expect(blockSize.parse('64MiB')).toBe(64 * 1_024 ** 2);
    expect(blockSize.safeParse('4095B').success).toBe(false);
    expect(blockSize.safeParse('65MiB').success).toBe(false);
  });
  it('reads instants in UTC only', () => {
    expect(instant.parse('2026-01-05T08:00:00Z')).toBe(Date.UTC(2026, 0, 5, 8));
    for (const text of ['2026-01-05', '2026-01-05T08:00:00', '2026-13-05T08:00:00Z', 'now']) {
      expect(instant.safeParse(text).success).toBe(false);
    }
  });
  it('reads a time of day', () => {
    expect(timeOfDay.parse('22:30')).toBe(81_000_000);
    expect(timeOfDay.safeParse('24:00').success).toBe(false);
    expect(timeOfDay.safeParse(1350).success).toBe(false);
  });
  it.each([
    ['aw', ['aws', 'gcs'], 'aws'],
    ['S3-Compatibel', ['aws', 's3-compatible'], 's3-compatible'],
    ['minoi', ['minio', 'blobs'], 'minio'],
    ['zebra', ['aws', 'gcs'], null],
  ])('suggests for %s', (word, known, nearest) => {
    expect(nearestWord(word, known)).toBe(nearest);
  });
});
