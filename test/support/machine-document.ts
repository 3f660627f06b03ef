import { readFileSync } from 'node:fs';
import type { AnyStateMachine } from 'xstate';
import { backupSessionMachine } from '../../machines/backup-session/index.ts';
import { controlConnectionMachine } from '../../machines/control-connection/index.ts';
import { credentialLifecycleMachine } from '../../machines/credential-lifecycle/index.ts';
import { sourceMoverMachine, targetMoverMachine } from '../../machines/data-mover/index.ts';
import { modeSelectionMachine } from '../../machines/mode-selection/index.ts';
import { machineDiagram } from './machine-diagram.ts';

/** The machines of `docs/machines.md`, by the heading under which each stands there. */
export const DOCUMENTED_MACHINES: Readonly<Record<string, AnyStateMachine>> = {
  'Mode selection': modeSelectionMachine,
  'Credential lifecycle': credentialLifecycleMachine,
  'Backup session': backupSessionMachine,
  'Control connection': controlConnectionMachine,
  'Source mover': sourceMoverMachine,
  'Target mover': targetMoverMachine,
};

export const DOCUMENT = new URL('../../docs/machines.md', import.meta.url);

export function readDocument(): string {
  return readFileSync(DOCUMENT, 'utf8');
}

/** The part of the document that belongs to one machine. */
export function sectionOf(document: string, heading: string): string {
  const section = document.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/machines.md has no section "${heading}"`);
  return section;
}

/** The document with every Mermaid block replaced by what its machine says today. */
export function withDiagrams(document: string): string {
  let result = document;
  for (const [heading, machine] of Object.entries(DOCUMENTED_MACHINES)) {
    const section = sectionOf(document, heading);
    const block = `\`\`\`mermaid\n${machineDiagram(machine)}\n\`\`\``;
    if (!/```mermaid\n[\s\S]*?```/.test(section)) {
      throw new Error(`the section "${heading}" of docs/machines.md has no mermaid block`);
    }
    result = result.replace(
      section,
      section.replace(/```mermaid\n[\s\S]*?```/, () => block),
    );
  }
  return result;
}
