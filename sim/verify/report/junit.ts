import type { PointReport } from '../outcome.ts';
import type { VerifyReport } from '../run.ts';

/**
 * JUnit's XML as CI systems read it: a failed point is a failure, one without an answer an error, one
 * that does not apply is skipped.
 */
export function junitDocument(report: VerifyReport, target: string): string {
  const { counts, points } = report;
  const totals = attributes({
    name: `fortnight verify ${target}`,
    tests: String(points.length),
    failures: String(counts.fail),
    errors: String(counts.inconclusive),
    skipped: String(counts['not-applicable']),
    time: seconds(points.reduce((total, { durationMs }) => total + durationMs, 0)),
  });
  const cases = points.map((point) => testCase(point, target));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite ${totals}>\n${cases.join('')}</testsuite>\n`;
}

function testCase(point: PointReport, target: string): string {
  const named = attributes({
    classname: target,
    name: `${point.id} ${point.title} (${point.rules.join(', ')})`,
    time: seconds(point.durationMs),
  });
  const said = [
    `sent: ${point.sent}`,
    `answered: ${point.answered}`,
    ...(point.remedy === '' ? [] : [`remedy: ${point.remedy}`]),
  ].join('\n');
  switch (point.verdict) {
    case 'pass':
      return `  <testcase ${named}>\n    <system-out>${escaped(said)}</system-out>\n  </testcase>\n`;
    case 'fail':
      return withChild(named, 'failure', point.answered, said);
    case 'inconclusive':
      return withChild(named, 'error', point.answered, said);
    case 'not-applicable':
      return `  <testcase ${named}>\n    <skipped ${attributes({ message: point.answered })}/>\n  </testcase>\n`;
    default:
      return point.verdict satisfies never;
  }
}

function withChild(named: string, child: string, message: string, text: string): string {
  const opened = `<${child} ${attributes({ message })}>`;
  return `  <testcase ${named}>\n    ${opened}${escaped(text)}</${child}>\n  </testcase>\n`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escaped(value).replaceAll('\n', '&#10;')}"`)
    .join(' ');
}

/** What XML 1.0 cannot carry is shown as a question mark. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
