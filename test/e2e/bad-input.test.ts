import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capturedMain } from '../sim/cli/captured-main.ts';
import { fortnight, lastJson, scratchFolder } from './command.ts';
import { writeSource } from './files.ts';

const scratch = scratchFolder('bad-input');
const good = join(scratch.path, 'good');

/** Without a process of its own: these commands end before a lab is started. */
const refused = (...words: string[]) => capturedMain(words, { workingDirectory: scratch.path });
const backUp = ['backup', 'source', '--tenant', 'acme', '--repository', 'vault-direct'];

beforeAll(async () => {
  writeSource(join(scratch.path, 'source'), { 'a.bin': 1_200_000, 'b.txt': 20 });
  const ended = await fortnight([...backUp, '--state', good], scratch.path);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
});
afterAll(() => scratch.remove());

/** The good lab with something broken in it. */
function brokenLab(name: string, spoil: (folder: string) => void): string {
  const folder = join(scratch.path, name);
  cpSync(good, folder, { recursive: true });
  spoil(folder);
  return folder;
}

describe('names that the lab does not have', () => {
  const rows = [
    [['--tenant', 'nobody', '--repository', 'vault-direct'], 'no tenant "nobody" (it has: acme)'],
    [['--tenant', 'acme', '--repository', 'vault'], 'no repository "vault" (it has: vault-direct'],
    [
      ['--tenant', 'acme', '--subtenant', 'x', '--repository', 'vault-direct'],
      'no subtenant "x" (it has: none)',
    ],
  ] as const;
  it.each(rows)('backup %j: exit 3, and no state folder is made', async (names, text) => {
    const state = join(scratch.path, 'never-made');
    const ended = await refused('backup', 'source', ...names, '--state', state);
    expect(ended).toMatchObject({ code: 3, stdout: '' });
    expect(ended.stderr).toContain(text);
    expect(existsSync(state)).toBe(false);
  });

  it.each([
    ['list', '--tenant', 'nobody'],
    ['list', '--repository', 'vault'],
  ])('%s %s %s: exit 3 instead of an empty list', async (...words) => {
    expect((await refused(...words, '--state', good)).code).toBe(3);
  });
});

describe('where there is no lab yet', () => {
  it.each([
    ['restore source out', 2],
    ['verify source', 2],
    ['list', 0],
    ['credentials', 0],
  ])('%s: exit %i, says so, makes nothing', async (words, code) => {
    const state = join(scratch.path, 'no-lab');
    const ended = await refused(...words.split(' '), '--state', state);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain('There is no lab in');
    expect(existsSync(state)).toBe(false);
  });
});

describe('a state folder that cannot be used', () => {
  const rows: readonly (readonly [string, number, string, (folder: string) => void])[] = [
    [
      'holds other files',
      2,
      'holds other files ("x")',
      (folder) => {
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
        writeFileSync(join(folder, 'x'), '');
      },
    ],
    [
      'is a file',
      2,
      'is not a folder',
      (folder) => {
        rmSync(folder, { recursive: true });
        writeFileSync(folder, '');
      },
    ],
    [
      'has another layout',
      4,
      'has layout "2"',
      (folder) => writeFileSync(join(folder, 'version'), '2\n'),
    ],
    [
      'is in use',
      4,
      `is used by process ${process.ppid}`,
      (folder) => writeFileSync(join(folder, 'lock'), String(process.ppid)),
    ],
    [
      'has a torn clock',
      4,
      'clock.json cannot be read',
      (folder) => writeFileSync(join(folder, 'clock.json'), '{"virtualAt":17'),
    ],
    [
      'has a wrong database key',
      4,
      'the key is not the one',
      (folder) => writeFileSync(join(folder, 'provider/database.key'), Buffer.alloc(32, 7)),
    ],
    [
      'has lost its database key',
      4,
      'database.key is gone',
      (folder) => rmSync(join(folder, 'provider/database.key')),
    ],
    [
      'has a damaged database',
      4,
      'is not a database',
      (folder) => {
        for (const end of ['', '-wal', '-shm']) {
          rmSync(join(folder, `provider/config.sqlite${end}`), { force: true });
        }
        writeFileSync(join(folder, 'provider/config.sqlite'), 'x'.repeat(5_000));
      },
    ],
    [
      'has a damaged owner key',
      4,
      'is not a key file',
      (folder) =>
        writeFileSync(join(folder, 'provider/storage-minio.key.json'), '{"secretAccessKey":"hush'),
    ],
    [
      'has lost its storage',
      4,
      'storage/minio is gone',
      (folder) => rmSync(join(folder, 'storage/minio'), { recursive: true }),
    ],
    [
      'has a damaged journal',
      4,
      'journal.ndjson:1 is damaged',
      (folder) => writeFileSync(join(folder, 'storage/minio/journal.ndjson'), 'garbage\n'),
    ],
    [
      'has a wrong lab file',
      3,
      'lab.yaml:8:11',
      (folder) => {
        const file = join(folder, 'lab.yaml');
        writeFileSync(file, readFileSync(file, 'utf8').replace('kind: s3-', 'kind: s4-'));
      },
    ],
  ];
  it.each(rows)('%s: exit %i', async (name, code, text, spoil) => {
    const state = brokenLab(name.replaceAll(' ', '-'), spoil);
    const ended = await refused(...backUp, '--state', state);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain(text);
    expect(ended.stderr).not.toContain('hush');
    expect(ended.stderr).not.toContain('unexpected');
  });
});

describe('what the storage gives back is not what was stored', () => {
  it('a flipped byte on its disk: block.corrupt, exit 1, nothing in the target', async () => {
    const state = brokenLab('flipped', (folder) => {
      const blob = biggestFile(join(folder, 'storage/minio/blobs'));
      const bytes = readFileSync(blob);
      const middle = bytes.length >> 1;
      bytes[middle] = (bytes[middle] ?? 0) ^ 1;
      writeFileSync(blob, bytes);
    });
    const words = ['restore', 'source', 'out', '--json', '--state', state];
    const ended = await fortnight(words, scratch.path);
    expect(ended.code).toBe(1);
    expect(lastJson(ended.stdout)).toMatchObject({
      type: 'restore.summary',
      ok: false,
      code: 'block.corrupt',
    });
    expect(readdirSync(scratch.path).filter((name) => name.startsWith('out'))).toEqual([]);
  });

  it('a restore point that is not there: exit 2, nothing in the target', async () => {
    const point = '20990101T000000.000Z-aaaaaa';
    const words = ['restore', 'source', 'out', '--point', point, '--state', good];
    const ended = await fortnight(words, scratch.path);
    expect(ended.code).toBe(2);
    expect(ended.stdout).toContain('restorePoint.missing');
    expect(readdirSync(scratch.path).filter((name) => name.startsWith('out'))).toEqual([]);
  });
});

function biggestFile(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return files.sort((left, right) => statSync(right).size - statSync(left).size)[0] ?? folder;
}
