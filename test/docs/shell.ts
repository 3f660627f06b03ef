import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
/** How documents call the folder in which their commands run. */
const DOCUMENTED_FOLDER = '/home/you/fortnight';

/** One `$ command` of a document with the output that is printed below it. */
export interface DocumentedCommand {
  readonly command: string;
  readonly output: readonly string[];
}

/** All commands of the `console` blocks of a Markdown text, in order. */
export function documentedCommands(text: string): readonly DocumentedCommand[] {
  const blocks = [...text.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(
    (match) => match[1] ?? '',
  );
  return blocks.flatMap((block) =>
    block
      .replaceAll(/\\\n\s*/g, '')
      .split(/^\$ /m)
      .filter((part) => part !== '')
      .map((part) => {
        const [command = '', ...output] = part.replace(/\n$/, '').split('\n');
        return { command, output };
      }),
  );
}

/** Runs it in the folder, with this runtime behind `npx fortnight`; stdout and stderr together. */
export function runDocumented(command: string, folder: string): Promise<readonly string[]> {
  const entry = `${PROJECT}sim/cli/fortnight.mjs`;
  const script = command.replace(/^npx fortnight\b/, '"$RUNTIME" "$ENTRY"');
  const { NODE_OPTIONS: _options, ...environment } = process.env;
  const env = { ...environment, RUNTIME: process.execPath, ENTRY: entry, NO_COLOR: '1' };
  return new Promise((resolve) => {
    execFile('bash', ['-c', `{ ${script}\n} 2>&1`], { cwd: folder, env }, (_error, stdout) => {
      const text = stdout.replaceAll(folder, DOCUMENTED_FOLDER).replace(/\n$/, '');
      resolve(text === '' ? [] : text.split('\n'));
    });
  });
}

/** Takes away what differs from run to run: ids, instants, times left, sizes, column widths. */
export function withoutChance(lines: readonly string[]): readonly string[] {
  return lines.map((line) =>
    line
      .replaceAll(/\b\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{6}\b/g, 'ID')
      .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?Z)?/g, 'INSTANT')
      .replaceAll(/(\d+d )?(\d+h )?\b\d+m\b/g, 'LEFT')
      .replaceAll(/\b\d+(\.\d+)? (B|KiB|MiB)\b/g, (size) => (size === '0 B' ? size : 'SIZE'))
      .replaceAll(/"(at|expiresAt|leftMs)":-?\d+/g, '"$1":N')
      .replaceAll(/─+/g, '─')
      .replaceAll(/ +/g, ' ')
      .trim(),
  );
}
