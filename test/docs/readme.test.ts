import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT, EXIT_CODE_HELP } from '../../sim/cli/exit-codes.ts';
import { PROVENANCE } from '../../sim/cli/report.ts';
import { documentedCommands, PROJECT, runDocumented, withoutChance } from './shell.ts';

const text = readFileSync(join(PROJECT, 'README.md'), 'utf8');
const commands = documentedCommands(text);
let folder = '';

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'fortnight-readme-')));
  cpSync(join(PROJECT, 'examples'), join(folder, 'examples'), { recursive: true });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('README.md', () => {
  test('has commands to run', () => {
    expect(commands.length).toBeGreaterThan(8);
  });

  // In this order, in one folder: later commands need what earlier ones made.
  test.each(commands.map(({ command, output }) => [command, output] as const))(
    '$ %s',
    async (command, output) => {
      const printed = await runDocumented(command, folder);
      expect(withoutChance(printed)).toEqual(withoutChance(output));
    },
  );

  test('says what is simulated in the words of the report', () => {
    for (const part of [...PROVENANCE.lab.simulated, ...PROVENANCE.lab.real]) {
      expect(text).toContain(part);
    }
  });

  test('has a row for every exit code', () => {
    const rows = [...text.matchAll(/^\| (\d+(?:, \d+)*) \|/gm)].flatMap((row) =>
      (row[1] ?? '').split(', ').map(Number),
    );
    expect(rows).toEqual(Object.values(EXIT));
    for (const code of rows) expect(EXIT_CODE_HELP).toContain(String(code));
  });
});
