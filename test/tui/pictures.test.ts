import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PICTURES, svgOf, takePictures } from './pictures.ts';

const FOLDER = new URL('../../docs/pictures/', import.meta.url);

test('the pictures of the documents are what the runs show (node test/tui/make-pictures.ts)', async () => {
  const taken = await takePictures();
  for (const name of PICTURES) {
    const kept = readFileSync(new URL(`${name}.svg`, FOLDER), 'utf8');
    // Told by name: the text of a picture is no help.
    expect(kept === taken[name], `docs/pictures/${name}.svg is out of date`).toBe(true);
  }
  expect(readdirSync(FOLDER).sort()).toEqual(PICTURES.map((name) => `${name}.svg`).sort());
});

test('what stands on a screen cannot break a picture', () => {
  const svg = svgOf({ lines: [[{ text: '<a&b>', role: 'bad' }]], offsetMax: 0 }, '<t>');
  expect(svg).toContain('<text class="bad" x="12" y="25" textLength="40">&lt;a&amp;b&gt;</text>');
  expect(svg).toContain('<title>&lt;t&gt;</title>');
});
