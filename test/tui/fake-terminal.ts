import { PassThrough } from 'node:stream';
import type { Size } from '../../sim/tui/screen/layout.ts';

export interface FakeTerminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** Everything written so far. */
  written(): string;
  /** Resolves when the written text holds this. */
  shows(text: string): Promise<void>;
  /** What was written so far counts no more. */
  forget(): void;
  type(keys: string): void;
  resize(size: Size): void;
  isRaw(): boolean;
}

/** A terminal of a size of one's own; `ink-testing-library` knows only 100 columns. */
export function fakeTerminal(size: Size): FakeTerminal {
  let text = '';
  let raw = false;
  let waiting: { readonly text: string; readonly resolve: () => void }[] = [];
  const stdout = Object.assign(new PassThrough(), { isTTY: true, ...size });
  stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    const done = waiting.filter((one) => text.includes(one.text));
    waiting = waiting.filter((one) => !done.includes(one));
    for (const { resolve } of done) resolve();
  });
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (isOn: boolean) => {
      raw = isOn;
    },
    ref: () => {},
    unref: () => {},
  });
  return {
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    written: () => text,
    shows: (wanted) =>
      new Promise((resolve) => {
        if (text.includes(wanted)) resolve();
        else waiting.push({ text: wanted, resolve });
      }),
    forget: () => {
      text = '';
    },
    type: (keys) => void stdin.write(keys),
    resize: (changed) => {
      Object.assign(stdout, changed);
      stdout.emit('resize');
    },
    isRaw: () => raw,
  };
}
