import { z } from 'zod';
import { parseDuration } from '../../machines/rules/duration.ts';
import { nameProblem } from '../../machines/rules/layout.ts';
import { BLOCK_BYTES_MAX, BLOCK_BYTES_MIN } from './block-size.ts';
import { parseSize } from './size.ts';

/** Shown to the user where YAML made a number of what needs a unit. */
function unitError(parse: (text: string) => { ok: boolean; problem?: string }) {
  return (issue: { readonly input?: unknown }): string | undefined => {
    if (typeof issue.input !== 'number') return undefined;
    const result = parse(String(issue.input));
    return result.ok ? undefined : result.problem;
  };
}

const DURATION_PATTERN = '^\\s*(\\d+\\s*(w|d|h|ms|m|s)\\s*)+$';

/** `13d1h` → ms. */
export const duration = z
  .string({ error: unitError(parseDuration) })
  .meta({ pattern: DURATION_PATTERN, examples: ['13d1h', '90m', '250ms'] })
  .transform((text, context) => {
    const result = parseDuration(text);
    if (result.ok) return result.ms;
    context.addIssue({ code: 'custom', message: result.problem });
    return z.NEVER;
  });

/** A duration longer than zero. */
export const positiveDuration = duration.refine((ms) => ms > 0, {
  message: 'a duration of zero does nothing here: write one longer than zero, like 1h',
});

/** `-1ms` or `+2h` → ms. */
export const signedDuration = z
  .string({ error: unitError(parseDuration) })
  .meta({ pattern: `^\\s*[+-]?${DURATION_PATTERN.slice(1)}`, examples: ['-1ms', '+2h'] })
  .transform((text, context) => {
    const sign = text.trim().startsWith('-') ? -1 : 1;
    const result = parseDuration(text.trim().replace(/^[+-]/, ''));
    if (result.ok) return sign * result.ms;
    context.addIssue({ code: 'custom', message: result.problem });
    return z.NEVER;
  });

/** `10GiB` → bytes. */
export const size = z
  .string({ error: unitError(parseSize) })
  .meta({
    pattern: '^\\s*\\d+(\\.\\d+)?\\s*([KkMmGgTt][Ii]?)?[Bb]\\s*$',
    examples: ['10GiB', '64KiB'],
  })
  .transform((text, context) => {
    const result = parseSize(text);
    if (result.ok) return result.bytes;
    context.addIssue({ code: 'custom', message: result.problem });
    return z.NEVER;
  });

const QUOTA_OF_ZERO =
  'a quota of zero lets nothing be written: give it some room, like 10GiB, or set disabled: true';

/** A quota: `10GiB`; zero is refused, with or without a unit. */
export const quota = z
  .string({
    error: (issue) => (issue.input === 0 ? QUOTA_OF_ZERO : unitError(parseSize)(issue)),
  })
  .meta({
    pattern: '^\\s*\\d+(\\.\\d+)?\\s*([KkMmGgTt][Ii]?)?[Bb]\\s*$',
    examples: ['10GiB', '500MB'],
  })
  .transform((text, context) => {
    const result = parseSize(text);
    if (result.ok && result.bytes > 0) return result.bytes;
    context.addIssue({ code: 'custom', message: result.ok ? QUOTA_OF_ZERO : result.problem });
    return z.NEVER;
  });

/** `1MiB`, within the bounds of the backup format. */
export const blockSize = size.refine(
  (bytes) => bytes >= BLOCK_BYTES_MIN && bytes <= BLOCK_BYTES_MAX,
  { message: 'a block has 4KiB to 64MiB: write one in between, like 1MiB' },
);

/** An instant in UTC, `2026-01-05T08:00:00Z` → epoch ms. */
export const instant = z
  .string()
  .meta({ format: 'date-time', examples: ['2026-01-05T08:00:00Z'] })
  .transform((text, context) => {
    const isComplete = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/.test(text);
    const at = isComplete ? Date.parse(text) : Number.NaN;
    if (Number.isSafeInteger(at)) return at;
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not an instant in UTC: write it like 2026-01-05T08:00:00Z`,
    });
    return z.NEVER;
  });

/** Time of day in UTC, `22:30` → ms since midnight. */
export const timeOfDay = z
  .string({ error: () => 'a time of day is wanted: write it in quotes, like "22:30"' })
  .meta({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', examples: ['22:30'] })
  .transform((text, context) => {
    const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
    if (match !== null) return (Number(match[1]) * 60 + Number(match[2])) * 60_000;
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not a time of day: write it like "22:30" (UTC)`,
    });
    return z.NEVER;
  });

/** A name that ends up in keys and policies (§6). */
export function safeName(kind: string) {
  return z
    .string({
      error: (issue) =>
        issue.input === undefined || issue.input === null
          ? undefined
          : `a ${kind} name is text: put it in quotes, like "${String(issue.input)}"`,
    })
    .min(1, { message: `the ${kind} name is empty: give it one` })
    .superRefine((name, context) => {
      const problem = name === '' ? null : nameProblem(kind, name);
      if (problem !== null) context.addIssue({ code: 'custom', message: problem });
    });
}
