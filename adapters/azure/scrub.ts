import { type StorageCredential, secretsOf } from '../../machines/ports/storage-credential.ts';

const TEXT_MAX = 240;
const REPLACEMENT = '**redacted**';

/** Shapes of secrets of whomever: a signature in an address, a token or a key in a header. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\b(sig|client_secret|AccountKey)=[^&\s"'<>;]+/gi, `$1=${REPLACEMENT}`],
  [/\bBearer\s+[\w.~+/=-]+/gi, `Bearer ${REPLACEMENT}`],
  [/\bSharedKey(Lite)?\s+[^\s"'<>]+/gi, `SharedKey ${REPLACEMENT}`],
];

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

/** A SAS is public but for its signature, so the signature alone must not be told either. */
function withSignatures(secret: string): string[] {
  const signature = new URLSearchParams(secret).get('sig') ?? '';
  return signature === '' ? [secret] : [secret, signature];
}

/**
 * F41, I64: text from the other side may repeat what it was sent. Every spelling of the
 * credential's secrets is replaced, longest first, before the text is cut to 240 characters;
 * control characters go too, because the text ends up on terminals.
 */
export function scrubText(text: string, credential: StorageCredential): string {
  const secrets = secretsOf(credential).flatMap((secret) => secret.use(withSignatures));
  const hidden = secrets.filter((secret) => secret !== '').flatMap(spellings);
  let clean = text;
  for (const spelling of hidden.sort((left, right) => right.length - left.length)) {
    clean = clean.replaceAll(spelling, REPLACEMENT);
  }
  for (const [shape, replacement] of SHAPES) clean = clean.replace(shape, replacement);
  const printable = clean.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return printable.length > TEXT_MAX ? `${printable.slice(0, TEXT_MAX)}…` : printable;
}
