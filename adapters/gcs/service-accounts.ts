import { createHash } from 'node:crypto';
import type { ErrorCode } from '../../machines/rules/errors.ts';
import { type CredentialScope, scopeId } from '../../machines/rules/scope.ts';
import type { ControlRequests } from './control-requests.ts';
import type { AnswerFacts } from './errors.ts';

const IAM_URL = 'https://iam.googleapis.com';

/** An account of one generation of one scope. */
export interface ScopeAccount {
  /** 6 to 30 characters; also the name by which its bindings are found again. */
  readonly id: string;
  readonly email: string;
}

function hash(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** What the ids of all accounts for one bucket begin with: nobody else's are ever touched. */
export function accountIdPrefix(bucket: string): string {
  return `fn-${hash(bucket, 8)}-`;
}

/**
 * An account a generation, not a scope: the end stands in the binding of the account, so two
 * generations that live at once with two ends (C13) need two. The name follows from the scope; who
 * revokes or cleans up after a crash needs no memory.
 */
export function scopeAccount(
  setting: { readonly bucket: string; readonly projectId: string },
  scope: CredentialScope,
  generation: number,
): ScopeAccount {
  const { bucket, projectId } = setting;
  const id = accountIdPrefix(bucket) + hash(`${scopeId(scope)}#${generation}`, 18);
  // `example.com:name` is a project below a domain; its accounts are called the other way round.
  const host = projectId.split(':').reverse().join('.');
  return { id, email: `${id}@${host}.iam.gserviceaccount.com` };
}

/** The project in the address of a service account; `null` for addresses that tell none. */
export function projectOfAccount(email: string): string | null {
  const host = /^[^@]+@([a-z0-9.-]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1];
  const [project, ...domain] = host?.split('.') ?? [];
  if (project === undefined) return null;
  return domain.length === 0 ? project : `${domain.join('.')}:${project}`;
}

/** The service accounts of the SP's project that belong to one bucket (IAM API). */
export interface ServiceAccounts {
  /** An account of that name which is there already is taken over. */
  create(account: ScopeAccount, description: string): Promise<void>;
  list(): Promise<readonly ScopeAccount[]>;
  remove(account: ScopeAccount): Promise<void>;
}

export function createServiceAccounts(
  control: ControlRequests,
  setting: {
    readonly bucket: string;
    readonly projectId: string;
    readonly iam: string | undefined;
  },
): ServiceAccounts {
  const root = `${setting.iam ?? IAM_URL}/v1/projects/${encodeURIComponent(setting.projectId)}`;
  const prefix = accountIdPrefix(setting.bucket);
  return {
    async create(account, description) {
      await control.call({
        operation: 'iam.serviceAccounts.create',
        method: 'POST',
        url: `${root}/serviceAccounts`,
        body: {
          accountId: account.id,
          serviceAccount: { displayName: 'Fortnight', description: description.slice(0, 250) },
        },
        tolerates: [409],
        meaning: createRefused,
      });
    },
    async list() {
      const found: ScopeAccount[] = [];
      let pageToken: unknown;
      do {
        const query =
          pageToken === undefined ? '' : `&pageToken=${encodeURIComponent(`${pageToken}`)}`;
        const page = await control.call({
          operation: 'iam.serviceAccounts.list',
          method: 'GET',
          url: `${root}/serviceAccounts?pageSize=100${query}`,
        });
        const emails = (Array.isArray(page.accounts) ? page.accounts : []).map(
          ({ email }) => email,
        );
        for (const email of emails) {
          if (typeof email !== 'string' || !email.startsWith(prefix)) continue;
          found.push({ id: email.slice(0, email.indexOf('@')), email });
        }
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined && pageToken !== '');
      return found;
    },
    async remove({ email }) {
      await control.call({
        operation: 'iam.serviceAccounts.delete',
        method: 'DELETE',
        url: `${root}/serviceAccounts/${encodeURIComponent(email)}`,
        tolerates: [404],
      });
    },
  };
}

/** Google answers 429 for a project that is full as well as for too many calls. */
function createRefused({ status, reason, detail }: AnswerFacts): ErrorCode | null {
  const isFull = status === 429 && reason === 'RESOURCE_EXHAUSTED';
  return isFull && detail !== 'RATE_LIMIT_EXCEEDED' ? 'issuer.limit' : null;
}
