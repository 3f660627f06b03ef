import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capturedMain } from './captured-main.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fortnight-bad-input-'));
  mkdirSync(join(folder, 'full'));
  mkdirSync(join(folder, 'odd*name'));
  writeFileSync(join(folder, 'full', 'file.txt'), 'x');
  writeFileSync(join(folder, 'broken.yaml'), 'version: 1\nseed: [1\n');
  writeFileSync(join(folder, 'empty.yaml'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SCOPE = '--tenant acme --repository vault-direct';

/** Command line → exit code, and what stderr says about place and remedy. */
const TABLE: readonly (readonly [line: string, code: number, says: RegExp])[] = [
  ['explian', 2, /"explian" is not a command\. Did you mean "explain"\? Commands: run, /],
  ['frobnicate now', 2, /"frobnicate" is not a command\. Commands: /],
  ['--bogus', 2, /unknown option '--bogus'\nSee "fortnight --help"/],
  ['list --tennant acme', 2, /unknown option '--tennant'/],
  ['list extra', 2, /too many arguments for 'list'/],
  ['--state', 2, /option '--state <dir>' argument missing/],
  ['--world mars', 2, /--world: "mars" is not known\. Use one of: lab, memory/],
  ['run', 2, /missing required argument 'scenario'/],
  ['run broken.yaml --world labb', 2, /Did you mean "lab"\?/],
  ['run nowhere.yaml', 3, /^nowhere\.yaml:1:1: there is no such file: check the path\n/],
  ['run broken.yaml', 3, /^broken\.yaml:\d:\d+: this is not YAML: /],
  ['run empty.yaml', 3, /^empty\.yaml:1:1: .*\n1 problem in empty\.yaml; nothing was run/s],
  ['run full', 3, /^full:1:1: the file cannot be read \(EISDIR\)/],
  ['warp', 2, /missing required argument 'duration'/],
  ['warp 13', 2, /"13" has no unit: write it like 13d1h/],
  ['warp 1x', 2, /"x" is not a unit/],
  ['warp 0h', 2, /must be longer than zero/],
  [`backup nowhere ${SCOPE}`, 2, /The folder nowhere is not there: check the path/],
  [`backup full/file.txt ${SCOPE}`, 2, /full\/file\.txt is not a folder/],
  ['backup full --repository vault-direct', 2, /--tenant is missing: .*acme/],
  ['backup full --tenant acme', 2, /--repository is missing: .*vault-direct/],
  [`backup odd*name ${SCOPE}`, 2, /"odd\*name" contains "\*".*--backup NAME/],
  ['backup full --tenant a/b --repository v', 2, /tenant name "a\/b" contains "\/"/],
  ['backup full --tenant a --repository v..w', 2, /repository name "v\.\.w" contains "\.\."/],
  [`backup full ${SCOPE} --kind agnet`, 2, /Did you mean "agent"\? Use one of: agent, server/],
  [`backup full ${SCOPE} --block-size 1`, 2, /"1" has no unit: write it like 10GiB/],
  [`backup full ${SCOPE} --block-size 1KiB`, 2, /a block has 4 KiB to 64 MiB/],
  ['restore full', 2, /missing required argument 'folder'/],
  ['restore full full', 2, /full is not empty \(target\.notEmpty\).*--force/],
  ['restore a/b out', 2, /backup name "a\/b"/],
  ['delete full', 2, /--point is missing: .*fortnight list/],
  ['explain --mode direct', 2, /--storage is missing\. Use one of: aws, gcs/],
  ['explain --storage aws', 2, /--mode is missing\. Use one of: gateway, direct/],
  ['explain --storage awss --mode direct', 2, /Did you mean "aws"\?/],
  ['explain --storage aws --mode diract', 2, /Did you mean "direct"\?/],
  ['explain --storage aws --mode direct --access iam', 2, /Use one of: share, backup-server/],
  ['explain --storage azure --mode direct --sas-validity 13', 2, /--sas-validity: "13" has no/],
  ['explain --storage azure --mode direct --sas-threshold 30d', 2, /threshold must be shorter/],
  ['explain --storage aws --mode direct --longest-session 0s', 2, /longer than zero/],
];

describe('wrong input', () => {
  for (const [line, code, says] of TABLE) {
    it(`"${line}" exits with ${code} and says what to do`, async () => {
      const captured = await capturedMain(line.split(' '), { workingDirectory: folder });
      expect(captured.stderr).toMatch(says);
      expect(captured).toMatchObject({ code, stdout: '' });
      expect(captured.stderr).not.toMatch(/^\s+at /m);
    });
  }

  it('tells the problems of a scenario as JSON lines on stdout too', async () => {
    const { code, stdout } = await capturedMain(['run', 'test/sim/scenario/typo.yaml', '--json']);
    expect(code).toBe(3);
    const problems = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(problems.length).toBeGreaterThan(5);
    for (const problem of problems) {
      expect(problem).toMatchObject({ type: 'scenario.problem', line: expect.any(Number) });
    }
  });
});
