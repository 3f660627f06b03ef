// Run by npm's `prepare`: makes `npx fortnight` work inside the clone, where npm links no bin of
// the package itself. Does nothing when there is no node_modules/.bin, and never fails an install.
import { chmodSync, existsSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry = join(dirname(fileURLToPath(import.meta.url)), 'fortnight.mjs');

/** Links `fortnight` in the folder to the entry; returns what was written, or null for nothing. */
export function linkBin(binFolder, platform = process.platform) {
  if (!existsSync(binFolder)) return null;
  if (platform === 'win32') {
    const path = join(binFolder, 'fortnight.cmd');
    writeFileSync(path, `@node "%~dp0${relative(binFolder, entry).replaceAll('/', '\\')}" %*\r\n`);
    return path;
  }
  const path = join(binFolder, 'fortnight');
  chmodSync(entry, 0o755);
  rmSync(path, { force: true });
  symlinkSync(relative(binFolder, entry), path);
  return path;
}

const script = process.argv[1];
if (script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url)) {
  try {
    linkBin(join(dirname(entry), '..', '..', 'node_modules', '.bin'));
  } catch (error) {
    process.stderr.write(`fortnight was not linked into node_modules/.bin: ${error.message}\n`);
  }
}
