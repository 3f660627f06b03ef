import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openStateDirectory, StateError, writeAtomically } from '../core/state-directory.ts';
import type { TlsMaterial } from '../families.ts';
import { type ClockState, readClockState } from './movable-clock.ts';
import { makeSelfSigned } from './self-signed.ts';

const FORMAT = 'fortnight-storage-endpoint';
const SEED_BYTES = 64;

/** Where the control API of a running storage listens, and what it must be shown. */
export interface ControlAddress {
  readonly port: number;
  readonly token: string;
  readonly pid: number;
}

/**
 * The folder of a `fortnight storage`, for one process at a time:
 *
 * - `format.json`, `lock` what it is, and who has it open
 * - `owner.seed` the secret that the owner's keys follow from (0600)
 * - `clock.json` the clock
 * - `control.json` port and token of the control API while it runs (0600)
 * - `tls/` certificate and key
 * - one folder a family: its objects
 */
export class EndpointFolder {
  readonly path: string;
  readonly #release: () => void;

  /** Throws StateError: foreign, of another version, or in use. */
  constructor(directory: string) {
    const { path, release } = openStateDirectory(directory, FORMAT);
    this.path = path;
    this.#release = release;
  }

  close(): void {
    rmSync(join(this.path, 'control.json'), { force: true });
    this.#release();
  }

  /** Made at the first start; the same ever after. */
  ownerSeed(random: (bytes: number) => Buffer): Buffer {
    const file = join(this.path, 'owner.seed');
    if (!existsSync(file)) writeAtomically(file, `${random(SEED_BYTES).toString('base64')}\n`);
    const seed = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
    if (seed.length === SEED_BYTES) return seed;
    throw new StateError('state.corrupt', `${file} is damaged; remove it to get new owner keys`);
  }

  clockState(): ClockState | undefined {
    const file = join(this.path, 'clock.json');
    if (!existsSync(file)) return undefined;
    try {
      return readClockState(JSON.parse(readFileSync(file, 'utf8')));
    } catch (error) {
      const reason = (error as Error).message;
      throw new StateError(
        'state.corrupt',
        `${file} is damaged (${reason}); remove it to go on with real time`,
      );
    }
  }

  saveClockState(state: ClockState): void {
    writeAtomically(join(this.path, 'clock.json'), `${JSON.stringify(state)}\n`);
  }

  /** Made at the first start with TLS; clients are given the file `tls/cert.pem`. */
  tls(random: (bytes: number) => Buffer): TlsMaterial & { readonly certFile: string } {
    const folder = join(this.path, 'tls');
    const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    if (!existsSync(keyFile) || !existsSync(certFile)) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const made = makeSelfSigned(random);
      writeAtomically(keyFile, made.key);
      writeAtomically(certFile, made.cert);
    }
    const [key, cert] = [keyFile, certFile].map((file) => readFileSync(file, 'utf8'));
    return { key: key!, cert: cert!, certFile };
  }

  announceControl(address: ControlAddress): void {
    writeAtomically(join(this.path, 'control.json'), `${JSON.stringify(address)}\n`);
  }
}

/** Where the storage that serves this folder is controlled; undefined when none runs. */
export function findControl(directory: string): ControlAddress | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(join(directory, 'control.json'), 'utf8'));
    const { port, token, pid } = found as Partial<Record<string, unknown>>;
    const isAddress = Number.isInteger(port) && typeof token === 'string' && Number.isInteger(pid);
    if (isAddress) return { port: port as number, token, pid: pid as number };
  } catch {
    // Missing or damaged: nobody can be reached by it.
  }
  return undefined;
}
