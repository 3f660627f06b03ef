import { describe, expect, test } from 'vitest';
import { allStates } from '../support/machine-diagram.ts';
import {
  DOCUMENTED_MACHINES,
  readDocument,
  sectionOf,
  withDiagrams,
} from '../support/machine-document.ts';

describe('docs/machines.md', () => {
  test('shows the machines as they are; else: node test/support/write-machine-diagrams.ts', () => {
    const document = readDocument();
    expect(withDiagrams(document)).toBe(document);
  });

  test.each(Object.entries(DOCUMENTED_MACHINES))(
    '%s: a sentence for every state',
    (heading, machine) => {
      const named = [...sectionOf(readDocument(), heading).matchAll(/^- `([\w.]+)`: .+/gm)];
      expect(named.map(([, state]) => state).sort()).toEqual(allStates(machine).sort());
    },
  );
});
