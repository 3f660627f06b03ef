import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianProgram, type Finished, runProgram } from '../programs.ts';
import type { RealReport } from '../report.ts';
import type { ServedStorage } from '../served-storage.ts';

export const BUCKET = 'clients';
export const PREFIX = 'tenant-1/';
export const MIB = 1024 * 1024;

/** Programs that are not Debian's: the runtime, for the clients that are libraries. */
const PROGRAMS: Readonly<Record<string, string>> = { node: process.execPath };

/** The path of a program beside this file. */
export function programBeside(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** One client's working folder and environment, with the storage that it talks to. */
export class ClientFolder {
  readonly report: RealReport;
  readonly storage: ServedStorage;
  readonly folder: string;
  keys: Readonly<Record<string, string>>;

  constructor(report: RealReport, storage: ServedStorage, folder: string) {
    this.report = report;
    this.storage = storage;
    this.folder = folder;
    this.keys = storage.owner;
    mkdirSync(join(folder, 'tree', 'sub'), { recursive: true });
    mkdirSync(join(folder, 'big'));
    writeFileSync(this.path('big/large'), randomBytes(30 * MIB));
    writeFileSync(this.path('tree/one'), 'one\n');
    writeFileSync(this.path('tree/sub/two'), randomBytes(2 * MIB));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** From here on the client has this temporary credential. */
  async takeSession(...words: readonly string[]): Promise<void> {
    const [issued] = await this.storage.command(
      'keys',
      '--kind',
      this.storage.kind,
      '--duration',
      '1h',
      ...words,
    );
    this.keys = issued?.environment as Record<string, string>;
  }

  /** Nothing of the caller's environment: its proxies and profiles are none of our business. */
  run(program: string, parameters: readonly string[]): Promise<Finished> {
    return runProgram(PROGRAMS[program] ?? debianProgram(program), parameters, {
      cwd: this.folder,
      env: {
        PATH: '/usr/bin:/bin',
        HOME: this.folder,
        RCLONE_CONFIG: '/dev/null',
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_EC2_METADATA_DISABLED: 'true',
        RESTIC_PASSWORD: 'not secret',
        ...this.keys,
      },
    });
  }

  async succeed(program: string, parameters: readonly string[]): Promise<string> {
    const { code, output } = await this.run(program, parameters);
    if (code !== 0) throw new Error(`${program} ${parameters.join(' ')} → ${code}\n${output}`);
    return output;
  }

  /** The client fails, and the storage's own account of it names the code. */
  async refuse(program: string, parameters: readonly string[], code: string): Promise<void> {
    const finished = await this.run(program, parameters);
    if (finished.code === 0) throw new Error(`${program} ${parameters.join(' ')} succeeded`);
    const requests = await this.storage.command('auth', '--last', '1');
    expectEqual(requests.at(-1)?.code, code, `answer of the storage (${finished.output.trim()})`);
    // Other clients may have asked by HEAD, whose answer has no code.
    if (program === 'node') expectText(finished.output, code);
  }

  /** The same commands work, fail when the credential's life is over, and work when it is not. */
  async expire(
    program: string,
    commands: readonly (readonly string[])[],
    code = 'ExpiredToken',
    title = program,
  ): Promise<void> {
    const each = async (what: string, run: (words: readonly string[]) => Promise<unknown>) => {
      for (const words of commands) {
        const isPlain = (word: string): boolean => !/^-|^:|^\d$|\//.test(word);
        const name = words.filter(isPlain).join(' ');
        await this.report.check(`${title}: ${name} ${what}`, async () => void (await run(words)));
      }
    };
    await each('works with a session', (words) => this.succeed(program, words));
    await this.storage.command('clock', '+1h');
    await each(`fails with ${code} after 1 h`, (words) => this.refuse(program, words, code));
    await this.storage.command('clock', '-1h');
    await each('works again when the clock is back', (words) => this.succeed(program, words));
  }
}

export function expectEqual(found: unknown, wanted: unknown, what: string): void {
  if (found === wanted) return;
  throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
}

export function expectSameFile(left: string, right: string): void {
  if (!readFileSync(left).equals(readFileSync(right))) {
    throw new Error(`${left} and ${right} differ`);
  }
}

export function expectText(text: string, part: string): void {
  if (!text.includes(part)) throw new Error(`"${part}" is not in:\n${text}`);
}
