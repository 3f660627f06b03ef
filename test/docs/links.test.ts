import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from './shell.ts';

const DOCUMENTS = ['', 'docs'].flatMap((folder) =>
  readdirSync(join(PROJECT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

test.each(DOCUMENTS)('every link inside the project that %s makes leads somewhere', (document) => {
  const text = readFileSync(join(PROJECT, document), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '');
  const targets = [...text.matchAll(/\]\((?<target>[^)#\s]+)/g)]
    .map(({ groups }) => groups?.target ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));
  const missing = targets.filter((target) => !existsSync(join(PROJECT, dirname(document), target)));
  expect(missing).toEqual([]);
});

/** Paths in backquotes that begin with a room of the project; patterns and globs are left out. */
test.each(DOCUMENTS)('every file that %s names is there', (document) => {
  const text = readFileSync(join(PROJECT, document), 'utf8');
  const rooms = /`(?<path>(?:machines|adapters|sim|test|examples|docs|\.ci)\/[\w./-]+)`/g;
  const paths = [...text.matchAll(rooms)].map(({ groups }) => groups?.path ?? '');
  const missing = paths.filter((path) => !existsSync(join(PROJECT, path)));
  expect(missing).toEqual([]);
});
