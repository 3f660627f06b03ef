import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeSelfSigned } from '../../../sim/storage/control/self-signed.ts';
import { runProgram } from '../programs.ts';
import { createFakeTime, type FakeTime, realTime } from './fake-time.ts';
import { freePort, ServerFolder, Unavailable, waitForPort } from './running.ts';

/** Azurite, Microsoft's emulator of Azure Blob storage, on a clock that can be moved. */
export interface AzuriteServer {
  readonly name: 'Azurite';
  readonly version: string;
  /** Of the blob service of the account, as `http://127.0.0.1:port/account`. */
  readonly endpoint: string;
  readonly credentials: { readonly accountName: string; readonly accountKey: string };
  /** With `tls`: its self-signed certificate in PEM, which a client must be given to trust. */
  readonly certificate: string | undefined;
  /** Its clock is real time plus this from now on (also negative); 0 is real time again. */
  moveClock(offsetMs: number): void;
  /** Ends its process and removes its folder. */
  stop(): Promise<void>;
}

export interface AzuriteOptions {
  /** Default true. Without libfaketime (for a benchmark) moveClock throws. */
  readonly movableClock?: boolean;
  /** Serves HTTPS and accepts bearer tokens, whose signatures it does not check. Default false. */
  readonly tls?: boolean;
}

const VERSION = '3.37.0';
const START_LIMIT_MS = 30_000;
const INSTALL_LIMIT_MS = 300_000;
const ACCOUNT = 'fortnight';

/**
 * Starts it from npm; the package is kept outside of this project, in the user's cache folder.
 * Throws Unavailable when npm cannot install it; leaves nothing behind when it fails.
 */
export async function startAzurite(
  write: (line: string) => void,
  options: AzuriteOptions = {},
): Promise<AzuriteServer> {
  const program = await installAzurite(write);
  const folder = new ServerFolder('azurite');
  try {
    const fakeTime =
      options.movableClock === false ? realTime() : createFakeTime(folder.file('clock'), write);
    return await startIn(folder, program, fakeTime, options.tls ?? false);
  } catch (error) {
    await folder.stop();
    if (error instanceof Unavailable) throw error;
    throw new Error(`Azurite could not be started: ${(error as Error).message}`);
  }
}

async function startIn(
  folder: ServerFolder,
  program: string,
  fakeTime: FakeTime,
  isSecure: boolean,
): Promise<AzuriteServer> {
  const port = await freePort();
  const accountKey = randomBytes(64).toString('base64');
  const tls = isSecure ? makeSelfSigned(randomBytes) : undefined;
  const words = ['--blobHost', '127.0.0.1', '--blobPort', String(port), '--inMemoryPersistence'];
  words.push('--skipApiVersionCheck', '--disableTelemetry', '--silent');
  if (tls !== undefined) {
    writeFileSync(folder.file('cert.pem'), tls.cert);
    writeFileSync(folder.file('key.pem'), tls.key, { mode: 0o600 });
    words.push('--cert', folder.file('cert.pem'), '--key', folder.file('key.pem'));
    words.push('--oauth', 'basic');
  }
  const environment = { ...fakeTime.environment, AZURITE_ACCOUNTS: `${ACCOUNT}:${accountKey}` };
  const child = folder.start('azurite', process.execPath, [program, ...words], environment);
  await waitForPort(port, child, START_LIMIT_MS, () => folder.tail('azurite'));
  return {
    name: 'Azurite',
    version: VERSION,
    endpoint: `${isSecure ? 'https' : 'http'}://127.0.0.1:${port}/${ACCOUNT}`,
    credentials: { accountName: ACCOUNT, accountKey },
    certificate: tls?.cert,
    moveClock: (offsetMs) => fakeTime.moveClock(offsetMs),
    stop: () => folder.stop(),
  };
}

/** The path of its program; installs the pinned version when it is not in the cache. */
async function installAzurite(write: (line: string) => void): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'fortnight');
  const home = join(cache, `azurite-${VERSION}`);
  const program = join(home, 'node_modules/azurite/dist/src/blob/main.js');
  if (existsSync(program)) return program;
  write(`installing azurite ${VERSION} with npm into ${home}`);
  mkdirSync(cache, { recursive: true });
  // Installed beside and renamed: an install that was cut off must not be taken for a whole one.
  const fresh = mkdtempSync(join(cache, 'azurite-new-'));
  try {
    const words = ['install', '--prefix', fresh, '--ignore-scripts', '--no-audit', '--no-fund'];
    const npm = await runProgram('npm', [...words, `azurite@${VERSION}`], {
      cwd: fresh,
      limitMs: INSTALL_LIMIT_MS,
    }).catch((error: Error) => ({ code: null, output: error.message }));
    if (npm.code !== 0) {
      const reason = npm.output.trim().split('\n').slice(-3).join(' ');
      throw new Unavailable(`azurite: npm could not install it (exit ${npm.code}): ${reason}`);
    }
    if (!existsSync(program)) renameSync(fresh, home);
    return program;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
