import { formatDuration } from '../../../machines/rules/duration.ts';
import {
  type FamilyOptions,
  FamilyRefusal,
  type IssuedFamilyKeys,
  type KeyRequest,
  type RunningFamily,
  type StorageFamily,
} from '../families.ts';
import { type BoundaryDocument, BoundaryRefusal } from './access/boundary.ts';
import { HOUR_MS, TOKEN_LIFETIME_MS_MAX } from './accounts.ts';
import { LIST_PREFIX_ATTRIBUTE } from './cel/expression.ts';
import {
  gcsClientSettings,
  gcsCommands,
  googleVariables,
  rcloneVariables,
} from './client-settings.ts';
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
    projects: [
      {
        projectId: PROJECT,
        bindings: roles.map((role) => ({ role, members: [owner] })),
        accountAdmins: [owner],
      },
    ],
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
    clientSettings: () =>
      gcsClientSettings({
        endpoint: storage.endpoint,
        projectId: PROJECT,
        token: storage.issueAccessToken({ email: OWNER, lifetimeMs: HOUR_MS }).token,
        hmacKey,
        bucket: buckets[0] ?? storage.bucketNames()[0],
      }),
    bucketNames: () => storage.bucketNames(),
    decisions: () => storage.decisions(),
    issueKeys: (request) => issueKeys(storage, request),
    close: () => storage.close(),
  };
}

/** A token of the owner that a boundary limits to the prefix, as the token exchange makes it. */
function issueKeys(storage: RunningGcsStorage, request: KeyRequest): IssuedFamilyKeys {
  const { bucket, prefix, durationMs } = request;
  if (durationMs < 1000 || durationMs > TOKEN_LIFETIME_MS_MAX) {
    throw new FamilyRefusal(
      'INVALID_ARGUMENT',
      `a token of Google lives 1s to ${formatDuration(TOKEN_LIFETIME_MS_MAX)}, ` +
        `not ${formatDuration(durationMs)}`,
    );
  }
  const lifetimeMs = Math.floor(durationMs);
  const boundary = prefixBoundary(bucket, prefix);
  const { token, expiresAt } = issueLimited(storage, lifetimeMs, boundary);
  const { endpoint } = storage;
  const environment = { ...googleVariables(endpoint, token), ...rcloneVariables(endpoint, token) };
  return { expiresAt, environment, commands: gcsCommands(endpoint, request) };
}

/** A boundary that cannot be is the fault of the bucket or the prefix that was asked for. */
function issueLimited(
  storage: RunningGcsStorage,
  lifetimeMs: number,
  boundary: BoundaryDocument,
): { readonly token: string; readonly expiresAt: number } {
  try {
    return storage.issueAccessToken({ email: OWNER, lifetimeMs, boundary });
  } catch (error) {
    if (!(error instanceof BoundaryRefusal)) throw error;
    throw new FamilyRefusal('INVALID_ARGUMENT', error.message.replace(/\.$/, ''));
  }
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
