import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { LAYERS, LINE_COUNT_MAX, layerOf, layerProblems } from './support/layer-rules.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function sources(): readonly string[] {
  return ['machines', 'adapters', 'sim'].flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .map((name) => `${room}/${name.replaceAll('\\', '/')}`)
      .filter((path) => /\.(ts|tsx|mjs|js)$/.test(path)),
  );
}

describe('layers', () => {
  test('every file of machines, adapters and sim keeps to its layer', () => {
    const paths = sources();
    expect(paths.length).toBeGreaterThan(50);
    const problems = paths.flatMap((path) =>
      layerProblems(path, readFileSync(join(ROOT, path), 'utf8')),
    );
    expect(problems).toEqual([]);
  });

  test('biome.json says why, in the words of the layer table', () => {
    const text = readFileSync(join(ROOT, 'biome.json'), 'utf8');
    for (const folder of ['machines', 'adapters/roles', 'sim/storage', 'sim/check', 'sim/world']) {
      expect(text).toContain(LAYERS.find((layer) => layer.folder === folder)?.why);
    }
  });
});

describe('the layer checker itself', () => {
  const breaches: [string, string, string, string][] = [
    ['a machine that reads files', 'machines/x/a.ts', "import fs from 'node:fs';", 'node:fs'],
    [
      'a machine that knows an adapter',
      'machines/x/a.ts',
      "import '../../adapters/aws/x.ts';",
      'adapters/aws/x.ts',
    ],
    [
      'a machine with an SDK',
      'machines/x/a.ts',
      "import { S3 } from '@aws-sdk/client-s3';",
      '@aws-sdk/client-s3',
    ],
    [
      'a type import counts too',
      'machines/x/a.ts',
      "import type { A } from '../../sim/kernel/prng.ts';",
      'sim/kernel/prng.ts',
    ],
    [
      'a port that knows a machine',
      'machines/ports/a.ts',
      "export { m } from '../x/m.ts';",
      'machines/x/m.ts',
    ],
    [
      'a rule that knows xstate',
      'machines/rules/a.ts',
      "import { setup } from 'xstate';",
      'xstate',
    ],
    [
      'a cloud that knows another',
      'adapters/aws/a.ts',
      "import '../azure/store.ts';",
      'adapters/azure/store.ts',
    ],
    [
      'a prefix twin of an allowed folder',
      'adapters/aws/a.ts',
      "import '../s3-compatible/x.ts';",
      'adapters/s3-compatible/x.ts',
    ],
    [
      'an adapter that knows the simulation',
      'adapters/compose.ts',
      "import '../sim/kernel/index.ts';",
      'sim/kernel/index.ts',
    ],
    ['a role with a socket', 'adapters/roles/a.ts', "import net from 'node:net';", 'node:net'],
    [
      'a role with a cloud',
      'adapters/roles/sp/a.ts',
      "await import('../../aws/store.ts');",
      'adapters/aws/store.ts',
    ],
    [
      'a storage that knows a client',
      'sim/storage/a.ts',
      "import '../../machines/ports/link.ts';",
      'machines/ports/link.ts',
    ],
    [
      'a checker that knows the world',
      'sim/check/a.ts',
      "import '../world/fleet.ts';",
      'sim/world/fleet.ts',
    ],
    [
      'a world with an SDK',
      'sim/world/a.ts',
      'import { S3 } from "@aws-sdk/client-s3";',
      '@aws-sdk/client-s3',
    ],
    [
      'an import over several lines',
      'machines/x/a.ts',
      "import {\n  a,\n} from\n  'node:os';",
      'node:os',
    ],
    ['a required module', 'machines/x/a.ts', "const os = require('node:os');", 'node:os'],
    [
      'Bun’s own modules',
      'machines/x/a.ts',
      "import { Database } from 'bun:sqlite';",
      'bun:sqlite',
    ],
  ];
  test.each(breaches)('finds %s', (_, path, source, what) => {
    const problems = layerProblems(path, source);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`must not import ${what}: ${layerOf(path)?.why}`);
  });

  const allowed: [string, string, string][] = [
    ['xstate in a machine', 'machines/x/a.ts', "import { setup } from 'xstate';"],
    ['a subpath of an allowed package', 'machines/x/a.ts', "import { a } from 'xstate/graph';"],
    ['rules in a machine', 'machines/x/a.ts', "import { a } from '../rules/time.ts';"],
    ['its own folder', 'sim/storage/s3/a.ts', "import { a } from '../core/x.ts';"],
    ['a text that says from', 'sim/check/a.ts', "text(event, 'from') ?? text(event, 'to')"],
    ['its own SDK', 'adapters/s3/a.ts', "import { S3 } from '@aws-sdk/client-s3';"],
    [
      'an import in a comment',
      'machines/x/a.ts',
      "// import fs from 'node:fs';\n/* from 'node:os' */",
    ],
    ['roles in a world', 'sim/world/a.ts', "import { a } from '../../adapters/roles/sp.ts';"],
  ];
  test.each(allowed)('allows %s', (_, path, source) => {
    expect(layerProblems(path, source)).toEqual([]);
  });

  test.each([
    ['const at = Date.now();', 'Date.now', 'Clock'],
    ['const read = Date . now;', 'Date.now', 'Clock'],
    ['const at = new Date();', 'new Date()', 'Clock'],
    ['const at = new Date;', 'new Date()', 'Clock'],
    ['const x = Math.random();', 'Math.random', 'Prng'],
    ['setTimeout(() => run(), 5);', 'setTimeout', 'wakeAt'],
    ["import { setTimeout } from 'node:timers/promises';", 'setTimeout', 'wakeAt'],
    ['globalThis.setInterval(run, 5);', 'setInterval', 'wakeAt'],
    ['const at = performance.now();', 'performance.now', 'Clock'],
  ])('bans %j and names what to use', (source, name, instead) => {
    const [problem, ...more] = layerProblems(
      'adapters/transport/a.ts',
      `const a = 1;\n${source}\n`,
    );
    expect(more).toEqual([]);
    expect(problem).toContain(`adapters/transport/a.ts:2: ${name} is banned here`);
    expect(problem).toContain(instead);
  });

  test('real time is allowed where it lives, and so is a date made from an instant', () => {
    const source = 'const at = Date.now();\nsetTimeout(run, 5);\n';
    for (const path of ['adapters/clock/a.ts', 'sim/kernel/driver.ts', 'sim/cli/process.ts']) {
      expect(layerProblems(path, source)).toEqual([]);
    }
    expect(layerProblems('sim/kernel/prng.ts', source)).toHaveLength(2);
    expect(layerProblems('sim/storage/a.ts', 'new Date(at).toISOString(); new Date (0);')).toEqual(
      [],
    );
    expect(layerProblems('sim/storage/a.ts', '/** Never Date.now(). */\nf(); // Date.now')).toEqual(
      [],
    );
  });

  test('finds a file that is too long, and counts no final line end', () => {
    const lines = (count: number): string => 'f();\n'.repeat(count);
    expect(layerProblems('sim/check/a.ts', lines(LINE_COUNT_MAX))).toEqual([]);
    expect(layerProblems('sim/check/a.ts', lines(LINE_COUNT_MAX + 1))[0]).toContain(
      'over 400 lines',
    );
  });

  test('a folder without a row in the table is a problem, not a free place', () => {
    expect(layerProblems('sim/helpers/a.ts', '')[0]).toContain('no layer covers');
    expect(layerProblems('adapters/helpers/a.ts', '')[0]).toContain('no layer covers');
  });

  test('names the line of the import', () => {
    const problems = layerProblems(
      'machines/x/a.ts',
      "const a = 1;\n\nimport fs from 'node:fs';\n",
    );
    expect(problems[0]).toMatch(/^machines\/x\/a\.ts:3: /);
  });
});
