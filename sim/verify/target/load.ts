import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { defaultIssuer, type IssuerKind, issuerProblem } from '../../../machines/rules/issuers.ts';
import { MINUTE_MS } from '../../../machines/rules/time.ts';
import { formatPath, type Path, readDocument, valueAt } from '../../scenario/document.ts';
import type { ScenarioProblem } from '../../scenario/index.ts';
import { wordRemedy } from '../../scenario/nearest.ts';
import { describeIssues, type Finding } from '../../scenario/shape.ts';
import { keysAt, kindSchema, TARGET_SCHEMAS, type TargetFile } from './schema.ts';
import type { SecretPlace, VerifyTarget } from './types.ts';

export type TargetResult =
  | { readonly ok: true; readonly target: VerifyTarget }
  | { readonly ok: false; readonly problems: readonly ScenarioProblem[] };

const TIME_LIMIT_MS = 10 * MINUTE_MS;

/** Reads and checks a target file; a relative path counts from the working directory given. */
export function loadTarget(file: string, workingDirectory: string): TargetResult {
  let text: string;
  try {
    text = readFileSync(resolve(workingDirectory, file), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const what =
      code === 'ENOENT'
        ? 'there is no such file: check the path'
        : `the file cannot be read (${code}): it must be a readable text file`;
    return failed([{ file, line: 1, column: 1, path: '', text: what, excerpt: '' }]);
  }
  return parseTarget(text, file);
}

/** All problems are reported, in the order of the file. */
export function parseTarget(text: string, file: string): TargetResult {
  const read = readDocument(text);
  if (!read.ok) {
    return failed(
      read.problems.map(({ place, text: what }) => ({
        file,
        ...place,
        path: '',
        text: what,
        excerpt: '',
      })),
    );
  }
  const { document } = read;
  const checked = check(document.data);
  if (checked.file !== null) return { ok: true, target: build(checked.file, file) };
  const problems = checked.findings.map(({ path, isAboutKey, text: what }) => {
    const place = isAboutKey ? document.placeOfKey(path) : document.placeOf(path);
    const excerpt = mayHoldSecret(path) ? '' : document.lineText(place.line);
    return { file, ...place, path: formatPath(path), text: what, excerpt };
  });
  return failed(
    problems.sort((left, right) => left.line - right.line || left.column - right.column),
  );
}

/** Somebody may have written the secret itself, or a key of that name: such a line is not repeated. */
function mayHoldSecret(path: Path): boolean {
  return path.some((segment) => /credential|secret|key|token|password/i.test(String(segment)));
}

type Checked =
  | { readonly file: TargetFile }
  | { readonly file: null; readonly findings: readonly Finding[] };

function check(data: unknown): Checked {
  const kind = kindSchema.safeParse(data);
  if (!kind.success) {
    return { file: null, findings: describeIssues(kind.error.issues, data) };
  }
  const parsed = TARGET_SCHEMAS[kind.data.kind].safeParse(data);
  if (!parsed.success) {
    const { issues } = parsed.error;
    return {
      file: null,
      findings: issues.flatMap((issue) => describe(issue, kind.data.kind, data)),
    };
  }
  const findings = checkTogether(parsed.data);
  return findings.length > 0 ? { file: null, findings } : { file: parsed.data };
}

function describe(
  issue: z.core.$ZodIssue,
  kind: TargetFile['kind'],
  data: unknown,
): readonly Finding[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(kind, path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      isAboutKey: true,
      text: `the key "${key}" is not known here: ${wordRemedy(key, known)}`,
    }));
  }
  // The sentence of a wrong type shows the value, which may be a secret.
  const isHidden = path[0] === 'credentials' && issue.code === 'invalid_type';
  if (isHidden && valueAt(data, path) !== undefined) {
    return [
      {
        path,
        isAboutKey: false,
        text: 'this does not fit: write names of environment variables, or a profile',
      },
    ];
  }
  return describeIssues([issue], data);
}

/** What several places of a well-formed file say together. */
function checkTogether(file: TargetFile): readonly Finding[] {
  const findings: Finding[] = [];
  const report = (path: Path, text: string): void => {
    findings.push({ path, isAboutKey: false, text });
  };
  const problem = issuerProblem(issuerSettings(file));
  if (problem !== null) report(['issuer'], problem);
  if (file.kind === 'azure') checkAzure(file, report);
  if (file.kind === 'aws' || file.kind === 's3-compatible') checkS3(file, report);
  if (file.kind === 'gcs') {
    const { serviceAccountKey, serviceAccountKeyFile } = file.credentials.environment;
    if ((serviceAccountKey === undefined) === (serviceAccountKeyFile === undefined)) {
      report(
        ['credentials', 'environment'],
        'give one of serviceAccountKey (the key file itself is in the variable) and serviceAccountKeyFile (its path is)',
      );
    }
  }
  return findings;
}

