import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./sdk-client.ts', import.meta.url));
/** Google's client puts a listener on its agent for each request at once. */
const QUIET = ['--disable-warning=MaxListenersExceededWarning'];

/** Where the SDK of one family finds its server, and with which key. */
export type SdkAddress =
  | {
      readonly family: 's3';
      readonly endpoint: string;
      readonly region: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
    }
  | {
      readonly family: 'azure';
      readonly endpoint: string;
      readonly account: string;
      readonly accountKey: string;
    }
  | { readonly family: 'gcs'; readonly endpoint: string; readonly token: string };

/** What one process with the plain SDK puts and gets back. */
export interface SdkTask {
  /**
   * `default`: the SDK as it comes. `lean`: the settings of our own client, and the checksum that
   * it sends; what comes back is not checked.
   */
  readonly settings: 'default' | 'lean';
  readonly address: SdkAddress;
  readonly bucket: string;
  readonly prefix: string;
  readonly objects: number;
  readonly objectBytes: number;
  readonly parallel: number;
}

/** From the first request to the last answer; the start of the process is not in it. */
export interface SdkTimes {
  readonly uploadMs: number;
  readonly downloadMs: number;
}

/** What `sdk-client.ts` needs of an SDK. */
export interface PlainSdk {
  put(key: string, body: Buffer): Promise<void>;
  /** The whole object, in memory. */
  get(key: string): Promise<Uint8Array>;
}

export async function runSdkTask(task: SdkTask): Promise<SdkTimes> {
  const child = spawn(process.execPath, [...QUIET, PROGRAM], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(task));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [answer, code] = await Promise.all([text(child.stdout), ended]);
  if (code !== 0) throw new Error(`the SDK process ended with ${code}`);
  return JSON.parse(answer) as SdkTimes;
}
