import { createHash } from 'node:crypto';
import { Secret } from '../../machines/ports/secret.ts';
import { type EpochMs, MINUTE_MS, SECOND_MS } from '../../machines/rules/time.ts';
import { signWithKey } from './shared-key.ts';

/**
 * The version by which a SAS is written and read. Pinned: a later one has more lines in the string
 * to sign. Directories need 2020-02-10; Azurite knows this one too.
 */
export const SAS_VERSION = '2022-11-02';

/** Azure: clocks differ by up to 15 minutes, so a SAS begins at least so long before. */
const START_BEFORE_MS = 15 * MINUTE_MS;
/** Seconds by which the starts of neighbouring generations differ. */
const START_STEPS = 300;
/** The most by which a start lies before the instant of issue. */
export const START_BEFORE_MAX_MS = START_BEFORE_MS + START_STEPS * SECOND_MS;

/** What a SAS opens. `directory` is without slashes at its ends; `null`: the whole container. */
export interface SasResource {
  readonly account: string;
  readonly container: string;
  readonly directory: string | null;
}

export interface SasTerms {
  /** Letters in Azure's order: `racwdxyltmeopfi`. */
  readonly permissions: string;
  /** `null`: valid from its first use on. */
  readonly startsAt: EpochMs | null;
  readonly expiresAt: EpochMs;
}

/** The letters that full access to a folder needs (C9): read, create, write, delete, list. */
export const FOLDER_PERMISSIONS = 'rcwdl';
/** To read the configuration and to list it. */
export const CONFIG_PERMISSIONS = 'rl';

/**
 * When a SAS of a generation begins. A SAS is nothing but its fields: two generations of one
 * instant would be one SAS with one key id (C13), so each begins a second apart.
 */
export function sasStart(at: EpochMs, generation: number): EpochMs {
  return wholeSecond(at - START_BEFORE_MS - (generation % START_STEPS) * SECOND_MS);
}

/** A SAS knows seconds; it never ends later than was asked for. */
export function wholeSecond(at: EpochMs): EpochMs {
  return Math.floor(at / SECOND_MS) * SECOND_MS;
}

export function sasInstant(at: EpochMs): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

type Fields = readonly (readonly [name: string, value: string])[];

function resourceFields({ directory }: SasResource): Fields {
  if (directory === null) return [['sr', 'c']];
  return [
    ['sr', 'd'],
    ['sdd', String(directory.split('/').length)],
  ];
}

function canonicalName({ account, container, directory }: SasResource): string {
  const name = `/blob/${account}/${container}`;
  return directory === null ? name : `${name}/${directory}`;
}

/** What `spr` demands: no SAS goes over a line that others can read, unless the storage has no TLS. */
export type SasProtocol = 'https' | 'https,http';

interface ServiceSasOptions {
  readonly resource: SasResource;
  /** `null`: all terms stand in the stored access policy. */
  readonly terms: SasTerms | null;
  readonly policyId: string | null;
  readonly protocol: SasProtocol;
  readonly accountKey: Secret;
}

/** A service SAS, signed by the account key. */
export function serviceSas(options: ServiceSasOptions): Secret {
  const { resource, policyId, protocol } = options;
  const terms = termTexts(options.terms);
  const text = [
    terms.sp,
    terms.st,
    terms.se,
    canonicalName(resource),
    policyId ?? '',
    '', // sip
    protocol,
    SAS_VERSION,
    resource.directory === null ? 'c' : 'd',
    '', // the time of a snapshot
    '', // ses
    ...['', '', '', '', ''], // headers of the answer
  ].join('\n');
  return joined([
    ['sv', SAS_VERSION],
    ['spr', protocol],
    ...Object.entries(terms),
    ['si', policyId ?? ''],
    ...resourceFields(resource),
    ['sig', signWithKey(options.accountKey, text)],
  ]);
}

/** Signed by Azure for an application of Entra ID; it signs SAS as the account key does. */
export interface DelegationKey {
  readonly objectId: string;
  readonly tenantId: string;
  readonly startsAt: EpochMs;
  readonly expiresAt: EpochMs;
  readonly service: string;
  readonly version: string;
  /** Base64. */
  readonly value: Secret;
}

export function delegationSas(options: {
  readonly resource: SasResource;
  readonly terms: SasTerms;
  readonly protocol: SasProtocol;
  readonly key: DelegationKey;
}): Secret {
  const { key, protocol, resource } = options;
  const terms = termTexts(options.terms);
  const keyFields = {
    skoid: key.objectId,
    sktid: key.tenantId,
    skt: sasInstant(key.startsAt),
    ske: sasInstant(key.expiresAt),
    sks: key.service,
    skv: key.version,
  };
  const text = [
    terms.sp,
    terms.st,
    terms.se,
    canonicalName(resource),
    ...Object.values(keyFields),
    ...['', '', ''], // saoid, suoid, scid
    '', // sip
    protocol,
    SAS_VERSION,
    resource.directory === null ? 'c' : 'd',
    '', // the time of a snapshot
    '', // ses
    ...['', '', '', '', ''], // headers of the answer
  ].join('\n');
  return joined([
    ['sv', SAS_VERSION],
    ['spr', protocol],
    ...Object.entries(terms),
    ...Object.entries(keyFields),
    ...resourceFields(resource),
    ['sig', signWithKey(key.value, text)],
  ]);
}

function termTexts(terms: SasTerms | null): { sp: string; st: string; se: string } {
  if (terms === null) return { sp: '', st: '', se: '' };
  const { permissions: sp, startsAt, expiresAt } = terms;
  return { sp, st: startsAt === null ? '' : sasInstant(startsAt), se: sasInstant(expiresAt) };
}

function joined(fields: Fields): Secret {
  const given = fields.filter(([, value]) => value !== '');
  return new Secret(given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&'));
}

/** A SAS has no name of its own: the beginning of its hash tells it apart and opens nothing. */
export function sasKeyId(sas: Secret): string {
  const hash = sas.use((text) => createHash('sha256').update(text).digest('hex'));
  return `sas-${hash.slice(0, 12)}`;
}
