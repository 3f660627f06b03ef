import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../../../machines/ports/secret.ts';
import type {
  AzureApplication,
  StorageCredential,
} from '../../../machines/ports/storage-credential.ts';
import type { AzureTarget, EnvironmentNames, VerifyTarget } from './types.ts';

/** What the run works with: the SP's own credential, and for C21 the application. */
export interface OwnerSecrets {
  readonly owner: StorageCredential;
  readonly application: AzureApplication | null;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A secret is not where the target says; the text names the place and never the value. */
export class SecretMissing extends Error {
  override readonly name = 'SecretMissing';
}

const WITHOUT_END = { generation: 0, expiresAt: null } as const;

/** Reads the secrets from where the target says they are. Throws SecretMissing. */
export function readSecrets(target: VerifyTarget, environment: Environment): OwnerSecrets {
  switch (target.kind) {
    case 'aws':
    case 's3-compatible':
      return { owner: readAwsKeys(target, environment), application: null };
    case 'azure':
      return readAzure(target, environment);
    case 'gcs':
      return { owner: readServiceAccount(namesOf(target), environment), application: null };
    default:
      return target satisfies never;
  }
}

function namesOf({ secrets }: VerifyTarget): EnvironmentNames {
  return secrets.from === 'environment' ? secrets.names : {};
}

function variable(environment: Environment, name: string | undefined, what: string): string {
  const value = name === undefined ? undefined : environment[name];
  if (value !== undefined && value !== '') return value;
  throw new SecretMissing(
    `the environment variable ${name ?? '(none named)'} is not set: export it with ${what}`,
  );
}

function readAwsKeys({ secrets }: VerifyTarget, environment: Environment): StorageCredential {
  if (secrets.from === 'profile') return readProfile(secrets.profile, environment);
  const { accessKeyId, secretAccessKey, sessionToken } = secrets.names;
  return {
    kind: 's3-keys',
    keyId: variable(environment, accessKeyId, 'the access key id'),
    secretKey: new Secret(variable(environment, secretAccessKey, 'the secret access key')),
    sessionToken:
      sessionToken === undefined
        ? null
        : new Secret(variable(environment, sessionToken, 'the session token')),
    ...WITHOUT_END,
  };
}

/** An AWS-style credentials file: sections in brackets, `name = value` below them. */
function readProfile(profile: string, environment: Environment): StorageCredential {
  const named = environment.AWS_SHARED_CREDENTIALS_FILE ?? '';
  const home = environment.HOME ?? homedir();
  const file = named === '' ? join(home, '.aws', 'credentials') : named;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new SecretMissing(`${file} cannot be read (${code}): it should hold [${profile}]`);
  }
  const values = profileValues(text, profile);
  if (values === null) throw new SecretMissing(`${file} has no profile [${profile}]: add it`);
  const keyId = values.get('aws_access_key_id') ?? '';
  const secret = values.get('aws_secret_access_key') ?? '';
  const token = values.get('aws_session_token') ?? '';
  if (keyId === '' || secret === '') {
    throw new SecretMissing(
      `profile [${profile}] of ${file} lacks aws_access_key_id or aws_secret_access_key`,
    );
  }
  return {
    kind: 's3-keys',
    keyId,
    secretKey: new Secret(secret),
    sessionToken: token === '' ? null : new Secret(token),
    ...WITHOUT_END,
  };
}

function profileValues(text: string, profile: string): ReadonlyMap<string, string> | null {
  let values: Map<string, string> | null = null;
  let isInside = false;
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(line)?.[1];
    if (section !== undefined) {
      isInside = section === profile;
      if (isInside) values ??= new Map();
      continue;
    }
    const pair = /^\s*([A-Za-z_]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (isInside && pair !== null) values?.set((pair[1] ?? '').toLowerCase(), pair[2] ?? '');
  }
  return values;
}

function readAzure(target: AzureTarget, environment: Environment): OwnerSecrets {
  const { accountKey, clientSecret } = namesOf(target);
  const owner: StorageCredential = {
    kind: 'azure-account-key',
    keyId: target.account ?? accountOfAddress(target.endpoint ?? ''),
    accountKey: new Secret(variable(environment, accountKey, 'the key of the storage account')),
    ...WITHOUT_END,
  };
  if (target.clientId === null || target.directory === null) return { owner, application: null };
  const secret = variable(environment, clientSecret, 'the secret of the application');
  return {
    owner,
    application: {
      kind: 'azure-application',
      keyId: target.clientId,
      directory: target.directory,
      clientSecret: new Secret(secret),
      ...WITHOUT_END,
    },
  };
}

/** `https://name.blob…`, or `http://127.0.0.1:10000/name`. */
function accountOfAddress(endpoint: string): string {
  const { hostname, pathname } = new URL(endpoint);
  const [inPath] = pathname.split('/').filter((part) => part !== '');
  return inPath ?? hostname.split('.')[0] ?? '';
}

function readServiceAccount(names: EnvironmentNames, environment: Environment): StorageCredential {
  const { serviceAccountKey, serviceAccountKeyFile } = names;
  const name = serviceAccountKey ?? serviceAccountKeyFile;
  const what = 'the key file of the service account';
  const text =
    serviceAccountKey === undefined
      ? readKeyFile(variable(environment, serviceAccountKeyFile, `the path of ${what}`), name)
      : variable(environment, serviceAccountKey, what);
  let key: { readonly client_email?: unknown; readonly private_key?: unknown };
  try {
    key = JSON.parse(text) as typeof key;
  } catch {
    throw new SecretMissing(`what ${name} gives is no key file: it must be the JSON of Google`);
  }
  const { client_email: email, private_key: privateKey } = key ?? {};
  if (typeof email !== 'string' || typeof privateKey !== 'string') {
    throw new SecretMissing(`the key file of ${name} lacks client_email or private_key`);
  }
  return {
    kind: 'gcs-service-account',
    keyId: email,
    privateKey: new Secret(privateKey),
    ...WITHOUT_END,
  };
}

function readKeyFile(path: string, name: string | undefined): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new SecretMissing(`the file that ${name} names cannot be read (${code})`);
  }
}
