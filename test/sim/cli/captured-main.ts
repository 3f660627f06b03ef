import { main } from '../../../sim/cli/main.ts';

export interface Captured {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CaptureOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly isTerminal?: boolean;
  readonly workingDirectory?: string;
  readonly signal?: AbortSignal;
}

export const PROJECT = new URL('../../../', import.meta.url).pathname;

/** Runs a command line in this process and keeps what it prints. */
export async function capturedMain(
  commandLine: readonly string[],
  options: CaptureOptions = {},
): Promise<Captured> {
  let stdout = '';
  let stderr = '';
  const code = await main(commandLine, {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    environment: options.environment ?? {},
    workingDirectory: options.workingDirectory ?? PROJECT,
    signal: options.signal ?? new AbortController().signal,
    isInputTerminal: options.isTerminal ?? false,
    isOutputTerminal: options.isTerminal ?? false,
  });
  return { code, stdout, stderr };
}
