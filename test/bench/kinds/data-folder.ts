import { randomFillSync } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of equal size with bytes that do not compress; every program of a run gets the same. */
export function makeDataFolder(folder: string, files: number, fileBytes: number): void {
  mkdirSync(folder);
  const content = Buffer.allocUnsafe(fileBytes);
  for (let index = 0; index < files; index += 1) {
    writeFileSync(join(folder, `file-${index}`), randomFillSync(content));
  }
}

/** What is fast and wrong is worth nothing: a restore is looked at, outside of its time. */
export function expectSameFolder(wanted: string, found: string): void {
  const names = readdirSync(wanted).sort();
  const isSame =
    readdirSync(found).sort().join() === names.join() &&
    names.every((name) => readFileSync(join(wanted, name)).equals(readFileSync(join(found, name))));
  if (!isSame) throw new Error(`${found} is not what was backed up from ${wanted}`);
}
