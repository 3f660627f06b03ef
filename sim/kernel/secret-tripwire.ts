/** A known secret was about to be written down (I64). Holds no part of it. */
export class SecretLeakError extends Error {
  override readonly name = 'SecretLeakError';
}

/** Shorter texts turn up by chance; planting one would trip on innocent events. */
const SECRET_LENGTH_MIN = 8;

/**
 * Knows the secrets and canaries of a run and refuses every text that holds one, as it is or in
 * one of the usual disguises: JSON-escaped, base64, base64url, hex, URL-encoded (I59, I64).
 */
export class SecretTripwire {
  readonly #needles = new Map<string, string>();

  /** `label` names the secret in errors, such as `secretKey of acme/vault generation 2`. */
  register(label: string, secret: string): void {
    if (secret.length < SECRET_LENGTH_MIN) {
      throw new RangeError(`${label}: a secret of under ${SECRET_LENGTH_MIN} characters`);
    }
    const bytes = Buffer.from(secret, 'utf8');
    const base64 = bytes.toString('base64');
    const hex = bytes.toString('hex');
    const escaped = JSON.stringify(secret).slice(1, -1);
    const disguises = [
      secret,
      escaped,
      base64.replace(/=+$/, ''),
      bytes.toString('base64url'),
      hex,
      hex.toUpperCase(),
      encodeURIComponent(secret),
    ];
    for (const needle of disguises) this.#needles.set(needle, label);
  }

  /** Throws a SecretLeakError when the text holds a registered secret. `where` names the text. */
  assertClean(text: string, where: string): void {
    for (const [needle, label] of this.#needles) {
      if (text.includes(needle)) {
        throw new SecretLeakError(`${where} holds a secret: ${label} (I64); it was not written`);
      }
    }
  }
}
