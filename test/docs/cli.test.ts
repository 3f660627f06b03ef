import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../sim/cli/program.ts';
import { capturedMain } from '../sim/cli/captured-main.ts';

const DOCUMENT = fileURLToPath(new URL('../../docs/cli.md', import.meta.url));
const text = readFileSync(DOCUMENT, 'utf8');

/** `fortnight`, `fortnight run`, `fortnight storage`, `fortnight storage clock`, … */
function commandNames(): readonly string[] {
  const ignore = (): void => {};
  const program = createProgram({
    version: '',
    write: ignore,
    writeError: ignore,
    onChosen: ignore,
  });
  const withChildren = (name: string, command: Command): readonly string[] => [
    name,
    ...command.commands.flatMap((child) => withChildren(`${name} ${child.name()}`, child)),
  ];
  return withChildren('fortnight', program);
}

async function helpBlock(name: string): Promise<string> {
  const words = name.split(' ').slice(1);
  const { stdout } = await capturedMain([...words, '--help']);
  return `## ${name}\n\n\`\`\`text\n${stdout}\`\`\``;
}

function documentedBlocks(): ReadonlyMap<string, string> {
  const blocks = text.matchAll(/^## (?<name>fortnight[\w ]*)\n\n```text\n[\s\S]*?```$/gm);
  return new Map([...blocks].map((match) => [match.groups?.name ?? '', match[0]]));
}

/** The document with the help of this build: blocks renewed, missing ones at the end. */
async function withHelp(): Promise<string> {
  const documented = documentedBlocks();
  let result = text;
  for (const name of commandNames()) {
    const block = await helpBlock(name);
    const old = documented.get(name);
    result = old === undefined ? `${result}\n${block}\n` : result.replace(old, () => block);
  }
  return result;
}

describe('docs/cli.md', () => {
  test('shows what --help prints; else: npx vitest run test/docs/cli.test.ts -u', async () => {
    await expect(await withHelp()).toMatchFileSnapshot(DOCUMENT);
  });

  test('has no section for a command that is not there', () => {
    expect(commandNames()).toEqual(expect.arrayContaining([...documentedBlocks().keys()]));
  });
});
