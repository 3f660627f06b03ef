import {
  type ClientSettings,
  type FamilyOptions,
  FamilyRefusal,
  type IssuedKeys,
  type KeyRequest,
  type RunningFamily,
  type StorageFamily,
} from '../families.ts';
import type { BoundaryDocument } from './access/boundary.ts';
import { HOUR_MS, TOKEN_LIFETIME_MS_MAX } from './accounts.ts';
import { LIST_PREFIX_ATTRIBUTE } from './cel/expression.ts';
import { hmacKeyFromSeed } from './json/hmac-keys.ts';
import { type RunningGcsStorage, startGcsStorage } from './start.ts';

const PROJECT = 'fortnight';
const OWNER = `owner@${PROJECT}.iam.gserviceaccount.com`;

/** Cloud Storage with tokens, boundaries and HMAC keys: one owner with all rights. */
export const gcsFamily: StorageFamily = { kind: 'gcs', start };

async function start(options: FamilyOptions): Promise<RunningFamily> {
  const { buckets, ownerSeed, profile: _profile, ...common } = options;
  const owner = `serviceAccount:${OWNER}`;
  const hmacKey = hmacKeyFromSeed(ownerSeed);
  const roles = ['roles/storage.admin', 'roles/storage.hmacKeyAdmin'];
  const storage = await startGcsStorage({
    ...common,
    projects: [{ projectId: PROJECT, bindings: roles.map((role) => ({ role, members: [owner] })) }],
    serviceAccounts: [
      {
        email: OWNER,
        projectId: PROJECT,
        generateKey: true,
        hmacKeys: [hmacKey],
        tokenCreators: [owner],
        longestTokenMs: TOKEN_LIFETIME_MS_MAX,
      },
    ],
    buckets: buckets.map((name) => ({ name })),
  });
  return {
    kind: 'gcs',
    endpoint: storage.endpoint,
    port: storage.port,
    clientSettings: () => clientSettings(storage, hmacKey),
    decisions: () => storage.decisions(),
    issueKeys: (request) => issueKeys(storage, request),
    close: () => storage.close(),
  };
}

/** A token of the owner that a boundary limits to the prefix, as the token exchange makes it. */
function issueKeys(storage: RunningGcsStorage, request: KeyRequest): IssuedKeys {
  const { bucket, prefix, durationMs } = request;
  if (durationMs < 1000 || durationMs > TOKEN_LIFETIME_MS_MAX) {
    const hours = TOKEN_LIFETIME_MS_MAX / HOUR_MS;
    throw new FamilyRefusal('INVALID_ARGUMENT', `a token lives a second to ${hours} hours`);
  }
  const lifetimeMs = Math.floor(durationMs);
  const boundary = prefixBoundary(bucket, prefix);
  const { token, expiresAt } = storage.issueAccessToken({ email: OWNER, lifetimeMs, boundary });
  return {
    expiresAt,
    environment: { CLOUDSDK_AUTH_ACCESS_TOKEN: token, GOOGLE_OAUTH_ACCESS_TOKEN: token },
  };
}

/** Full access to the objects below a prefix and to listings of it, and to nothing else. */
export function prefixBoundary(bucket: string, prefix: string): BoundaryDocument {
  const objects = quoteCel(`projects/_/buckets/${bucket}/objects/${prefix}`);
  const attribute = `api.getAttribute('${LIST_PREFIX_ATTRIBUTE}', '')`;
  const expression = `resource.name.startsWith(${objects}) || ${attribute}.startsWith(${quoteCel(prefix)})`;
  const rule = {
    availableResource: `//storage.googleapis.com/projects/_/buckets/${bucket}`,
    availablePermissions: ['inRole:roles/storage.objectUser'],
    ...(prefix === '' ? {} : { availabilityCondition: { title: 'prefix', expression } }),
  };
  return { accessBoundary: { accessBoundaryRules: [rule] } };
}

/** A literal that holds exactly this text, whatever quotes it has. */
function quoteCel(text: string): string {
  const escaped = text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not end a literal
    /['"\\\u0000-\u001f\u007f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `'${escaped}'`;
}

function clientSettings(
  storage: RunningGcsStorage,
  hmacKey: { readonly accessId: string; readonly secret: string },
): readonly ClientSettings[] {
  const { endpoint } = storage;
  const { token } = storage.issueAccessToken({ email: OWNER, lifetimeMs: HOUR_MS });
  return [
    {
      client: '@google-cloud/storage',
      lines: [
        `const authClient = new OAuth2Client();`,
        `authClient.setCredentials({ access_token: '${token}' });`,
        `const apiEndpoint = '${endpoint}';`,
        'new Storage({ apiEndpoint, useAuthWithCustomEndpoint: true, authClient });',
      ],
    },
    {
      client: 'curl',
      lines: [
        `curl -H 'Authorization: Bearer ${token}' '${endpoint}/storage/v1/b?project=${PROJECT}'`,
      ],
    },
    {
      client: 'awscli (XML API, HMAC key)',
      lines: [
        `export AWS_ACCESS_KEY_ID=${hmacKey.accessId}`,
        `export AWS_SECRET_ACCESS_KEY=${hmacKey.secret}`,
        'export AWS_REQUEST_CHECKSUM_CALCULATION=when_required',
        `aws --endpoint-url ${endpoint} s3 ls`,
      ],
    },
  ];
}
