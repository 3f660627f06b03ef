import { readFileSync } from 'node:fs';

/** What this program calls itself in traces. */
export function buildName(): string {
  const path = new URL('../../../package.json', import.meta.url);
  return `fortnight ${(JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version}`;
}
