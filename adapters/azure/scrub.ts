import { type StorageCredential, secretsOf } from '../../machines/ports/storage-credential.ts';
import { hideSecrets, REPLACEMENT, type SecretShape } from '../common-store/scrub.ts';

/** Shapes of secrets of whomever: a signature in an address, a token or a key in a header. */
const SHAPES: readonly SecretShape[] = [
  [/\b(sig|client_secret|AccountKey)=[^&\s"'<>;]+/gi, `$1=${REPLACEMENT}`],
  [/\bBearer\s+[\w.~+/=-]+/gi, `Bearer ${REPLACEMENT}`],
  [/\bSharedKey(Lite)?\s+[^\s"'<>]+/gi, `SharedKey ${REPLACEMENT}`],
];

/** A SAS is public but for its signature, so the signature alone must not be told either. */
function withSignatures(secret: string): string[] {
  const signature = new URLSearchParams(secret).get('sig') ?? '';
  return signature === '' ? [secret] : [secret, signature];
}

/** F41, I64: without the credential's secrets in any spelling, and without what looks like one. */
export function scrubText(text: string, credential: StorageCredential): string {
  const secrets = secretsOf(credential).flatMap((secret) => secret.use(withSignatures));
  return hideSecrets(text, secrets, SHAPES);
}
