import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StateError, writeAtomically } from './state-directory.ts';

/**
 * The order of all changes. One line of JSON a change, appended with one system call, so a killed
 * process leaves at most one torn line at the end, which the next start cuts off.
 * A change is journaled after its bytes are in place and before anybody is answered.
 */
export interface Journal<Change> {
  append(change: Change): void;
  close(): void;
}

/** Memory state has nothing to remember. */
export function createNullJournal<Change>(): Journal<Change> {
  return { append: () => undefined, close: () => undefined };
}

export interface OpenedJournal<Change> extends Journal<Change> {
  /** Rewrites the journal as these changes alone, when that makes it much shorter. */
  compact(changes: Iterable<Change>): void;
}

const COMPACT_ABOVE_LINES = 256;

/** Opens the journal of a folder and replays it. Throws StateError when a middle line is bad. */
export function openJournal<Change>(
  directory: string,
  replay: (change: Change) => void,
): OpenedJournal<Change> {
  const file = join(directory, 'journal.ndjson');
  if (!existsSync(file)) writeAtomically(file, '');
  const bytes = readFileSync(file);
  const completeBytes = bytes.lastIndexOf(0x0a) + 1;
  let lineCount = 0;
  for (const line of splitLines(bytes.subarray(0, completeBytes))) {
    lineCount += 1;
    replay(parseLine<Change>(line, file, lineCount));
  }
  let descriptor = openSync(file, 'a', 0o600);
  let fileBytes = completeBytes;
  if (completeBytes < bytes.length) ftruncateSync(descriptor, completeBytes);
  return {
    append: (change) => {
      const line = Buffer.from(`${JSON.stringify(change)}\n`);
      try {
        for (let written = 0; written < line.length; ) {
          written += writeSync(descriptor, line, written);
        }
      } catch (error) {
        // A full disk: the caller's request fails, and the torn line must not spoil the next one.
        ftruncateSync(descriptor, fileBytes);
        throw error;
      }
      fileBytes += line.length;
    },
    close: () => closeSync(descriptor),
    compact: (changes) => {
      const lines = Array.from(changes, (change) => `${JSON.stringify(change)}\n`);
      if (lineCount < COMPACT_ABOVE_LINES || lines.length * 2 > lineCount) return;
      closeSync(descriptor);
      writeAtomically(file, lines.join(''));
      descriptor = openSync(file, 'a', 0o600);
      fileBytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
    },
  };
}

/** Line by line from bytes: the text of a large journal would not fit into one string. */
function* splitLines(bytes: Buffer): Generator<string> {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0x0a, at);
    yield bytes.toString('utf8', at, end);
    at = end + 1;
  }
}

function parseLine<Change>(line: string, file: string, lineNumber: number): Change {
  try {
    return JSON.parse(line) as Change;
  } catch {
    throw new StateError(
      'state.corrupt',
      `${file}:${lineNumber} is damaged; restore the state folder from a copy or name another`,
    );
  }
}
