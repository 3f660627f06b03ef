import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseTrace, traceHash } from '../../../sim/kernel/index.ts';
import { capturedMain } from '../cli/captured-main.ts';

const FLEET = `version: 1
title: Two shops
days: 5
storages: [{ name: minio, kind: s3-compatible }]
repositories: [{ name: vault, mode: direct, access: iam-sts }]
tenants:
  - name: shops
    count: 2
    quota: 1TiB
    schedule: { daily: "22:00" }
    first: 5GiB
    incremental: 1GiB
    throughput: 100Mbit/s
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fortnight-fleet-'));
  writeFileSync(join(folder, 'fleet.yaml'), FLEET);
  writeFileSync(join(folder, 'scenario.yaml'), 'version: 1\nsteps: []\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const simulate = (...words: readonly string[]) =>
  capturedMain(['simulate', ...words], { workingDirectory: folder });
const jsonOf = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('fortnight simulate', () => {
  test('reports sessions, credentials, traffic and rules, and ends with 0', async () => {
    const { code, stdout, stderr } = await simulate('fleet.yaml');
    expect([code, stderr]).toEqual([0, '']);
    for (const part of [
      'Two shops',
      'done',
      'Credentials',
      'busiest hour',
      'direct to minio',
      'none broken',
      'SHA-256',
    ]) {
      expect(stdout).toContain(part);
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no colour where nobody sees it
    expect(stdout).not.toMatch(/\u001b/);
    const ascii = await capturedMain(['--ascii', 'simulate', 'fleet.yaml'], {
      workingDirectory: folder,
    });
    expect(ascii.stdout).toMatch(/^[ -~\n]*$/);
  });

  test('--json says the same as NDJSON, twice alike; --log writes what the hash is of', async () => {
    const first = await simulate(
      'fleet.yaml',
      '--json',
      '--seed',
      'abc123',
      '--log',
      'trace.ndjson',
    );
    const second = await simulate('fleet.yaml', '--json', '--seed', 'abc123');
    expect(second.stdout).toBe(first.stdout);
    const summary = jsonOf(first.stdout).at(-1);
    expect(summary).toMatchObject({ type: 'fleet.summary', ok: true, violations: 0 });
    const trace = parseTrace(readFileSync(join(folder, 'trace.ndjson'), 'utf8'));
    expect(trace.header.seed).toBe('abc123');
    expect(traceHash(trace)).toBe(summary?.traceHash);
  });

  test('--compare-set runs both and shows the differences, also as one page', async () => {
    const change = 'repositories.vault.access=backup-server';
    const { code, stdout } = await simulate(
      'fleet.yaml',
      '--compare-set',
      change,
      '--html',
      'out.html',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/through the gateways\s+0 B\s+\d+\.\d GiB\s+\+/);
    expect(readFileSync(join(folder, 'out.html'), 'utf8')).toContain('What changes');
    writeFileSync(join(folder, 'other.yaml'), FLEET.replace('iam-sts', 'backup-server'));
    const other = await simulate(
      'fleet.yaml',
      '--compare',
      'other.yaml',
      '--days',
      '2',
      '--tenants-scale',
      '3',
    );
    expect(other.stdout).toMatch(/sessions started\s+12\s+12/);
  });

  test.each([
    [['nothing.yaml'], 3, /there is no such file/],
    [['fleet.yaml', '--days', '0'], 3, /days: a run of 0 days/],
    [['fleet.yaml', '--set', 'tenants.shops.count=0'], 3, /a group of 0 tenants/],
    [['fleet.yaml', '--set', 'tenants.shop.count=4'], 3, /no "shop" here: did you mean "shops"/],
    [['fleet.yaml', '--set', 'repositries.vault.mode=direct'], 3, /mean "repositories"/],
    [['scenario.yaml'], 3, /this is a scenario, not a fleet: fortnight run scenario.yaml/],
    [[], 2, /Which fleet/],
    [['fleet.yaml', '--swarm'], 2, /exclude each other/],
    [['fleet.yaml', '--seeds', '5..1'], 2, /write a range/],
    [['fleet.yaml', '--seed', ''], 2, /empty seed/],
    [['fleet.yaml', '--tenants-scale', '-1'], 2, /a number above zero/],
    [['fleet.yaml', '--plant', 'I777'], 2, /no bug "I777"/],
    [['fleet.yaml', '--resume', 'x'], 2, /belongs to --seeds/],
    [['fleet.yaml', '--fault-points', '0'], 2, /1 is every call/],
    [['fleet.yaml', '--fault-points', '9', '--seeds', '1..2'], 2, /exclude each other/],
    [['fleet.yaml', '--fault-points', '9', '--html', 'x.html'], 2, /without --compare/],
    [['--swarm', '--fault-points', '9'], 2, /needs a fleet file/],
  ])('%j ends with %i', async (words, wanted, text) => {
    const { code, stderr } = await simulate(...words);
    expect(stderr).toMatch(text);
    expect(code).toBe(wanted);
  });

  test('a run shorter than its file leaves out what comes later, and says so', async () => {
    const later = 'events=[{ day: 3, disable: shops }, { day: 1, maintenance: false }]';
    const faults = 'faults=[{ site: network, at: 2d, for: 1h, down: both }]';
    const words = ['fleet.yaml', '--set', later, '--set', faults, '--json'];
    const { code, stderr, stdout } = await simulate(...words, '--days', '2');
    expect(stderr).toBe(
      'Left out: 1 of the 1 faults come after day 2.\nLeft out: 1 of the 2 events come after day 2.\n',
    );
    expect(code).toBe(0);
    expect(jsonOf(stdout).at(-1)).toMatchObject({ type: 'fleet.summary', ok: true });
    // Below a day there is nothing to leave anything out for: only the mistake itself is told.
    const none = await simulate(...words, '--days', '-5');
    expect(none.stderr).toContain('a run of -5 days');
  });

  test('a planted bug ends with 1 and names what was broken', async () => {
    const { code, stdout } = await simulate('fleet.yaml', '--plant', 'I37');
    expect(code).toBe(1);
    expect(stdout).toMatch(/I37 \(C16\) shops-\d-\d: a request started/);
  });

  test('a scripted fault that never strikes ends with 1', async () => {
    const fault = 'faults=[{ site: issuer, nth: 99, error: issuer.refused }]';
    const { code, stdout } = await simulate('fleet.yaml', '--set', fault);
    expect(code).toBe(1);
    expect(stdout).toContain('never struck');
  });

  test('Ctrl-C ends with what is known so far, says so, and ends with 130', async () => {
    const controller = new AbortController();
    controller.abort('SIGINT');
    const { code, stdout } = await capturedMain(['simulate', 'fleet.yaml'], {
      workingDirectory: folder,
      signal: controller.signal,
    });
    expect(code).toBe(130);
    expect(stdout).toContain('before its end');
  });

  test('--swarm prints the fleet that the seed draws before it runs', async () => {
    const { stdout } = await simulate('--swarm', '--seed', '5', '--json');
    const [first, ...more] = jsonOf(stdout);
    expect(first).toMatchObject({ type: 'fleet.options', fleet: { title: 'Swarm 5' } });
    expect(more.at(-1)).toMatchObject({ type: 'fleet.summary', violations: 0 });
  });
});

describe('a sweep', () => {
  test('names each failing seed and the command that shows it again', async () => {
    const { code, stdout } = await simulate('fleet.yaml', '--seeds', '1..3', '--plant', 'I51');
    expect(code).toBe(1);
    for (const seed of [1, 2, 3]) {
      expect(stdout).toMatch(new RegExp(`seed ${seed}: I51 `));
      expect(stdout).toContain(`npx fortnight simulate fleet.yaml --seed ${seed} --plant I51`);
    }
    const replay = await simulate('fleet.yaml', '--seed', '2', '--plant', 'I51');
    expect(replay.code).toBe(1);
    expect(replay.stdout).toContain('I51 (Q2)');
  });

  test('goes on from its notes, also when the last line is cut off; notes of another sweep are refused', async () => {
    const first = await simulate('fleet.yaml', '--seeds', '1..4', '--json', '--resume', 'notes');
    const notes = readFileSync(join(folder, 'notes'), 'utf8');
    expect(notes.trim().split('\n')).toHaveLength(5);
    const lines = notes.split('\n');
    writeFileSync(
      join(folder, 'notes'),
      `${lines.slice(0, 3).join('\n')}\n${lines[3]?.slice(0, 20)}`,
    );
    const again = await simulate('fleet.yaml', '--seeds', '1..4', '--json', '--resume', 'notes');
    expect(again.stderr).toContain('2 seeds were done before');
    expect(again.stdout).toBe(first.stdout);
    const other = await simulate(
      'fleet.yaml',
      '--seeds',
      '1..4',
      '--days',
      '3',
      '--resume',
      'notes',
    );
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('another sweep')]);
  });
});

describe('one fault at every n-th call of each site (F1-F48)', () => {
  test('every call of every site has its point, and nothing breaks', async () => {
    const words = ['fleet.yaml', '--seed', '3', '--days', '2'];
    const { code, stdout } = await simulate(...words, '--fault-points', '3', '--json');
    expect(code).toBe(0);
    const lines = jsonOf(stdout);
    const faults = lines.filter(({ type }) => type === 'sweep.fault');
    const callsOf = Object.fromEntries(faults.map(({ fault, calls }) => [fault, calls]));
    // What the undisturbed run's own log says was called.
    await simulate(...words, '--log', 'log');
    const { events } = parseTrace(readFileSync(join(folder, 'log'), 'utf8'));
    const count = (type: string): number => events.filter((event) => event.type === type).length;
    expect(callsOf).toMatchObject({
      'issuer lost': count('credential.issued'),
      'records of save error records.failed': count('credential.saved'),
      'mover error mover.exited': count('mover.started'),
    });
    expect(count('credential.issued')).toBeGreaterThan(0);
    for (const { calls, points } of faults) expect(points).toBe(Math.ceil((calls as number) / 3));
    const sum = faults.reduce((before, { points }) => before + (points as number), 0);
    expect(lines.at(-1)).toMatchObject({ type: 'sweep.summary', points: sum, failing: 0 });
  });

  test('names each failing point and the command that shows it again', async () => {
    const plan = ['fleet.yaml', '--days', '3', '--plant', 'I37'];
    const { code, stdout } = await simulate(...plan, '--fault-points', '500');
    expect(code).toBe(1);
    const set = "--set 'faults=[{site: message, nth: 1, duplicate: true}]'";
    expect(stdout).toMatch(/message duplicate at call 1: I37 a request started/);
    expect(stdout).toContain(
      `npx fortnight simulate fleet.yaml --seed 1 --set days=3 ${set} --plant I37`,
    );
    const replay = await simulate(...plan, '--seed', '1', '--set', set.slice(7, -1));
    expect(replay.code).toBe(1);
    expect(replay.stdout).toContain('I37 (C16)');
    expect(replay.stdout).toMatch(/fault 1:message +struck once/);
  });
});
