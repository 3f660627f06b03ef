/** `node test/support/write-machine-diagrams.ts`: draws the diagrams of docs/machines.md anew. */
import { writeFileSync } from 'node:fs';
import { DOCUMENT, readDocument, withDiagrams } from './machine-document.ts';

writeFileSync(DOCUMENT, withDiagrams(readDocument()));
