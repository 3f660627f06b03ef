const TEXT_MAX = 240;
export const REPLACEMENT = '**redacted**';

/** The ways in which a server, a proxy or a library may repeat a secret. */
function spellings(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  const xml = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return [
    text,
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    xml,
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
}

/** What looks like a secret of whomever, and what stands in its place. */
export type SecretShape = readonly [shape: RegExp, replacement: string];

/**
 * F41, I64: text from the other side may repeat what it was sent. Every spelling of every secret is
 * replaced, longest first (a token may hold a key), then what has the shape of one, before the text
 * is cut to 240 characters. Control characters go too, because the text ends up on terminals.
 */
export function hideSecrets(
  text: string,
  secrets: readonly string[],
  shapes: readonly SecretShape[] = [],
): string {
  const hidden = secrets.filter((secret) => secret !== '').flatMap(spellings);
  let clean = text;
  for (const spelling of hidden.sort((left, right) => right.length - left.length)) {
    clean = clean.replaceAll(spelling, REPLACEMENT);
  }
  for (const [shape, replacement] of shapes) clean = clean.replace(shape, replacement);
  const printable = clean.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return printable.length > TEXT_MAX ? `${printable.slice(0, TEXT_MAX)}…` : printable;
}
