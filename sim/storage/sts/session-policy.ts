import { compilePolicyText, PolicyError } from '../access/policy-document.ts';
import { QueryError } from '../query/errors.ts';

export const POLICY_CHARACTERS_MAX = 2048;
const PACKED_BYTES_MAX = 1536;

/**
 * Checks a session policy and returns how full its packed form is, in percent.
 * Throws QueryError: ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge.
 */
export function checkSessionPolicy(text: string): number {
  if (text.length < 1 || text.length > POLICY_CHARACTERS_MAX) {
    const bound = text.length < 1 ? 'greater than or equal to 1' : 'less than or equal to 2048';
    throw new QueryError(
      'ValidationError',
      `1 validation error detected: Value at 'policy' failed to satisfy constraint: ` +
        `Member must have length ${bound}`,
    );
  }
  // The characters that AWS' own pattern for a policy allows: tab, LF, CR, U+0020 to U+00FF.
  if (!/^[\t\n\r\u0020-\u00ff]*$/.test(text)) {
    throw new QueryError(
      'ValidationError',
      "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must " +
        'satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+',
    );
  }
  try {
    compilePolicyText(text);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new QueryError('MalformedPolicyDocument', error.message);
  }
  const packedPercent = Math.ceil((packedBytes(text) * 100) / PACKED_BYTES_MAX);
  if (packedPercent > 100) {
    throw new QueryError(
      'PackedPolicyTooLarge',
      `Packed size of the session policy consumes ${packedPercent}% of allotted space.`,
    );
  }
  return packedPercent;
}

/**
 * An estimate of the packed size, which AWS keeps to itself: words are kept once and a repetition
 * costs two bytes. So a policy of long random names is too large before its 2,048 characters are
 * used up, as on AWS, and the figure is the same on every runtime.
 */
function packedBytes(text: string): number {
  const seen = new Set<string>();
  let bytes = 0;
  for (const word of text.match(/[A-Za-z0-9]+|[^A-Za-z0-9\s]/g) ?? []) {
    bytes += seen.has(word) ? Math.min(2, word.length) : word.length;
    seen.add(word);
  }
  return bytes;
}
