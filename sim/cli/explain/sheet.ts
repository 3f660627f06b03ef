import { ISSUERS } from '../../../machines/rules/issuers.ts';
import type { CommandContext } from '../command-context.ts';
import type { ExplainOptions } from '../options.ts';
import { paint } from '../paint.ts';
import { wrapText } from '../table.ts';
import type { RefusalExplanation, RouteExplanation } from './explain.ts';
import { fateRows, lifetimeRows, type Row } from './life-rows.ts';

const WIDTH = 96;

const HOST_NAMES: Readonly<Record<string, string>> = {
  sourceProxy: 'source backup proxy (tenant)',
  agentMachine: 'agent machine (tenant)',
  gatewayServer: 'gateway server (service provider)',
  mountServer: 'mount server (service provider)',
};

const CREDENTIAL_NAMES: Readonly<Record<string, string>> = {
  none: 'none at the tenant',
  limited: "limited: the tenant's folder, and read on the repository configuration",
  sas: 'SAS links',
  shared: 'the full credential of the repository',
};

type Look = Pick<CommandContext, 'color' | 'ascii'>;

const LABEL_WIDTH = 16;

function settingsLine({ settings, source }: ExplainOptions): string {
  const option =
    settings.storage === 's3-compatible' ? `, option ${settings.access ?? 'unset'}` : '';
  const text = `${settings.storage}, mode ${settings.mode}${option}, ${settings.jobKind} job`;
  if (source === null) return text;
  const place = source.job === null ? source.repository : `${source.repository}, job ${source.job}`;
  return `${place}: ${text}`;
}

function listed(label: string, text: string): readonly string[] {
  const [first = '', ...more] = wrapText(text, WIDTH - 8);
  return [`  ${label.padEnd(5)} ${first}`, ...more.map((line) => `        ${line}`)];
}

function row([label, value]: Row): readonly string[] {
  const [first = '', ...more] = wrapText(value, WIDTH - LABEL_WIDTH - 3);
  const indent = ' '.repeat(LABEL_WIDTH + 3);
  return [`  ${label.padEnd(LABEL_WIDTH)} ${first}`, ...more.map((line) => indent + line)];
}

/** A small sheet: what was asked, the route, the life of its credential, warnings, reasons. */
export function routeSheet(
  options: ExplainOptions,
  explanation: RouteExplanation,
  look: Look,
): readonly string[] {
  const path =
    explanation.dataPath === 'direct'
      ? 'direct: tenant to storage'
      : 'gateway: tenant, cloud gateway, service provider, storage';
  const { issuer } = explanation;
  const rows: readonly Row[] = [
    ['data path', path],
    ['source mover on', HOST_NAMES[explanation.sourceHost] ?? explanation.sourceHost],
    ['target mover on', HOST_NAMES[explanation.targetHost] ?? explanation.targetHost],
    ['credential', CREDENTIAL_NAMES[explanation.credential] ?? explanation.credential],
    ['assumed', explanation.assumed ? 'yes, the option is not specified yet' : 'no'],
    ...(issuer === null ? [] : [['issued as', `${ISSUERS[issuer].name} (${issuer})`] as const]),
    ...lifetimeRows(explanation),
    ...fateRows(explanation),
  ];
  return [
    paint(settingsLine(options), 'bold', look),
    '',
    ...rows.flatMap(row),
    ...section('Warnings', explanation.warnings.map(splitRule), 'yellow', look),
    ...section(
      'Reasons',
      explanation.reasons.map(({ rule, text }) => [rule, text]),
      'bold',
      look,
    ),
  ];
}

function splitRule(warning: string): [string, string] {
  const colon = warning.indexOf(': ');
  return [warning.slice(0, colon), warning.slice(colon + 2)];
}

function section(
  title: string,
  entries: readonly (readonly [string, string])[],
  color: 'yellow' | 'bold',
  look: Look,
): readonly string[] {
  if (entries.length === 0) return [];
  return [
    '',
    paint(title, color, look),
    ...entries.flatMap(([label, text]) => listed(label, text)),
  ];
}

export function refusalSheet(
  options: ExplainOptions,
  { refused, reasons }: RefusalExplanation,
  look: Look,
): readonly string[] {
  return [
    paint(settingsLine(options), 'bold', look),
    '',
    paint(`  refused: ${refused.code}`, 'red', look),
    ...listed(refused.rule, refused.text),
    ...listed('', `Instead: ${refused.remedy}.`),
    ...section(
      'Reasons',
      reasons.filter(({ rule }) => rule !== refused.rule).map(({ rule, text }) => [rule, text]),
      'bold',
      look,
    ),
  ];
}
