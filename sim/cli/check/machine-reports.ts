import type { Checker, SystemReport } from '../../explore/index.ts';
import { boundsText } from './texts.ts';

/** `--json`: one value a line. */
export function jsonLines(checker: Checker): readonly string[] {
  return [
    ...checker.reports.map((report) => JSON.stringify({ type: 'check.system', ...report })),
    ...checker.exercised().map((one) => JSON.stringify({ type: 'check.rule', ...one })),
    ...checker.coverage().map((one) => JSON.stringify({ type: 'check.machine', ...one })),
    JSON.stringify({ type: 'check.end', isViolated: checker.isViolated }),
  ];
}

/** `--junit`: a test case for each system and its bounds. */
export function junitText(reports: readonly SystemReport[]): string {
  const failed = reports.filter(({ broken }) => broken.length > 0).length;
  const cases = reports.map((report) => {
    const { system, bounds, tookMs, broken, story } = report;
    const name = escapeXml(`${system} (${boundsText(bounds)})`);
    const head = `  <testcase classname="fortnight.check" name="${name}" time="${(tookMs / 1_000).toFixed(3)}"`;
    if (broken.length === 0) return `${head}/>`;
    const said = escapeXml(broken.map(({ ids, sentence }) => `${ids}: ${sentence}`).join('; '));
    const told = escapeXml(story.map(({ title }, at) => `${at + 1}. ${title}`).join('\n'));
    return `${head}>\n    <failure message="${said}">${told}</failure>\n  </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="fortnight check" tests="${reports.length}" failures="${failed}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
