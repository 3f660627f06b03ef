const REDACTED = '**redacted**';

/**
 * Holds bytes that must not be seen: printing, JSON and inspection show `**redacted**` (I64).
 * `use` hands the text to one function; `wipe` overwrites the bytes (strings made from them live
 * until the garbage collector takes them: keep them short-lived).
 */
export class Secret {
  readonly #bytes: Uint8Array;

  constructor(text: string | Uint8Array) {
    this.#bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  }

  use<Result>(reader: (text: string) => Result): Result {
    return reader(new TextDecoder().decode(this.#bytes));
  }

  useBytes<Result>(reader: (bytes: Uint8Array) => Result): Result {
    return reader(this.#bytes);
  }

  wipe(): void {
    this.#bytes.fill(0);
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  /** What Node's and Bun's inspector prints. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED;
  }
}
