import { scopesCoverAccounts } from '../access/scopes.ts';
import { plainAccount } from '../accounts.ts';
import type { GcsCall } from '../call.ts';
import { GcsError } from '../errors.ts';
import { parseResource, receiveText } from '../json/body.ts';
import type { BucketRecord, ServiceAccountRecord } from '../shelf.ts';
import { IamError } from './errors.ts';

/** What a project may have at a time, as long as nobody asks Google for more. */
const ACCOUNTS_MAX = 100;
const PAGE_MAX = 100;
const ACCOUNT_ID = /^[a-z]([-a-z0-9]{4,28})[a-z0-9]$/;

type Document = Record<string, unknown>;

/** `iam.googleapis.com`: makes an account that has no rights and no keys. */
export async function createServiceAccount(call: GcsCall): Promise<Document> {
  const projectId = administered(call);
  const { accountId, serviceAccount = {} } = await receiveBody(call);
  if (typeof accountId !== 'string' || !ACCOUNT_ID.test(accountId)) {
    throw new IamError(400, 'INVALID_ARGUMENT', 'The account ID has 6 to 30 of [-a-z0-9].');
  }
  const { accounts, core, shelf } = call.world;
  const email = `${accountId}@${projectId}.iam.gserviceaccount.com`;
  if (accounts.has(email)) {
    throw new IamError(409, 'ALREADY_EXISTS', `Service account ${accountId} already exists.`);
  }
  if (accountsOf(call, projectId).length >= ACCOUNTS_MAX) {
    throw new IamError(429, 'RESOURCE_EXHAUSTED', 'Maximum number of service accounts reached.');
  }
  const { displayName, description } = serviceAccount as Document;
  const account: ServiceAccountRecord = {
    email,
    projectId,
    uniqueId: String(200_000_000_000_000 + core.nextNumber()),
    displayName: typeof displayName === 'string' ? displayName : '',
    description: typeof description === 'string' ? description : '',
  };
  shelf.commit({ type: 'account.made', account });
  accounts.set(email, plainAccount(account));
  return resourceOf(account);
}

/** Those that calls have made; the accounts of the options are the configuration. */
export async function listServiceAccounts(call: GcsCall): Promise<Document> {
  const projectId = administered(call);
  const after = call.query.get('pageToken') ?? '';
  const size = Number(call.query.get('pageSize') ?? PAGE_MAX);
  const all = accountsOf(call, projectId).filter(({ email }) => email > after);
  const page = all.slice(0, Math.min(PAGE_MAX, size > 0 ? size : PAGE_MAX));
  return {
    ...(page.length === 0 ? {} : { accounts: page.map(resourceOf) }),
    ...(all.length > page.length ? { nextPageToken: page.at(-1)!.email } : {}),
  };
}

/** Its keys open nothing any more, and bindings do not pass to a later account of that name. */
export async function deleteServiceAccount(call: GcsCall): Promise<Document> {
  const projectId = administered(call);
  const { accounts, shelf } = call.world;
  const account = shelf.madeAccounts.get(call.path.email ?? '');
  if (account === undefined || account.projectId !== projectId) {
    throw new IamError(404, 'NOT_FOUND', 'Unknown service account.');
  }
  shelf.commit({ type: 'account.removed', email: account.email });
  accounts.delete(account.email);
  for (const bucket of [...shelf.buckets.values()]) {
    const changed = withDeletedMember(bucket, account);
    if (changed !== undefined) shelf.commit({ type: 'bucket.set', bucket: changed });
  }
  return {};
}

function withDeletedMember(
  bucket: BucketRecord,
  { email, uniqueId }: ServiceAccountRecord,
): BucketRecord | undefined {
  const living = `serviceAccount:${email}`;
  const { policy } = bucket;
  if (!policy.bindings.some(({ members }) => members.includes(living))) return undefined;
  const deleted = `deleted:serviceAccount:${email}?uid=${uniqueId}`;
  const bindings = policy.bindings.map((binding) => ({
    ...binding,
    members: binding.members.map((member) => (member === living ? deleted : member)),
  }));
  return { ...bucket, policy: { ...policy, revision: policy.revision + 1, bindings } };
}

/** The project of the call, when the caller may administer its accounts. Throws IamError. */
function administered(call: GcsCall): string {
  const { caller, world } = call;
  const projectId = call.path.projectId ?? '';
  if (caller.email === '') {
    throw new IamError(
      401,
      'UNAUTHENTICATED',
      'Request is missing required authentication credential.',
    );
  }
  const admins = world.accountAdmins.get(projectId) ?? [];
  const isLimited = caller.boundary !== undefined || !scopesCoverAccounts(caller.scopes ?? []);
  if (isLimited || !admins.includes(`serviceAccount:${caller.email}`)) {
    throw new IamError(
      403,
      'PERMISSION_DENIED',
      'The caller may not administer service accounts of this project (or it does not exist).',
    );
  }
  return projectId;
}

function accountsOf(call: GcsCall, projectId: string): ServiceAccountRecord[] {
  return [...call.world.shelf.madeAccounts.values()]
    .filter((account) => account.projectId === projectId)
    .sort((left, right) => (left.email < right.email ? -1 : 1));
}

function resourceOf(account: ServiceAccountRecord): Document {
  const { email, projectId } = account;
  return { name: `projects/${projectId}/serviceAccounts/${email}`, ...account };
}

async function receiveBody(call: GcsCall): Promise<Document> {
  try {
    const body = parseResource(await receiveText(call.body));
    const stranger = Object.keys(body).find(
      (name) => name !== 'accountId' && name !== 'serviceAccount',
    );
    if (stranger === undefined) return body;
    throw new IamError(400, 'INVALID_ARGUMENT', `Unknown name "${stranger.slice(0, 60)}".`);
  } catch (error) {
    if (!(error instanceof GcsError)) throw error;
    throw new IamError(400, 'INVALID_ARGUMENT', 'Invalid JSON payload received.');
  }
}
