import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { FortnightError } from '../../machines/rules/errors.ts';

export const KEY_BYTES = 32;

function refusal(path: string, text: string): FortnightError {
  return new FortnightError('records.failed', `key file ${path}: ${text}`);
}

function systemCode(thrown: unknown): string {
  return (thrown as { readonly code?: string }).code ?? 'unknown error';
}

/** Reads the 32 bytes. Rejects (throws) a file of another size or readable by other people. */
export function readKeyFile(path: string): Buffer {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (thrown) {
    throw refusal(path, `cannot be read (${systemCode(thrown)})`);
  }
  try {
    const { mode, size } = fstatSync(file);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw refusal(path, `others may read it; run: chmod 600 ${JSON.stringify(path)}`);
    }
    const key = Buffer.alloc(KEY_BYTES);
    if (size !== KEY_BYTES || readSync(file, key, 0, KEY_BYTES, 0) !== KEY_BYTES) {
      throw refusal(path, `it must have exactly ${KEY_BYTES} bytes, it has ${size}`);
    }
    return key;
  } finally {
    closeSync(file);
  }
}

/** Creates the file with mode 0600. Refuses to replace one: that would lose every credential. */
export function createKeyFile(path: string, randomBytes: (count: number) => Uint8Array): void {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (thrown) {
    const code = systemCode(thrown);
    const hint = code === 'EEXIST' ? 'exists already' : `cannot be created (${code})`;
    throw refusal(path, hint);
  }
  try {
    writeSync(file, randomBytes(KEY_BYTES));
  } finally {
    closeSync(file);
  }
}
