import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { loadScenario } from '../../../sim/scenario/index.ts';
import { createMemoryWorld } from '../../../sim/world/memory-world.ts';
import { runScenario } from '../../../sim/world/run-scenario.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

async function runTour(file = 'examples/tour.yaml') {
  const read = loadScenario(file, ROOT);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const hash = createHash('sha256');
  const world = await createMemoryWorld({
    scenario: read.scenario,
    sinks: [(_event, line) => hash.update(`${line}\n`)],
  });
  const summary = await runScenario(read.scenario, world);
  await world.close();
  return { summary, events: world.log.events, hash: hash.digest('hex') };
}

test.each(['examples/tour.yaml', 'examples/weekend.yaml'])(
  'I76: %s is green, and its log is the same in every run',
  async (file) => {
    const [first, second] = [await runTour(file), await runTour(file)];
    expect(first.summary.violations).toEqual([]);
    expect(first.summary.ok).toBe(true);
    expect(second.hash).toBe(first.hash);
  },
);

/** Prints the hash of the tour's log; run by both runtimes. */
const PROGRAM = `
import { createHash } from 'node:crypto';
import { loadScenario } from './sim/scenario/index.ts';
import { createMemoryWorld } from './sim/world/memory-world.ts';
import { runScenario } from './sim/world/run-scenario.ts';
const read = loadScenario('examples/tour.yaml', process.cwd());
const hash = createHash('sha256');
const sinks = [(_event, line) => hash.update(line + '\\n')];
const world = await createMemoryWorld({ scenario: read.scenario, sinks });
await runScenario(read.scenario, world);
console.log(hash.digest('hex'));
`;

test('I76: Node and Bun write the same log, byte for byte', () => {
  const node = process.versions.bun === undefined ? process.execPath : 'node';
  const inNode = execFileSync(node, ['--input-type=module', '-e', PROGRAM], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  const bun = fileURLToPath(new URL('node_modules/.bin/bun', `file://${ROOT}`));
  const inBun = execFileSync(bun, ['-e', PROGRAM], { cwd: ROOT, encoding: 'utf8' });
  expect(inNode.trim()).toMatch(/^[0-9a-f]{64}$/);
  expect(inBun.trim()).toBe(inNode.trim());
});

function firstAt(
  events: readonly LogEvent[],
  session: string,
  type: string,
  role?: string,
): number {
  const found = events.find(
    (event) =>
      event.session === session &&
      event.type === type &&
      (role === undefined || event.data.role === role),
  );
  if (found === undefined) throw new Error(`${session} has no ${type} ${role ?? ''}`);
  return found.seq;
}

test('P2, P3, P6: the steps of every route come in their order', async () => {
  const { events } = await runTour();
  const routes = events.filter(({ type }) => type === 'route.selected');
  const seen = new Set<string>();
  for (const { session: id, data } of routes) {
    const session = id ?? '';
    const source = firstAt(events, session, 'mover.started', 'source');
    const target = firstAt(events, session, 'mover.started', 'target');
    const firstUse = firstAt(events, session, 'storage.used');
    seen.add(`${data.dataPath} ${data.targetHost}`);
    if (data.dataPath === 'gateway') {
      // P2, P6: source, target, then data; the credential stays with the SP's own mover.
      expect(source).toBeLessThan(target);
      expect(target).toBeLessThan(firstUse);
      expect(
        events.some((one) => one.session === session && one.type === 'credential.delivered'),
      ).toBe(false);
      continue;
    }
    // P3: both movers, the contact, the credential with the quota (I53), then data.
    const contact = firstAt(events, session, 'gateway.connected');
    const delivered = firstAt(events, session, 'credential.delivered');
    expect(Math.max(source, target)).toBeLessThan(contact);
    expect(contact).toBeLessThan(delivered);
    expect(delivered).toBeLessThan(firstUse);
  }
  expect([...seen].sort()).toEqual([
    'direct agentMachine',
    'direct sourceProxy',
    'gateway gatewayServer',
    'gateway mountServer',
  ]);
});
