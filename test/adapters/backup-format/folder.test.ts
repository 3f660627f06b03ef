import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createFolderSink,
  createFolderSource,
  type SinkFileSystem,
} from '../../../adapters/backup-format/index.ts';
import type { RestoreSink } from '../../../adapters/transfer/types.ts';
import { noise } from '../../support/transfer/memory-tree.ts';
import type { TestBucket } from '../../support/transfer/test-store.ts';
import { TransferSession } from '../../support/transfer/transfer-session.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'fortnight-format-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** Everything below a folder that a restore must bring back. */
async function snapshot(folder: string, prefix = ''): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  for (const name of (await readdir(folder)).sort()) {
    const place = join(folder, name);
    const stats = await lstat(place);
    const mode = stats.mode & 0o7777;
    if (stats.isSymbolicLink()) seen[prefix + name] = await readlink(place);
    else if (stats.isDirectory()) {
      seen[prefix + name] = mode;
      Object.assign(seen, await snapshot(place, `${prefix}${name}/`));
    } else {
      const content = (await readFile(place)).toString('hex');
      seen[prefix + name] = { mode, modifiedAt: Math.round(stats.mtimeMs), content };
    }
  }
  return seen;
}

async function makeSource(): Promise<string> {
  const folder = join(root, 'source');
  await mkdir(join(folder, 'deep/er'), { recursive: true });
  await mkdir(join(folder, 'empty'));
  await writeFile(join(folder, 'a.txt'), 'hello');
  await writeFile(join(folder, 'nothing'), '');
  await writeFile(join(folder, 'deep/er/日本.bin'), noise(3, 20_000));
  await writeFile(join(folder, 'deep.txt'), noise(4, 4_096));
  await chmod(join(folder, 'a.txt'), 0o640);
  await utimes(join(folder, 'a.txt'), 1_600_000_000.123, 1_600_000_000.123);
  await symlink('../outside', join(folder, 'deep/link'));
  await symlink('/nowhere', join(folder, 'broken'));
  await chmod(join(folder, 'deep/er'), 0o500);
  return folder;
}

async function backUp(folder: string): Promise<TestBucket> {
  const session = new TransferSession({ source: createFolderSource({ folder }) });
  await runToEnd(session);
  expect(session.sourceEnd).toBe('completed');
  return session.bucket;
}

async function restoreTo(bucket: TestBucket, sink: RestoreSink): Promise<string> {
  const spec = { operation: 'restore' } as const;
  const session = new TransferSession({ bucket, sink, spec, grantedBytes: null });
  await runToEnd(session);
  return session.sourceEnd;
}

