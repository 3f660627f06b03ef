import { expect } from 'vitest';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { checkAll } from '../../../sim/check/index.ts';
import type { EventSink } from '../../../sim/kernel/index.ts';
import { parseScenario } from '../../../sim/scenario/index.ts';
import type { Scenario } from '../../../sim/scenario/types.ts';
import { createMemoryWorld, type MemoryWorld } from '../../../sim/world/memory-world.ts';
import { runScenario } from '../../../sim/world/run-scenario.ts';
import type { RunSummary } from '../../../sim/world/run-summary.ts';

/** A scenario with both routes, an issuer and 16 blocks a backup; `steps` are YAML list items. */
export function scenarioOf(
  steps: readonly string[],
  options: { readonly quota?: string; readonly repository?: string; readonly size?: string } = {},
): Scenario {
  const { quota = '64MiB', repository = '', size = '1MiB' } = options;
  const text = `
version: 1
title: A fault
seed: 7
start: 2026-01-05T08:00:00Z
storages:
  - { name: minio, kind: s3-compatible, longestSession: 365d }
repositories:
  - { name: direct, storage: minio, mode: direct, access: iam-sts${repository} }
  - { name: gated, storage: minio, mode: gateway, access: unset }
  - { name: mounted, storage: minio, mode: direct, access: backup-server }
tenants:
  - { name: acme, quota: ${quota} }
jobs:
  - name: straight
    tenant: acme
    repository: direct
    source: { synthetic: { files: 4, size: ${size} } }
    blockSize: 64KiB
  - name: through
    tenant: acme
    repository: gated
    source: { synthetic: { files: 4, size: ${size} } }
    blockSize: 64KiB
  - name: mount
    tenant: acme
    repository: mounted
    source: { synthetic: { files: 4, size: ${size} } }
    blockSize: 64KiB
steps:
${steps.map((step) => `  - ${step}`).join('\n')}
`;
  const read = parseScenario(text, { file: 'test.yaml', baseFolder: '/', isFolder: () => false });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.scenario;
}

export interface Finished {
  readonly summary: RunSummary;
  readonly events: readonly LogEvent[];
  readonly world: MemoryWorld;
  readonly witnesses: Readonly<Record<string, number>>;
}

/** What to do with the world as events come; called synchronously for each. */
export type OnEvent = (event: LogEvent, world: MemoryWorld) => void;

/** Runs the steps in a memory world; the rules hold in every run, whatever was broken. */
export async function runInMemory(scenario: Scenario, onEvent?: OnEvent): Promise<Finished> {
  let world: MemoryWorld | null = null;
  const sink: EventSink = (event) => {
    if (world !== null) onEvent?.(event, world);
  };
  world = await createMemoryWorld({ scenario, sinks: [sink] });
  const summary = await runScenario(scenario, world);
  const { witnesses } = checkAll(world.log.events);
  expect(summary.violations).toEqual([]);
  return { summary, events: world.log.events, world, witnesses };
}

export function ofType(events: readonly LogEvent[], type: string): readonly LogEvent[] {
  return events.filter((event) => event.type === type);
}
