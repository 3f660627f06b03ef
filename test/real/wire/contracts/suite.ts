import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RealReport, RealSuite } from '../../report.ts';
import { cephIsMissing } from '../../servers/ceph.ts';
import { ServerFolder } from '../../servers/running.ts';
import { KNOWN_FAILURES } from './known-failures.ts';

const VITEST = fileURLToPath(
  new URL('../../../../node_modules/vitest/vitest.mjs', import.meta.url),
);
const CONFIGURATION = fileURLToPath(new URL('./vitest.config.ts', import.meta.url));
const LIMIT_MS = 240_000;

interface Outcome {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

/** The contract suites of the ports (test/contract), with the S3 adapters in front of Ceph RGW. */
export const contractSuite: RealSuite = {
  name: 'the contracts on Ceph RGW',
  run: async (report) => {
    const write = (line: string): void => void process.stdout.write(`${line}\n`);
    const missing = cephIsMissing(write);
    if (missing !== undefined) return report.skip('the contracts on Ceph RGW', missing);
    const outcomes = await runContracts();
    for (const outcome of outcomes) await judge(report, outcome);
    const named = new Set(outcomes.map(({ fullName }) => fullName));
    await report.check('contract: every known failure names a test', async () => {
      const unknown = Object.keys(KNOWN_FAILURES).filter((name) => !named.has(name));
      if (unknown.length > 0) throw new Error(`no such test: ${unknown.join('; ')}`);
    });
    const known = outcomes.filter(({ fullName }) => fullName in KNOWN_FAILURES).length;
    write(`contracts on Ceph RGW: ${outcomes.length - known} hold, ${known} known not to`);
  },
};

async function runContracts(): Promise<readonly Outcome[]> {
  const folder = new ServerFolder('contracts');
  try {
    const result = folder.file('result.json');
    const words = ['run', '--config', CONFIGURATION, '--reporter=json', `--outputFile=${result}`];
    const child = folder.start('vitest', process.execPath, [VITEST, ...words]);
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    await once(child, 'exit');
    clearTimeout(timer);
    if (!existsSync(result)) throw new Error(`vitest told nothing:\n${folder.tail('vitest')}`);
    const { testResults } = JSON.parse(readFileSync(result, 'utf8')) as {
      testResults: { assertionResults: Outcome[]; message: string }[];
    };
    const outcomes = testResults.flatMap(({ assertionResults }) => assertionResults);
    if (outcomes.length > 0) return outcomes;
    throw new Error(testResults.map(({ message }) => message).join('\n') || 'no test was run');
  } finally {
    await folder.stop();
  }
}

/** A test that is known to fail must fail: when it holds, the list is older than the code. */
async function judge(report: RealReport, outcome: Outcome): Promise<void> {
  const { fullName, status, failureMessages } = outcome;
  const why = KNOWN_FAILURES[fullName];
  const name = why === undefined ? fullName : `${fullName} (known not to hold: ${why})`;
  await report.check(`contract: ${name}`, async () => {
    const isPassed = status === 'passed';
    if (why === undefined && !isPassed) throw new Error(failureMessages.join('\n') || status);
    if (why !== undefined && isPassed) throw new Error('it holds now: remove it from the list');
  });
}
