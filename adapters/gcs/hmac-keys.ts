import { Secret } from '../../machines/ports/secret.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import { queryText } from './addresses.ts';
import type { ControlRequests } from './control-requests.ts';
import type { AnswerFacts } from './errors.ts';

export interface HmacKey {
  readonly accessId: string;
  readonly email: string;
  readonly isActive: boolean;
}

/** The HMAC keys of the SP's project (JSON API). */
export interface HmacKeys {
  create(email: string): Promise<{ readonly accessId: string; readonly secret: Secret }>;
  /** Of one account, or of the whole project. */
  list(email?: string): Promise<readonly HmacKey[]>;
  /** Only an inactive key can be deleted. */
  remove(key: HmacKey): Promise<void>;
}

export function createHmacKeys(
  control: ControlRequests,
  setting: { readonly endpoint: string; readonly projectId: string },
): HmacKeys {
  const root = `${setting.endpoint}/storage/v1/projects/${encodeURIComponent(setting.projectId)}/hmacKeys`;
  const one = ({ accessId }: HmacKey) => `${root}/${encodeURIComponent(accessId)}`;
  return {
    async create(email) {
      const operation = 'storage.hmacKeys.create';
      const { metadata, secret } = await control.call({
        operation,
        method: 'POST',
        url: `${root}${queryText({ serviceAccountEmail: email })}`,
        meaning: createRefused,
      });
      const { accessId } = (metadata ?? {}) as { readonly accessId?: unknown };
      if (typeof accessId !== 'string' || typeof secret !== 'string') {
        throw new FortnightError('issuer.unavailable', `${operation}: the answer is incomplete`);
      }
      return { accessId, secret: new Secret(secret) };
    },
    async list(email) {
      const found: HmacKey[] = [];
      let pageToken: string | undefined;
      do {
        const page = await control.call({
          operation: 'storage.hmacKeys.list',
          method: 'GET',
          url: `${root}${queryText({ serviceAccountEmail: email, pageToken })}`,
          // The account is gone.
          tolerates: email === undefined ? [] : [404],
        });
        if (page === null) break;
        for (const item of Array.isArray(page.items) ? page.items : []) {
          const { accessId, serviceAccountEmail, state } = item;
          if (typeof accessId !== 'string' || typeof serviceAccountEmail !== 'string') continue;
          found.push({ accessId, email: serviceAccountEmail, isActive: state === 'ACTIVE' });
        }
        pageToken = typeof page.nextPageToken === 'string' ? page.nextPageToken : undefined;
      } while (pageToken !== undefined && pageToken !== '');
      return found;
    },
    async remove(key) {
      if (key.isActive) {
        await control.call({
          operation: 'storage.hmacKeys.update',
          method: 'PUT',
          url: one(key),
          body: { state: 'INACTIVE' },
          tolerates: [404],
        });
      }
      await control.call({
        operation: 'storage.hmacKeys.delete',
        method: 'DELETE',
        url: one(key),
        tolerates: [404],
      });
    },
  };
}

/** The question is always the same: what is invalid is one more key. A new account may be unknown. */
function createRefused({ status }: AnswerFacts): ErrorCode | null {
  if (status === 400) return 'issuer.limit';
  return status === 404 ? 'issuer.unavailable' : null;
}
