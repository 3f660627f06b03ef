import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FortnightError } from '../../../machines/rules/errors.ts';
import type { CommandContext, LabCommands } from '../../../sim/cli/command-context.ts';
import { backup, deletePoint, list, restore, warp } from '../../../sim/cli/commands/lab.ts';
import { run, tour } from '../../../sim/cli/commands/scenario.ts';
import { exitCodeOfError } from '../../../sim/cli/exit-codes.ts';
import { PROJECT } from './captured-main.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fortnight-lab-commands-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function context(): CommandContext {
  return {
    stdout: () => {},
    stderr: () => {},
    json: false,
    stateDirectory: '/state',
    workingDirectory: folder,
    color: false,
    ascii: false,
    signal: new AbortController().signal,
    isTerminal: false,
  };
}

/** A lab that only writes down what it was asked. */
function recordingLab() {
  const asked: { name: string; options: unknown }[] = [];
  const record = (name: string) => async (_context: CommandContext, options: unknown) => {
    asked.push({ name, options });
    return 0 as const;
  };
  const lab: LabCommands = {
    tour: record('tour'),
    run: record('run'),
    backup: record('backup'),
    restore: record('restore'),
    list: record('list'),
    verify: record('verify'),
    delete: record('delete'),
    credentials: record('credentials'),
    audit: record('audit'),
    warp: record('warp'),
  };
  return { asked, load: async () => lab };
}

describe('commands hand typed options to the lab', () => {
  it('backup: absolute folder, defaults, name from the folder', async () => {
    const { asked, load } = recordingLab();
    const raw = { tenant: 'acme', repository: 'vault-direct' };
    expect(await backup(context(), ['.'], raw, load)).toBe(0);
    expect(asked).toEqual([
      {
        name: 'backup',
        options: {
          folder,
          tenant: 'acme',
          subtenant: null,
          repository: 'vault-direct',
          backup: basename(folder),
          kind: 'server',
          blockBytes: 1_048_576,
        },
      },
    ]);
  });

  it('restore: a folder that is not there yet is fine', async () => {
    const { asked, load } = recordingLab();
    await restore(context(), ['machines', 'out'], { point: 'p1', kind: 'agent' }, load);
    expect(asked[0]?.options).toEqual({
      tenant: null,
      subtenant: null,
      repository: null,
      backup: 'machines',
      folder: join(folder, 'out'),
      restorePoint: 'p1',
      kind: 'agent',
      force: false,
    });
  });

  it('list, delete and warp', async () => {
    const { asked, load } = recordingLab();
    await list(context(), [], { backup: 'machines' }, load);
    await deletePoint(context(), ['machines'], { point: 'p1' }, load);
    await warp(context(), ['13d1h'], {}, load);
    expect(asked).toMatchObject([
      { name: 'list', options: { backup: 'machines', tenant: null } },
      { name: 'delete', options: { backup: 'machines', restorePoint: 'p1' } },
      { name: 'warp', options: { byMs: 13 * 86_400_000 + 3_600_000 } },
    ]);
  });

  it('run and tour: the parsed scenario; the tour is found from any folder', async () => {
    const { asked, load } = recordingLab();
    await run(context(), [join(PROJECT, 'examples/weekend.yaml')], { trace: 't.ndjson' }, load);
    await tour(context(), [], { world: 'memory', headless: true }, load);
    expect(asked).toMatchObject([
      { name: 'run', options: { world: 'lab', traceFile: join(folder, 't.ndjson') } },
      { name: 'tour', options: { world: 'memory', headless: true, scenario: { seed: 14 } } },
    ]);
  });
});

describe('expected errors have exit codes', () => {
  const rows = [
    ['storage.unreachable', 4],
    ['disk.full', 4],
    ['settings.unknown', 3],
    ['route.strictGateway', 3],
    ['restorePoint.missing', 2],
    ['quota.exceeded', 1],
    ['block.corrupt', 1],
    ['unknown', 1],
  ] as const;
  it.each(rows)('%s ends with %i', (code, exitCode) => {
    expect(exitCodeOfError(new FortnightError(code).code)).toBe(exitCode);
  });
});
