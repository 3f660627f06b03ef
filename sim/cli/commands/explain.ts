import { ISSUER_MAXIMUM_MS, sasOverrideProblem } from '../../../machines/rules/lifetimes.ts';
import {
  ACCESS_OPTIONS,
  type AccessOption,
  CONNECTION_MODES,
  STORAGE_KINDS,
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

/** The route that settings lead to, and why. A refusal is an answer as well, and ends with 3. */
export async function explain(
  context: CommandContext,
  _arguments: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const options = readExplainOptions(raw);
  const explanation = explainRoute(options);
  if (context.json) {
    context.stdout(JSON.stringify(explanation));
  } else {
    const lines =
      'refused' in explanation
        ? refusalSheet(options, explanation, context)
        : routeSheet(options, explanation, context);
    for (const line of lines) context.stdout(line);
  }
  return 'refused' in explanation ? EXIT.config : EXIT.ok;
}

function readExplainOptions(raw: RawOptions): ExplainOptions {
  const storage = readChoice(
    '--storage',
    requiredWord(raw, 'storage', STORAGE_KINDS),
    STORAGE_KINDS,
  );
  const mode = readChoice('--mode', requiredWord(raw, 'mode', CONNECTION_MODES), CONNECTION_MODES);
  const longest = readText(raw, 'longestSession');
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
    issuerMaximumMs:
      longest === null ? ISSUER_MAXIMUM_MS[storage] : readDuration('--longest-session', longest),
    adaptThreshold: readFlag(raw, 'adaptThreshold'),
    sasOverride: readSasOverride(raw),
    entraId: readFlag(raw, 'entraId'),
  };
}

function requiredWord(raw: RawOptions, key: string, words: readonly string[]): string {
  const text = readText(raw, key);
  if (text === null) throw new UsageError(`--${key} is missing. Use one of: ${words.join(', ')}.`);
  return text;
}

/** Left out and `unset` are the same: no option is specified yet. */
function readAccess(raw: RawOptions): AccessOption | null {
  const text = readText(raw, 'access') ?? 'unset';
  const word = readChoice('--access', text, [...ACCESS_OPTIONS, 'unset'] as const);
  return word === 'unset' ? null : word;
}

/** C4: either limit may be given alone; the other keeps its default. */
function readSasOverride(raw: RawOptions): ExplainOptions['sasOverride'] {
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
