/** Writes docs/pictures/*.svg anew, from real runs: `node test/tui/make-pictures.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { takePictures } from './pictures.ts';

const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const [name, svg] of Object.entries(await takePictures())) {
  writeFileSync(`${folder}${name}.svg`, svg);
  console.log(`docs/pictures/${name}.svg`);
}
