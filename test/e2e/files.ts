import { createCipheriv, createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Files whose bytes do not compress, so that byte counts say something. */
export function writeSource(folder: string, sizes: Readonly<Record<string, number>>): void {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 14), Buffer.alloc(16));
  for (const [name, bytes] of Object.entries(sizes)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, cipher.update(Buffer.alloc(bytes)));
  }
}

/** Path of every file below a folder, relative to it, with its SHA-256. */
export function hashTree(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  const hashed = files.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
    return [path.slice(folder.length + 1), hash] as const;
  });
  return Object.fromEntries(hashed.sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Whether any file below a folder holds one of the texts; the paths of those that do. */
export function filesThatHold(folder: string, texts: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const content = readFileSync(path, 'latin1');
      return texts.some((text) => content.includes(text));
    });
}
