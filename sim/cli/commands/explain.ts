import { ISSUER_KINDS, type IssuerKind } from '../../../machines/rules/issuers.ts';
import { sasOverrideProblem } from '../../../machines/rules/lifetimes.ts';
import type { PlanSettings } from '../../../machines/rules/plan.ts';
import {
  ACCESS_OPTIONS,
  type AccessOption,
  CONNECTION_MODES,
  IN_SESSION_POLICIES,
  STORAGE_KINDS,
  type StorageKind,
} from '../../../machines/rules/settings.ts';
import { DAY_MS } from '../../../machines/rules/time.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { explainRoute } from '../explain/explain.ts';
import { refusalSheet, routeSheet } from '../explain/sheet.ts';
import type { ExplainOptions } from '../options.ts';
import {
  type RawOptions,
  readChoice,
  readDuration,
  readFlag,
  readJobKind,
  readText,
} from '../read-options.ts';

/**
 * The route that settings lead to, how its credential lives, and why; for options, or for each
 * repository and job of a scenario file. A refusal is an answer as well, and ends with 3.
 */
export async function explain(
  context: CommandContext,
  [file]: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const all = file === undefined ? [readExplainOptions(raw)] : await ofScenario(context, file, raw);
  let isRefused = false;
  for (const [index, options] of all.entries()) {
    const explanation = explainRoute(options);
    isRefused ||= 'refused' in explanation;
    if (context.json) {
      context.stdout(JSON.stringify(explanation));
      continue;
    }
    if (index > 0) context.stdout('');
    const lines =
      'refused' in explanation
        ? refusalSheet(options, explanation, context)
        : routeSheet(options, explanation, context);
    for (const line of lines) context.stdout(line);
  }
  return isRefused ? EXIT.config : EXIT.ok;
}

/** What the file says itself; as an option it would be taken for a change of it. */
const SETTINGS_OF_A_FILE: readonly string[] = [
  'storage',
  'mode',
  'access',
  'kind',
  'httpProxy',
  'strictGateway',
  'tenantConfigBackup',
  'immutability',
  'entraId',
  'sasValidity',
  'sasThreshold',
  'issuer',
  'storedAccessPolicy',
  'flatNamespace',
  'sharedContainer',
  'longestSession',
  'adaptThreshold',
  'inSession',
];

async function ofScenario(
  context: CommandContext,
  file: string,
  raw: RawOptions,
): Promise<readonly ExplainOptions[]> {
  const given =
    SETTINGS_OF_A_FILE.find((key) => raw[key] !== undefined) ??
    ['gatewayServer', 'mountServer'].find((key) => raw[key] === false);
  if (given !== undefined) {
    const name = (raw[given] === false ? 'no-' : '') + given.replace(/[A-Z]/g, '-$&').toLowerCase();
    throw new UsageError(
      `--${name} is a setting of ${file}: change it there, or leave the file out.`,
    );
  }
  const { explainOptionsOf, requireReadable } = await import('../explain/from-scenario.ts');
  return explainOptionsOf(requireReadable(context, file), file, {
    repository: readText(raw, 'repository'),
    job: readText(raw, 'job'),
  });
}

function readExplainOptions(raw: RawOptions): ExplainOptions {
  for (const key of ['repository', 'job']) {
    if (readText(raw, key) === null) continue;
    throw new UsageError(`--${key} is one of a scenario file: name the file too.`);
  }
  const storage = readChoice(
    '--storage',
    requiredWord(raw, 'storage', STORAGE_KINDS),
    STORAGE_KINDS,
  );
  const mode = readChoice('--mode', requiredWord(raw, 'mode', CONNECTION_MODES), CONNECTION_MODES);
  const policy = readText(raw, 'inSession');
  return {
    settings: {
      storage,
      mode,
      access: readAccess(raw),
      jobKind: readJobKind(raw),
      // Commander makes `gatewayServer: true` of a `--no-gateway-server` that is not given.
      hasGatewayServer: raw.gatewayServer !== false,
      hasMountServer: raw.mountServer !== false,
      strictGateway: readFlag(raw, 'strictGateway'),
      needsHttpProxy: readFlag(raw, 'httpProxy'),
      isTenantConfigBackup: readFlag(raw, 'tenantConfigBackup'),
      hasImmutability: readFlag(raw, 'immutability'),
    },
    credential: readPlanSettings(raw, storage),
    isIssuerNamed: readText(raw, 'issuer') !== null,
    inSession:
      policy === null ? 'reconnect' : readChoice('--in-session', policy, IN_SESSION_POLICIES),
    source: null,
  };
}

function readPlanSettings(raw: RawOptions, storage: StorageKind): PlanSettings {
  const longest = readText(raw, 'longestSession');
  return {
    storage,
    issuer: readIssuer(raw),
    longestSessionMs: longest === null ? null : readDuration('--longest-session', longest),
    adaptThreshold: readFlag(raw, 'adaptThreshold'),
    renewalFloorMs: null,
    sasOverride: readSasOverride(raw),
    entraId: readFlag(raw, 'entraId'),
    storedAccessPolicy: readFlag(raw, 'storedAccessPolicy'),
    hasHierarchicalNamespace: !readFlag(raw, 'flatNamespace'),
    hasSharedContainer: readFlag(raw, 'sharedContainer'),
  };
}

function requiredWord(raw: RawOptions, key: string, words: readonly string[]): string {
  const text = readText(raw, key);
  if (text === null) throw new UsageError(`--${key} is missing. Use one of: ${words.join(', ')}.`);
  return text;
}

function readIssuer(raw: RawOptions): IssuerKind | null {
  const text = readText(raw, 'issuer');
  return text === null ? null : readChoice('--issuer', text, ISSUER_KINDS);
}

/** Left out and `unset` are the same: no option is specified yet. */
function readAccess(raw: RawOptions): AccessOption | null {
  const text = readText(raw, 'access') ?? 'unset';
  const word = readChoice('--access', text, [...ACCESS_OPTIONS, 'unset'] as const);
  return word === 'unset' ? null : word;
}

/** C4: either limit may be given alone; the other keeps its default. */
function readSasOverride(raw: RawOptions): PlanSettings['sasOverride'] {
  const validity = readText(raw, 'sasValidity');
  const threshold = readText(raw, 'sasThreshold');
  if (validity === null && threshold === null) return null;
  const override = {
    lifetimeMs: validity === null ? 30 * DAY_MS : readDuration('--sas-validity', validity),
    renewBelowMs: threshold === null ? 15 * DAY_MS : readDuration('--sas-threshold', threshold),
  };
  const problem = sasOverrideProblem(override);
  if (problem !== null) {
    throw new UsageError(
      `--sas-validity, --sas-threshold: ${problem} (C4); left out they are 30d and 15d.`,
    );
  }
  return override;
}