/** Files take more than microtasks: turns of the event loop until both ends have ended. */
async function runToEnd(session: TransferSession): Promise<void> {
  await session.run();
  while (session.sourceEnd === 'running' || session.targetEnd === 'running') {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function sinkAt(folder: string, force = false, files?: SinkFileSystem): RestoreSink {
  return createFolderSink({ folder, force, stagingSuffix: 's1' }, files);
}

/** The real calls, of which the n-th one fails. */
function failingAt(n: number, code: string): SinkFileSystem {
  let calls = 0;
  const guard = <Args extends unknown[], Value>(action: (...args: Args) => Promise<Value>) => {
    return async (...args: Args): Promise<Value> => {
      calls += 1;
      if (calls === n) throw Object.assign(new Error('no'), { code });
      return action(...args);
    };
  };
  return {
    open: guard(open),
    mkdir: guard((path: string) => mkdir(path)),
    rename: guard(rename),
    symlink: guard(symlink),
  };
}

describe('folder to folder (I72)', () => {
  test.each(['missing', 'empty', 'forced'])('into a %s folder', async (state) => {
    const folder = await makeSource();
    const bucket = await backUp(folder);
    const target = join(root, 'parent', 'target');
    if (state !== 'missing') await mkdir(target, { recursive: true });
    if (state === 'forced') {
      // What is in the way, in every wrong kind; a link must be replaced, never followed.
      await mkdir(join(root, 'victim'));
      await symlink(join(root, 'victim'), join(target, 'deep'));
      await mkdir(join(target, 'a.txt'));
      await writeFile(join(target, 'broken'), 'x');
      await writeFile(join(target, 'nothing'), 'older');
    }
    expect(await restoreTo(bucket, sinkAt(target, state === 'forced'))).toBe('completed');
    expect(await snapshot(target)).toEqual(await snapshot(folder));
    if (state === 'forced') expect(await readdir(join(root, 'victim'))).toEqual([]);
    expect(await readdir(join(root, 'parent'))).toEqual(['target']);
    await chmod(join(target, 'deep/er'), 0o700);
  });

  test('force keeps what has no equal name', async () => {
    const bucket = await backUp(await makeSource());
    const target = join(root, 'target');
    await mkdir(join(target, 'deep'), { recursive: true });
    await writeFile(join(target, 'deep/mine'), 'kept');
    expect(await restoreTo(bucket, sinkAt(target, true))).toBe('completed');
    expect(await readFile(join(target, 'deep/mine'), 'utf8')).toBe('kept');
    expect(await readFile(join(target, 'a.txt'), 'utf8')).toBe('hello');
    await chmod(join(target, 'deep/er'), 0o700);
  });

  test('a folder that is not empty is refused and stays as it is', async () => {
    const bucket = await backUp(await makeSource());
    const target = join(root, 'target');
    await mkdir(target);
    await writeFile(join(target, 'mine'), 'x');
    expect(await restoreTo(bucket, sinkAt(target))).toBe('target.notEmpty');
    expect(await readdir(target)).toEqual(['mine']);
    expect(await restoreTo(bucket, sinkAt(join(target, 'mine')))).toBe('target.notEmpty');
  });

  test.each(['missing', 'empty'])(
    'the disk is full at any write into a %s folder: nothing stays',
    async (state) => {
      const bucket = await backUp(await makeSource());
      for (let n = 1; ; n += 1) {
        const target = join(root, 'target');
        if (state === 'empty') await mkdir(target, { recursive: true });
        const end = await restoreTo(bucket, sinkAt(target, false, failingAt(n, 'ENOSPC')));
        if (end === 'completed') {
          expect(n).toBeGreaterThan(8);
          await chmod(join(target, 'deep/er'), 0o700);
          return;
        }
        expect(end).toBe('disk.full');
        expect((await readdir(root)).sort()).toEqual(
          state === 'empty' ? ['source', 'target'] : ['source'],
        );
        if (state === 'empty') expect(await readdir(target)).toEqual([]);
      }
    },
  );

  test('other errors of the disk are disk.failed', async () => {
    const bucket = await backUp(await makeSource());
    const sink = sinkAt(join(root, 'target'), false, failingAt(2, 'EIO'));
    expect(await restoreTo(bucket, sink)).toBe('disk.failed');
  });

  test('the sink itself refuses unsafe paths', async () => {
    const sink = sinkAt(join(root, 'target'));
    await sink.prepare();
    await expect(sink.directory('../x', 0o755)).rejects.toMatchObject({ code: 'manifest.corrupt' });
    await sink.symlink('l', '/etc');
    await expect(sink.directory('l/x', 0o755)).rejects.toMatchObject({ code: 'manifest.corrupt' });
    await sink.discard();
    expect(await readdir(root)).toEqual([]);
  });
});

describe('folder source', () => {
  const pathsOf = async (folder: string) => {
    const paths: string[] = [];
    for await (const { path } of createFolderSource({ folder }).entries()) paths.push(path);
    return paths;
  };

  test('gives UTF-8 order, folders before their content', async () => {
    for (const name of ['b', 'a-', 'Z', 'ä', '\u{1f4be}', '\uffee', '.x']) {
      await writeFile(join(root, name), '');
    }
    await mkdir(join(root, 'a'));
    await writeFile(join(root, 'a/z'), '');
    const order = ['.x', 'Z', 'a', 'a/z', 'a-', 'b', 'ä', '\uffee', '\u{1f4be}'];
    expect(await pathsOf(root)).toEqual(order);
  });

  test('a missing folder, and a file in its place: source.missing', async () => {
    await writeFile(join(root, 'file'), '');
    for (const name of ['nope', 'file', 'file/x']) {
      await expect(pathsOf(join(root, name))).rejects.toMatchObject({ code: 'source.missing' });
    }
  });

  test('a folder that the system refuses to look at: source.unreadable', async () => {
    const endless = join(root, 'x'.repeat(300));
    await expect(pathsOf(endless)).rejects.toMatchObject({ code: 'source.unreadable' });
  });

  test.skipIf(process.getuid?.() === 0)('a closed file and folder: source.unreadable', async () => {
    await writeFile(join(root, 'closed'), 'x', { mode: 0o000 });
    await expect(pathsOf(root)).rejects.toMatchObject({ code: 'source.unreadable' });
    await rm(join(root, 'closed'));
    await mkdir(join(root, 'closed'), { mode: 0o000 });
    await expect(pathsOf(root)).rejects.toMatchObject({ code: 'source.unreadable' });
  });

  test.each([
    ['grows', 30_000],
    ['shrinks', 5_000],
  ])('a file that %s while it is read is stored as read', async (_name, lengthAfter) => {
    const place = join(root, 'log');
    await writeFile(place, new Uint8Array(20_000));
    let read = 0;
    for await (const entry of createFolderSource({ folder: root, readBytes: 4_096 }).entries()) {
      for await (const piece of entry.read()) {
        if (read === 0) await truncate(place, lengthAfter);
        read += piece.length;
      }
    }
    expect(read).toBe(lengthAfter);
  });

  test('a file that disappears after it was announced can still be read', async () => {
    await writeFile(join(root, 'a'), 'still here');
    for await (const entry of createFolderSource({ folder: root }).entries()) {
      await rm(join(root, 'a'));
      const pieces: Uint8Array[] = [];
      for await (const piece of entry.read()) pieces.push(piece);
      expect(Buffer.concat(pieces).toString()).toBe('still here');
    }
  });
});