function issuerSettings(file: TargetFile) {
  const entraId = file.kind === 'azure' && file.clientId !== undefined;
  return {
    storage: file.kind,
    issuer: issuerOf(file),
    entraId,
    storedAccessPolicy: file.kind === 'azure' && file.storedAccessPolicy === true,
    hasHierarchicalNamespace: file.kind === 'azure' && file.hierarchicalNamespace !== false,
  };
}

function issuerOf(file: TargetFile): IssuerKind {
  const entraId = file.kind === 'azure' && file.clientId !== undefined;
  return file.issuer ?? defaultIssuer(file.kind, entraId);
}

type Report = (path: Path, text: string) => void;

function checkS3(file: Extract<TargetFile, { roleArn?: unknown }>, report: Report): void {
  const { environment, profile } = file.credentials;
  if ((environment === undefined) === (profile === undefined)) {
    report(['credentials'], 'give one of environment (names of variables) and profile');
  }
  if (issuerOf(file) === 'assume-role' && file.roleArn === undefined) {
    report(['issuer'], 'assume-role needs "roleArn": the role whose sessions tenants get');
  }
}

function checkAzure(file: Extract<TargetFile, { kind: 'azure' }>, report: Report): void {
  const { accountKey, clientSecret } = file.credentials.environment;
  const hasApplication = file.clientId !== undefined;
  if (file.account === undefined && file.endpoint === undefined) {
    report([], 'give "account", or the account\'s address as "endpoint"');
  }
  if (accountKey === undefined) {
    // The owner's part (containers, foreign objects, clean-up) is done with it in either case.
    report(['credentials', 'environment'], 'accountKey is missing: the owner works with it');
  }
  if (hasApplication !== (file.directory !== undefined)) {
    report(['directory'], 'an application needs both "clientId" and "directory"');
  }
  if (hasApplication !== (clientSecret !== undefined)) {
    report(['credentials', 'environment'], 'an application needs "clientId" and "clientSecret"');
  }
  const { endpoint } = file;
  if (hasApplication && endpoint === undefined) {
    report(['clientId'], 'a user-delegation SAS needs the account\'s address as "endpoint"');
  }
}

function build(file: TargetFile, name: string): VerifyTarget {
  const common = {
    file: name,
    endpoint: file.endpoint ?? null,
    bucket: file.bucket,
    issuer: issuerOf(file),
    longestSessionMs: file.longestSession ?? null,
    repository: file.repository ?? null,
    waits: file.wait === true,
    timeLimitMs: file.timeLimit ?? TIME_LIMIT_MS,
    allowsPlainHttp: file.allowPlainHttp === true,
  };
  switch (file.kind) {
    case 'aws':
    case 's3-compatible':
      return {
        ...common,
        kind: file.kind,
        region: file.region ?? 'us-east-1',
        secrets: awsSecrets(file.credentials),
        roleArn: file.roleArn ?? null,
        stsEndpoint: file.stsEndpoint ?? null,
        iamEndpoint: file.iamEndpoint ?? null,
      };
    case 'azure':
      return {
        ...common,
        kind: 'azure',
        region: '',
        secrets: { from: 'environment', names: file.credentials.environment },
        account: file.account ?? null,
        hasHierarchicalNamespace: file.hierarchicalNamespace !== false,
        storedAccessPolicy: file.storedAccessPolicy === true,
        directory: file.directory ?? null,
        clientId: file.clientId ?? null,
        authority: file.authority ?? null,
      };
    case 'gcs':
      return {
        ...common,
        kind: 'gcs',
        region: '',
        secrets: { from: 'environment', names: file.credentials.environment },
        tokenUrl: file.tokenUrl ?? null,
        exchangeUrl: file.exchangeUrl ?? null,
        iamUrl: file.iamUrl ?? null,
        iamCredentialsUrl: file.iamCredentialsUrl ?? null,
      };
    default:
      return file satisfies never;
  }
}

function awsSecrets(given: {
  readonly environment?: VariableNames | undefined;
  readonly profile?: string | undefined;
}): SecretPlace {
  if (given.profile !== undefined) return { from: 'profile', profile: given.profile };
  return { from: 'environment', names: given.environment ?? {} };
}

type VariableNames = Extract<SecretPlace, { from: 'environment' }>['names'];

function failed(problems: readonly ScenarioProblem[]): TargetResult {
  return { ok: false, problems };
}
