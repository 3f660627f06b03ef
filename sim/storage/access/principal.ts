import type { RequestContext } from './conditions.ts';
import type { PolicyLayer } from './evaluate.ts';

/** Who a request comes from, after its signature and token were found right. */
export interface Principal {
  /** `session`: of a role. `federation`, `user session`: issued by a user for itself. */
  readonly kind: 'user' | 'session' | 'federation' | 'user session';
  readonly isRoot: boolean;
  readonly arn: string;
  /** `AIDA…` of a user, `AROA…:session name` of a session. */
  readonly userId: string;
  /** Of users and their own sessions, as in AWS. */
  readonly userName?: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly layers: readonly PolicyLayer[];
  /** What every request of this principal says about it; see `requestContext`. */
  readonly attributes: RequestContext;
}

/** The context of one request: the principal's attributes, the time, and what the request adds. */
export function requestContext(
  principal: Principal,
  now: number,
  additions: Iterable<readonly [string, string | number]>,
): RequestContext {
  return new Map<string, string | number>([
    ...principal.attributes,
    ['aws:currenttime', now],
    ['aws:epochtime', now],
    ...additions,
  ]);
}
