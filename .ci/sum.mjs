// Prints "N passed, N failed[, N skipped]" over vitest's JSON reports, as the last line of .ci/run.
// Arguments: how many commands failed, then the report files. Exits 1 when anything failed.
import { existsSync, readFileSync } from 'node:fs';

const [commandFailures, ...files] = process.argv.slice(2);
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const file of files) {
  // A run that died before it could report has not passed.
  if (!existsSync(file)) {
    sum.failed += 1;
    continue;
  }
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  sum.passed += report.numPassedTests;
  sum.failed += report.numFailedTests + brokenFiles.length;
  sum.skipped += report.numPendingTests + report.numTodoTests;
}
// A command that failed without a failed test (types, lint, the smoke run) counts once itself.
if (sum.failed === 0) sum.failed = Number(commandFailures);
const skipped = sum.skipped === 0 ? '' : `, ${sum.skipped} skipped`;
console.log(`${sum.passed} passed, ${sum.failed} failed${skipped}`);
process.exit(sum.failed === 0 ? 0 : 1);
