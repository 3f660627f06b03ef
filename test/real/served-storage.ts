import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runProgram } from './programs.ts';

const ENTRY = fileURLToPath(new URL('../../sim/cli/fortnight.mjs', import.meta.url));

/** A `fortnight storage` in a process of its own, as a user would start it. */
export interface ServedStorage {
  readonly endpoint: string;
  readonly kind: string;
  /** What is printed to paste for a client. */
  linesFor(client: string): readonly string[];
  /** The owner's keys of S3, as environment variables. */
  readonly owner: Readonly<Record<string, string>>;
  /** Runs `fortnight storage …words` against it; throws when that fails. */
  command(...words: readonly string[]): Promise<Record<string, unknown>[]>;
  close(): Promise<number | null>;
}

interface ServedFamily {
  readonly kind: string;
  readonly endpoint: string;
  readonly clients: readonly { readonly client: string; readonly lines: readonly string[] }[];
}

export async function serveStorage(
  stateDirectory: string,
  ...words: readonly string[]
): Promise<ServedStorage> {
  const common = ['--state', stateDirectory, '--json'];
  const child = spawn(process.execPath, [ENTRY, 'storage', '--port', '0', ...words, ...common], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // A runner that ends early takes its storage with it.
  const end = (): void => void child.kill();
  process.on('exit', end);
  const closed = new Promise<number | null>((resolve) =>
    child.on('close', (code) => {
      process.off('exit', end);
      resolve(code);
    }),
  );
  const serving = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (piece: Buffer) => {
      text += piece.toString('utf8');
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.on('close', (code) => reject(new Error(`fortnight storage ended with ${code}`)));
  });
  const { families } = JSON.parse(serving) as {
    families: ServedFamily[];
  };
  const [family] = families;
  if (family === undefined) throw new Error('fortnight storage serves nothing');
  const linesFor = (name: string): readonly string[] =>
    family.clients.find(({ client }) => client === name)?.lines ?? [];
  return {
    endpoint: family.endpoint,
    kind: family.kind,
    linesFor,
    owner: Object.fromEntries(
      linesFor('awscli').flatMap((line) => {
        const match = /^export (\w+)=(.*)$/.exec(line);
        return match === null ? [] : [[match[1], match[2]] as [string, string]];
      }),
    ),
    command: async (...command) => {
      const parameters = [ENTRY, 'storage', ...command, ...common];
      const { code, output } = await runProgram(process.execPath, parameters, {});
      if (code !== 0) throw new Error(`fortnight storage ${command.join(' ')}: ${output}`);
      const printed = output.split('\n').filter((line) => line !== '');
      return printed.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    close: () => {
      child.kill('SIGTERM');
      return closed;
    },
  };
}
