import type { CommandContext } from '../command-context.ts';
import type { ExplainOptions } from '../options.ts';
import { paint } from '../paint.ts';
import { wrapText } from '../table.ts';
import type { RefusalExplanation, RouteExplanation } from './explain.ts';
import { hoursOrDays } from './warnings.ts';

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

function settingsLine({ settings }: ExplainOptions): string {
  const option =
    settings.storage === 's3-compatible' ? `, option ${settings.access ?? 'unset'}` : '';
  return `${settings.storage}, mode ${settings.mode}${option}, ${settings.jobKind} job`;
}

function listed(label: string, text: string): readonly string[] {
  const [first = '', ...more] = wrapText(text, WIDTH - 8);
  return [`  ${label.padEnd(5)} ${first}`, ...more.map((line) => `        ${line}`)];
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
  const rows: [string, string][] = [
    ['data path', path],
    ['source mover on', HOST_NAMES[explanation.sourceHost] ?? explanation.sourceHost],
    ['target mover on', HOST_NAMES[explanation.targetHost] ?? explanation.targetHost],
    ['credential', CREDENTIAL_NAMES[explanation.credential] ?? explanation.credential],
    ['assumed', explanation.assumed ? 'yes, the option is not specified yet' : 'no'],
    ['lifetime', lifetimeText(explanation)],
    ['renewed below', renewalText(explanation)],
  ];
  return [
    paint(settingsLine(options), 'bold', look),
    '',
    ...rows.map(([label, value]) => `  ${label.padEnd(16)} ${value}`),
    ...section('Warnings', explanation.warnings.map(splitRule), 'yellow', look),
    ...section(
      'Reasons',
      explanation.reasons.map(({ rule, text }) => [rule, text]),
      'bold',
      look,
    ),
  ];
}

function lifetimeText({ lifetimeMs, effectiveLifetimeMs }: RouteExplanation): string {
  if (lifetimeMs === null || effectiveLifetimeMs === null) return 'nothing expires';
  if (lifetimeMs === effectiveLifetimeMs) return hoursOrDays(lifetimeMs);
  return `${hoursOrDays(effectiveLifetimeMs)} (the protocol wants ${hoursOrDays(lifetimeMs)})`;
}

function renewalText({ renewBelowMs }: RouteExplanation): string {
  return renewBelowMs === null ? 'nothing is renewed' : `${hoursOrDays(renewBelowMs)} left`;
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
    ...section(
      'Reasons',
      reasons.filter(({ rule }) => rule !== refused.rule).map(({ rule, text }) => [rule, text]),
      'bold',
      look,
    ),
  ];
}
