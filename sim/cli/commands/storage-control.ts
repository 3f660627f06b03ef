import { findControl } from '../../storage/index.ts';
import type { CommandContext } from '../command-context.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { type RawOptions, readText } from '../read-options.ts';
import { readPort } from './storage-serve.ts';

/** What a running storage says about itself. */
export interface StorageStatus {
  readonly clock: { readonly now: number; readonly rate: number };
  readonly buckets: readonly string[];
  readonly families: readonly {
    readonly kind: string;
    readonly endpoint: string;
    readonly port: number;
  }[];
}

/** The control API of the storage that serves a state folder. */
export interface StorageControl {
  status(): Promise<StorageStatus>;
  ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
}

/**
 * Finds the running storage of `--state` and checks that it serves `--port`, when that is given.
 * Throws CommandError (exit 4) when none can be reached.
 */
export async function openControl(
  context: CommandContext,
  raw: RawOptions,
): Promise<StorageControl> {
  const port = readPort(readText(raw, 'port'));
  const address = findControl(context.stateDirectory);
  if (address === undefined) throw notRunning(context.stateDirectory);
  const ask: StorageControl['ask'] = async (method, path, body) => {
    const request = {
      method,
      headers: { authorization: `Bearer ${address.token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    let response: Response;
    try {
      response = await fetch(`http://127.0.0.1:${address.port}${path}`, request);
    } catch {
      throw notRunning(context.stateDirectory);
    }
    const answer = (await response.json()) as unknown;
    if (response.ok) return answer;
    const { message, code } = answer as { readonly message: string; readonly code: string };
    const text = code === 'invalid' ? message : `${message} (${code})`;
    // 400 and 409 answer what the command line asked for: another one helps.
    if (response.status === 400 || response.status === 409) throw new UsageError(`${text}.`);
    throw new CommandError(EXIT.failed, [`fortnight: ${text}.`]);
  };
  const status = async () => (await ask('GET', '/v1/status')) as StorageStatus;
  if (port !== null) await checkPort(await status(), port, context.stateDirectory);
  return { ask, status };
}

async function checkPort(status: StorageStatus, port: number, directory: string): Promise<void> {
  if (status.families.some((family) => family.port === port)) return;
  const ports = status.families.map((family) => family.port).join(', ');
  throw new CommandError(EXIT.environment, [
    `fortnight: the storage of ${directory} listens on ${ports}, not on ${port}: ` +
      'name the state folder of the other one with --state DIR.',
  ]);
}

function notRunning(directory: string): CommandError {
  return new CommandError(EXIT.environment, [
    `fortnight: no storage is running with the state folder ${directory}: start it with ` +
      '"fortnight storage", or name its folder with --state DIR.',
  ]);
}
