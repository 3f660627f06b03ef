import { type StorageCredential, secretsOf } from '../../machines/ports/storage-credential.ts';

const TEXT_MAX = 240;
const REPLACEMENT = '**redacted**';

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

/**
 * F41, I64: text from the other side may repeat what it was sent. Every spelling of the
 * credential's key id, secret key and session token is replaced, longest first, before the text is
 * cut to 240 characters; control characters go too, because the text ends up on terminals.
 */
export function scrubText(text: string, credential: StorageCredential): string {
  let clean = text;
  const hide = (secret: string): void => {
    if (secret === '') return;
    for (const spelling of spellings(secret)) clean = clean.replaceAll(spelling, REPLACEMENT);
  };
  // A session token may hold the secret key: the longest text goes first.
  const secrets = [...secretsOf(credential)].map((secret) => secret.use((text) => text));
  for (const secret of secrets.sort((left, right) => right.length - left.length)) hide(secret);
  hide(credential.keyId);
  const printable = clean.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return printable.length > TEXT_MAX ? `${printable.slice(0, TEXT_MAX)}…` : printable;
}
