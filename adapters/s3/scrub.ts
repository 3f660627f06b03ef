import { type StorageCredential, secretsOf } from '../../machines/ports/storage-credential.ts';
import { hideSecrets } from '../common-store/scrub.ts';

/** F41, I64: without the credential's secrets, and without its key id, in any spelling. */
export function scrubText(text: string, credential: StorageCredential): string {
  const secrets = secretsOf(credential).map((secret) => secret.use((value) => value));
  return hideSecrets(text, [...secrets, credential.keyId]);
}
