import { z } from 'zod';
import { duration, signedDuration, size } from '../../scenario/scalars.ts';

const UNIT_BITS: Readonly<Record<string, number>> = {
  'kbit/s': 1_000,
  'mbit/s': 1_000_000,
  'gbit/s': 1_000_000_000,
  'kb/s': 8_000,
  'mb/s': 8_000_000,
  'gb/s': 8_000_000_000,
};
const WANTED = 'write it like 10Gbit/s, 100Mbit/s or 50MB/s';

/** `100Mbit/s` → whole bytes a second. */
export const bandwidth = z
  .string({ error: () => `a bandwidth needs a unit: ${WANTED}` })
  .meta({ examples: ['10Gbit/s', '100Mbit/s', '50MB/s'] })
  .transform((text, context) => {
    const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+\/s)$/.exec(text.trim());
    const bits = UNIT_BITS[(match?.[2] ?? '').toLowerCase()];
    const bytes = bits === undefined ? 0 : Math.floor((Number(match?.[1]) * bits) / 8);
    if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
    const what = bits === undefined ? 'is not a bandwidth' : 'carries nothing';
    context.addIssue({ code: 'custom', message: `"${text}" ${what}: ${WANTED}` });
    return z.NEVER;
  });

/** `0.1%` → parts per million. */
export const share = z
  .string({ error: () => 'a share needs its sign: write it like 0.1% or 50%' })
  .meta({ examples: ['0.1%', '50%'] })
  .transform((text, context) => {
    const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim());
    const ppm = match === null ? Number.NaN : Math.round(Number(match[1]) * 10_000);
    if (ppm >= 0 && ppm <= 1_000_000) return ppm;
    context.addIssue({ code: 'custom', message: `"${text}" is not a share: write 0% to 100%` });
    return z.NEVER;
  });

type Bound = z.ZodType<number>;

/** One value, or `{ min, typical, max }`: half of the draws lie below `typical`. */
function spreadOf(bound: Bound) {
  return z
    .union([
      bound,
      z
        .strictObject({ min: bound, typical: bound.optional(), max: bound })
        .refine(({ min, max }) => min <= max, { message: 'min must not be above max' })
        .refine(({ min, typical = min, max }) => typical >= min && typical <= max, {
          message: 'typical must lie between min and max',
        }),
    ])
    .transform((value) => {
      if (typeof value === 'number') return { min: value, typical: value, max: value };
      const { min, max, typical = Math.floor((min + max) / 2) } = value;
      return { min, typical, max };
    });
}

export const durationSpread = spreadOf(duration as unknown as Bound);
export const signedDurationSpread = spreadOf(signedDuration as unknown as Bound);
export const sizeSpread = spreadOf(size as unknown as Bound);
