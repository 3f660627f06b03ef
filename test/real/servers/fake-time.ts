import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { installMissing } from '../programs.ts';
import { Unavailable } from './running.ts';

/** Debian puts the library below the name of the architecture. */
function libraryPath(): string | undefined {
  return readdirSync('/usr/lib', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.endsWith('-linux-gnu'))
    .map(({ name }) => `/usr/lib/${name}/faketime/libfaketimeMT.so.1`)
    .find((path) => existsSync(path));
}

/** The clock of one process, moved by a file that libfaketime reads at every question. */
export interface FakeTime {
  /** What the process must be started with. */
  readonly environment: Readonly<Record<string, string>>;
  /** From now on the process takes it to be real time plus this; 0 is real time again. */
  moveClock(offsetMs: number): void;
  /** From now on it stands still at this instant. */
  stopClock(at: number): void;
}

/** Throws Unavailable when libfaketime is not there and cannot be installed. */
export function createFakeTime(file: string, write: (line: string) => void): FakeTime {
  const missing = installMissing({ faketime: 'faketime' }, write);
  const library = libraryPath();
  if (library === undefined) {
    throw new Unavailable(`libfaketime: ${missing.get('faketime') ?? 'its library is not found'}`);
  }
  const tell = (text: string): void => {
    // Renamed into place: the process must never read half of it.
    writeFileSync(`${file}.new`, `${text}\n`);
    renameSync(`${file}.new`, file);
  };
  const moveClock = (offsetMs: number): void => {
    const seconds = offsetMs / 1_000;
    tell(`${seconds < 0 ? '' : '+'}${seconds}`);
  };
  const stopClock = (at: number): void =>
    tell(new Date(at).toISOString().replace('T', ' ').replace('Z', ''));
  moveClock(0);
  const environment = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    // Instants are told in the process's own time zone.
    TZ: 'UTC',
  };
  return { environment, moveClock, stopClock };
}

/** For a measurement: libfaketime reads its file at every question, which costs. */
export function realTime(): FakeTime {
  const refuse = (): never => {
    throw new Error('this server was started with movableClock: false');
  };
  return { environment: {}, moveClock: refuse, stopClock: refuse };
}
