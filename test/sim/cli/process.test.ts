import { spawn, spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '../../../sim/cli/main.ts';
import { attachProcess } from '../../../sim/cli/process.ts';
import { capturedMain, PROJECT } from './captured-main.ts';

const ENTRY = join(PROJECT, 'sim/cli/fortnight.mjs');
const PINNED_NODE = join(PROJECT, 'node_modules/node/bin/node');
const EXPLAIN = ['explain', '--storage', 'aws', '--mode', 'gateway', '--json'];

/** A Node on this machine that cannot strip types by itself; null when there is none. */
function oldNode(): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const candidate = join(folder, 'node');
    if (!existsSync(candidate)) continue;
    const asked = spawnSync(candidate, ['-p', '"types:" + !!process.features.typescript']);
    if (String(asked.stdout).trim() === 'types:false') return candidate;
  }
  return null;
}

describe('the bin', () => {
  it('runs on the pinned Node, without a word on stderr', () => {
    const result = spawnSync(PINNED_NODE, [ENTRY, ...EXPLAIN], { encoding: 'utf8' });
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toMatchObject({ dataPath: 'gateway' });
  });

  const old = oldNode();
  it.skipIf(old === null)('runs itself on the pinned Node where Node is too old', () => {
    const good = spawnSync(old as string, [ENTRY, ...EXPLAIN], { encoding: 'utf8' });
    expect(good).toMatchObject({ status: 0, stderr: '' });
    const wrong = spawnSync(old as string, [ENTRY, 'warp', '13'], { encoding: 'utf8' });
    expect(wrong).toMatchObject({ status: 2, stdout: '' });
  });

  it('ends quietly when the reader goes away (EPIPE)', async () => {
    const child = spawn(PINNED_NODE, [ENTRY, 'schema'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdout.destroy();
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('loads neither xstate, SDK, ink, zod nor yaml for --help', () => {
    const spy =
      "import { registerHooks } from 'node:module';" +
      'registerHooks({ resolve(name, context, next) {' +
      "process.stderr.write(name + '\\n'); return next(name, context); } });";
    const hook = `data:text/javascript,${encodeURIComponent(spy)}`;
    const result = spawnSync(PINNED_NODE, ['--import', hook, ENTRY, '--help'], {
      encoding: 'utf8',
    });
    expect(result.status).toBe(0);
    expect(result.stdout).toContain('Usage: fortnight');
    expect(result.stderr).toContain('commander');
    expect(result.stderr).not.toMatch(/xstate|aws-sdk|smithy|ink|react|zod|yaml/);
  });
});

describe('link-bin', () => {
  it('links an executable entry, and does nothing without a bin folder', async () => {
    const { linkBin } = (await import('../../../sim/cli/link-bin.mjs' as string)) as {
      linkBin(folder: string, platform?: string): string | null;
    };
    const folder = mkdtempSync(join(tmpdir(), 'fortnight-link-'));
    try {
      expect(linkBin(join(folder, 'missing'))).toBeNull();
      const bin = join(folder, '.bin');
      mkdirSync(bin);
      const link = linkBin(bin, 'linux') as string;
      expect(linkBin(bin, 'linux')).toBe(link);
      expect(readlinkSync(link)).toContain('sim/cli/fortnight.mjs');
      expect(statSync(ENTRY).mode & 0o111).toBe(0o111);
      const command = linkBin(bin, 'win32') as string;
      expect(readFileSync(command, 'utf8')).toMatch(/^@node "%~dp0.*fortnight\.mjs" %\*\r\n$/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** As much of a process as `attachProcess` touches. */
class FakeProcess extends EventEmitter {
  readonly stdout = Object.assign(new EventEmitter(), { isTTY: true, write: () => true });
  readonly stderr = Object.assign(new EventEmitter(), { isTTY: true, write: () => true });
  readonly stdin = { isTTY: true };
  readonly env = {};
  exitCode: number | undefined;
  readonly exits: number[] = [];
  cwd(): string {
    return PROJECT;
  }
  exit(code: number): void {
    this.exits.push(code);
  }
}

describe('signals', () => {
  it('the first aborts the command, the same key press passed on twice does not kill it', () => {
    const fake = new FakeProcess();
    const { surroundings, finish } = attachProcess(fake as unknown as NodeJS.Process);
    fake.emit('SIGINT', 'SIGINT');
    fake.emit('SIGINT', 'SIGINT');
    expect(surroundings.signal.reason).toBe('SIGINT');
    expect(fake.exits).toEqual([]);
    finish(130);
    expect(fake.exitCode).toBe(130);
    expect(fake.listenerCount('SIGINT')).toBe(0);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('%s ends with %i whatever the command returned', async (reason, code) => {
    const controller = new AbortController();
    controller.abort(reason);
    const captured = await capturedMain(EXPLAIN, { signal: controller.signal });
    expect(captured.code).toBe(code);
  });

  it('EPIPE closes the writer; any other stream error is not swallowed', () => {
    const fake = new FakeProcess();
    let writes = 0;
    fake.stdout.write = () => {
      writes += 1;
      return true;
    };
    const { surroundings } = attachProcess(fake as unknown as NodeJS.Process);
    surroundings.stdout('a');
    fake.stdout.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' }));
    surroundings.stdout('b');
    expect(writes).toBe(1);
    const other = Object.assign(new Error('broken'), { code: 'EIO' });
    expect(() => fake.stdout.emit('error', other)).toThrow('broken');
  });
});

describe('unexpected errors', () => {
  const failing = (thrown: unknown, environment = {}) => {
    let stderr = '';
    const surroundings = {
      stdout: () => {
        throw thrown;
      },
      stderr: (text: string) => {
        stderr += text;
      },
      environment,
      workingDirectory: PROJECT,
      signal: new AbortController().signal,
      isInputTerminal: false,
      isOutputTerminal: false,
    };
    return main(EXPLAIN, surroundings).then((code) => ({ code, stderr }));
  };

  it('are one sentence, exit 1; the stack only with FORTNIGHT_DEBUG', async () => {
    const { code, stderr } = await failing(new Error('boom\nsecond line'));
    expect(code).toBe(1);
    expect(stderr).toBe(
      'fortnight: an unexpected error ended the command: boom (FORTNIGHT_DEBUG=1 shows where).\n',
    );
    const debug = await failing(new Error('boom'), { FORTNIGHT_DEBUG: '1' });
    expect(debug.stderr).toMatch(/^\s+at /m);
  });

  it('are environment problems, exit 4, where the system says so', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    expect(await failing(full)).toEqual({ code: 4, stderr: 'fortnight: ENOSPC: no space left.\n' });
  });
});
