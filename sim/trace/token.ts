import { createHash } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type { Json, JsonObject } from '../../machines/ports/event-log.ts';
import { canonicalJson } from '../kernel/index.ts';
import type { Recipe } from './recipe.ts';
import { TraceProblem } from './trace-problem.ts';

/** What a token carries: how to run it again, and what came out. */
export interface ReplayToken {
  readonly recipe: Recipe;
  /** What the run's log was; null: the token says only how to run it. */
  readonly outcome: { readonly events: number; readonly hash: string } | null;
}

/** One version of the format; a token of another begins otherwise. */
const PREFIX = 'fn1.';
const CHECK_BYTES = 6;
/** A scenario text is some kilobytes: whoever sends more wants to fill the memory. */
const JSON_BYTES_MAX = 16 * 1024 * 1024;

export function isToken(text: string): boolean {
  return /^fn\d+\./.test(text);
}

/** One printable string without characters that a shell knows. */
export function encodeToken({ recipe, outcome }: ReplayToken): string {
  const { kind, seed, build, options } = recipe;
  const json = Buffer.from(canonicalJson({ kind, seed, build, options, outcome }));
  const body = brotliCompressSync(json, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: json.length,
    },
  });
  return PREFIX + Buffer.concat([checkOf(body), body]).toString('base64url');
}

/** Throws a TraceProblem for what is no token, or not a whole one. */
export function decodeToken(text: string): ReplayToken {
  if (!text.startsWith(PREFIX)) {
    throw new TraceProblem(
      `This is a token of another format ("${text.split('.')[0]}"); this build reads "${PREFIX}".`,
    );
  }
  const encoded = text.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, 'base64url');
  const body = bytes.subarray(CHECK_BYTES);
  const isWhole = bytes.toString('base64url') === encoded && body.length > 0;
  if (!isWhole || !checkOf(body).equals(bytes.subarray(0, CHECK_BYTES))) {
    throw new TraceProblem('The token is damaged or cut off: copy all of it, on one line.');
  }
  return readToken(unpack(body));
}

function unpack(body: Buffer): Json {
  try {
    const json = brotliDecompressSync(body, { maxOutputLength: JSON_BYTES_MAX });
    return JSON.parse(json.toString('utf8'));
  } catch {
    throw new TraceProblem('The token cannot be unpacked: it was not made by "trace token".');
  }
}

function checkOf(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, CHECK_BYTES);
}

function readToken(value: Json): ReplayToken {
  const { kind, seed, build, options, outcome = null } = objectOf(value) ?? {};
  const given = objectOf(options);
  if (
    typeof kind !== 'string' ||
    typeof seed !== 'string' ||
    typeof build !== 'string' ||
    given === null
  ) {
    throw new TraceProblem('The token says not all of kind, seed, build and options.');
  }
  const { events, hash } = objectOf(outcome) ?? {};
  const hasOutcome = typeof events === 'number' && typeof hash === 'string';
  return {
    recipe: { kind, seed, build, options: given },
    outcome: hasOutcome ? { events, hash } : null,
  };
}

function objectOf(value: Json | undefined): JsonObject | null {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : null;
}
