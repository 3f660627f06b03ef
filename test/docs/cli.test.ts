import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../sim/cli/program.ts';
import { capturedMain } from '../sim/cli/captured-main.ts';

const DOCUMENT = fileURLToPath(new URL('../../docs/cli.md', import.meta.url));
const SECTION = /^## fortnight(?: (?<name>\w+))?\n\n```text\n[\s\S]*?```$/gm;

const text = readFileSync(DOCUMENT, 'utf8');

/** The document with the help of this build in each command's block. */
async function withHelp(): Promise<string> {
  let result = text;
  for (const match of text.matchAll(SECTION)) {
    const name = match.groups?.name;
    const { stdout } = await capturedMain([...(name === undefined ? [] : [name]), '--help']);
    const heading = name === undefined ? 'fortnight' : `fortnight ${name}`;
    result = result.replace(match[0], () => `## ${heading}\n\n\`\`\`text\n${stdout}\`\`\``);
  }
  return result;
}

describe('docs/cli.md', () => {
  test('shows what --help prints; else: npx vitest run test/docs/cli.test.ts -u', async () => {
    await expect(await withHelp()).toMatchFileSnapshot(DOCUMENT);
  });

  test('has a section for every command', () => {
    const ignore = (): void => {};
    const program = createProgram({
      version: '',
      write: ignore,
      writeError: ignore,
      onChosen: ignore,
    });
    const documented = [...text.matchAll(SECTION)].flatMap(({ groups }) => groups?.name ?? []);
    expect(documented.sort()).toEqual(program.commands.map((command) => command.name()).sort());
  });
});
