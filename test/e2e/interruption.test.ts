import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRealClock } from '../../adapters/clock/index.ts';
import { fortnight, jsonLines, lastJson, type Running, scratchFolder, start } from './command.ts';
import { hashTree, writeSource } from './files.ts';

const MIB = 1024 ** 2;
const scratch = scratchFolder('interruption');
const state = join(scratch.path, 'state');
const blobs = join(state, 'storage/minio/blobs');
const lab = (...words: string[]) => [...words, '--state', state];
const backUp = (name: string) =>
  lab('backup', 'source', '--tenant', 'acme', '--repository', 'vault-direct', '--backup', name);

beforeAll(() => writeSource(join(scratch.path, 'source'), { 'big.bin': 48 * MIB, small: 10 }));
afterAll(() => scratch.remove());

function bytesBelow(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false }))
    .reduce((sum, found) => sum + (found?.size ?? 0), 0);
}

const clock = createRealClock();

/** Another process is watched: between two looks it gets the processor. */
const look = (): Promise<void> =>
  new Promise((resolve) => {
    clock.wakeAt(clock.now() + 10, resolve);
  });

/** Looks until the condition holds or the process has ended; resolves with whether it holds. */
async function seen(running: Running, condition: () => boolean): Promise<boolean> {
  let hasEnded = false;
  void running.ended.then(() => {
    hasEnded = true;
  });
  while (!hasEnded && !condition()) await look();
  return !hasEnded;
}

function childrenOf(pid: number): number[] {
  const asked = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return asked.stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(Number);
}

function isRunning(pid: number): boolean {
  const asked = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return asked.stdout.trim() !== '' && !asked.stdout.startsWith('Z');
}

async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some(isRunning)) await look();
}

describe.skipIf(process.platform === 'win32')('a backup that is stopped half-way', () => {
  const rows = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const;
  it.each(rows)('%s: exit %s, no mover outlives it, the next one goes on', async (signal, code) => {
    const before = bytesBelow(blobs);
    const running = start([...backUp(signal), '--json'], scratch.path);
    const pid = Number(running.child.pid);
    expect(await seen(running, () => bytesBelow(blobs) - before > 8 * MIB)).toBe(true);
    const movers = childrenOf(pid);
    expect(movers).toHaveLength(2);
    running.child.kill(signal);
    const ended = await running.ended;
    expect(ended.code).toBe(code);
    await untilGone(movers);
    if (signal !== 'SIGKILL') {
      expect(lastJson(ended.stdout)).toMatchObject({ ok: false, state: 'cancelled' });
      expect(existsSync(join(state, 'lock'))).toBe(false);
    }

    const again = await fortnight([...backUp(signal), '--json'], scratch.path);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    const { blocks } = lastJson(again.stdout) as { blocks: { stored: number; reused: number } };
    expect(blocks.stored + blocks.reused).toBe(49);
    expect(blocks.reused).toBeGreaterThanOrEqual(7);
    expect(readdirSync(join(state, 'storage/minio/incoming'))).toEqual([]);
  });

  it('leaves one restore point for each backup that was finished, and no other', async () => {
    const points = jsonLines((await fortnight(lab('list', '--json'), scratch.path)).stdout);
    expect(points.map(({ backup }) => backup).sort()).toEqual(['SIGINT', 'SIGKILL', 'SIGTERM']);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('a restore under %s leaves nothing', async (signal) => {
    const running = start(lab('restore', 'SIGINT', 'out'), scratch.path);
    const partial = (): string[] =>
      readdirSync(scratch.path).filter((name) => name.startsWith('out'));
    const isHalf = () => partial().some((name) => bytesBelow(join(scratch.path, name)) > 4 * MIB);
    expect(await seen(running, isHalf)).toBe(true);
    const movers = childrenOf(Number(running.child.pid));
    running.child.kill(signal);
    await running.ended;
    await untilGone(movers);
    expect(partial()).toEqual([]);
  });

  it('the next restore is whole', async () => {
    const ended = await fortnight(lab('restore', 'SIGKILL', 'out'), scratch.path);
    expect(ended.code).toBe(0);
    expect(hashTree(join(scratch.path, 'out'))).toEqual(hashTree(join(scratch.path, 'source')));
  });
});
