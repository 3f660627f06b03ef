import type { Secret } from '../../machines/ports/secret.ts';

const TEXT_MAX = 240;
const REPLACEMENT = '**redacted**';

/** Shapes of what opens something at Google, also where the value is not ours. */
const SECRET_SHAPES = [
  /ya29\.[\w.~+/=-]+/g,
  /\bBearer\s+[\w.~+/=-]{8,}/gi,
  /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g,
  // The address of an upload session is its own authorisation.
  /upload_id=[^&\s"'<>]+/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];

/** The ways in which a server, a proxy or a library may repeat a secret. */
function spellings(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  const encoded = [bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')];
  return [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1), ...encoded];
}

/**
 * F41, I64: text from the other side may repeat what it was sent. Every spelling of a secret is
 * replaced, longest first, before the text is cut to 240 characters; control characters go too,
 * because the text ends up on terminals.
 */
export function scrubText(text: string, secrets: readonly Secret[]): string {
  let clean = text;
  const texts = secrets.map((secret) => secret.use((value) => value));
  for (const secret of texts.sort((left, right) => right.length - left.length)) {
    if (secret === '') continue;
    for (const spelling of spellings(secret)) clean = clean.replaceAll(spelling, REPLACEMENT);
  }
  for (const shape of SECRET_SHAPES) clean = clean.replace(shape, REPLACEMENT);
  const printable = clean.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return printable.length > TEXT_MAX ? `${printable.slice(0, TEXT_MAX)}…` : printable;
}
