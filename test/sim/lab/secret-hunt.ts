import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The shapes in which a secret could hide. Base64 has three, by where in a text it begins. */
function shapesOf(secret: string): readonly Buffer[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    // The first and last characters also depend on what stands beside the secret.
    const inner = text.slice(shift === 0 ? 0 : 4, -4);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const texts = [secret, encodeURIComponent(secret), bytes.toString('hex'), ...base64];
  const upper = bytes.toString('hex').toUpperCase();
  return [
    ...[...texts, upper].map((text) => Buffer.from(text)),
    Buffer.from(secret, 'utf16le'),
    Buffer.from(secret, 'utf16le').swap16(),
  ];
}

/** Looks for secrets in any bytes; `found` names the place and the secret, never the secret itself. */
export class SecretHunt {
  readonly found: string[] = [];
  readonly #secrets: readonly (readonly [string, readonly Buffer[]])[];

  constructor(secrets: Readonly<Record<string, string>>) {
    this.#secrets = Object.entries(secrets).map(([name, secret]) => [name, shapesOf(secret)]);
  }

  look(place: string, bytes: Buffer | string): void {
    const haystack = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes);
    for (const [name, shapes] of this.#secrets) {
      if (shapes.some((shape) => haystack.includes(shape))) this.found.push(`${name} in ${place}`);
    }
  }

  lookIn(folder: string): number {
    let files = 0;
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      this.look(path, readFileSync(path));
      files += 1;
    }
    return files;
  }
}
