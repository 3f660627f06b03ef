import { peerSuite } from '../peers/suite.ts';
import { terminalSuite } from '../tui/terminal/suite.ts';
import { clientSuite } from './clients.ts';
import { RealReport, type RealSuite } from './report.ts';
import { verifySuite } from './verify/suite.ts';
import { contractSuite } from './wire/contracts/suite.ts';
import { wireSuite } from './wire/suite.ts';

/**
 * Runs the checks against real programs, which `vitest run` does not: they install packages and
 * start processes. Ends with 1 when something failed and with 5 when something could not be run.
 * Words are parts of the names of the suites to run; `--write-fidelity` writes docs/fidelity.md.
 */
const words = process.argv.slice(2);
const names = words.filter((word) => !word.startsWith('--'));
const SUITES: readonly RealSuite[] = [
  clientSuite,
  wireSuite(words.includes('--write-fidelity')),
  contractSuite,
  peerSuite,
  terminalSuite,
  verifySuite,
].filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));

const write = (line: string): void => void process.stdout.write(`${line}\n`);
const report = new RealReport(write);
for (const suite of SUITES) {
  write(`== ${suite.name}`);
  try {
    await suite.run(report);
  } catch (error) {
    await report.check(`${suite.name} could be run to its end`, () => Promise.reject(error));
  }
}
write(`${report.passed} passed, ${report.failed} failed, ${report.notRun} not run`);
process.exitCode = report.exitCode;
