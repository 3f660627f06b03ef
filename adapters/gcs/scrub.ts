import type { Secret } from '../../machines/ports/secret.ts';
import { hideSecrets, REPLACEMENT } from '../common-store/scrub.ts';

/** Shapes of what opens something at Google, also where the value is not ours. */
const SECRET_SHAPES = [
  /ya29\.[\w.~+/=-]+/g,
  /\bBearer\s+[\w.~+/=-]{8,}/gi,
  /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g,
  // The address of an upload session is its own authorisation.
  /upload_id=[^&\s"'<>]+/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];

/** F41, I64: without these secrets in any spelling, and without what looks like one. */
export function scrubText(text: string, secrets: readonly Secret[]): string {
  const texts = secrets.map((secret) => secret.use((value) => value));
  return hideSecrets(
    text,
    texts,
    SECRET_SHAPES.map((shape) => [shape, REPLACEMENT]),
  );
}
