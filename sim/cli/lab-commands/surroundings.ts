import { readFileSync } from 'node:fs';
import { createRealClock } from '../../../adapters/clock/index.ts';

/** Epoch ms in the real world, where a lab's clock is anchored. */
export function realNow(): number {
  return createRealClock().now();
}

/** What this program calls itself in traces. */
export function buildName(): string {
  const path = new URL('../../../package.json', import.meta.url);
  return `fortnight ${(JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version}`;
}
