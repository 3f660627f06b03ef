import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./sdk-client.ts', import.meta.url));

/** What one process with the plain SDK puts and gets back. */
export interface SdkTask {
  /**
   * `default`: as the SDK comes (signs the body's SHA-256, adds a CRC32, says Expect). `lean`: the
   * settings of our own client: unsigned body, one CRC32, no Expect.
   */
  readonly settings: 'default' | 'lean';
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly objects: number;
  readonly objectBytes: number;
  readonly parallel: number;
}

/** From the first request to the last answer; the start of the process is not in it. */
export interface SdkTimes {
  readonly uploadMs: number;
  readonly downloadMs: number;
}

export async function runSdkTask(task: SdkTask): Promise<SdkTimes> {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(task));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [answer, code] = await Promise.all([text(child.stdout), ended]);
  if (code !== 0) throw new Error(`the SDK process ended with ${code}`);
  return JSON.parse(answer) as SdkTimes;
}
