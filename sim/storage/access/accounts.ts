import { createHash, timingSafeEqual } from 'node:crypto';
import type { RecordKeeper } from '../core/open-state.ts';
import type { PolicyLayer } from './evaluate.ts';
import {
  type CompiledPolicy,
  compilePolicy,
  compilePolicyText,
  FULL_ACCESS,
  type PolicyDocument,
} from './policy-document.ts';
import type { Principal } from './principal.ts';
import { type IdentityOptions, identifier, type UserChange, Users } from './users.ts';

/** A role and who may assume it. */
export interface RoleOptions {
  readonly name: string;
  /** As `arn:aws:iam::123456789012:role/name`. */
  readonly arn: string;
  /** User names; or ARNs of users, or of roles whose sessions may go on to this one (chaining). */
  readonly trustedUserNames: readonly string[];
  readonly policy: PolicyDocument | 'full';
  readonly maxSessionMs: number;
}

/** An issued session as it is journaled. The token itself is not kept, only its hash. */
export interface SessionRecord {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly tokenHash: string;
  /** Empty when a user, not a role, is behind the session. */
  readonly roleArn: string;
  /** Of a session that no role is behind: the user whose rights it has, and may narrow. */
  readonly issuer?: { readonly userName: string; readonly kind: 'federation' | 'user session' };
  readonly sessionName: string;
  readonly issuedAt: number;
  /** Later than `issuedAt` only when a propagation delay was set as a fault. */
  readonly usableFrom: number;
  readonly expiresAt: number;
  readonly policyText?: string;
}

export interface Role extends RoleOptions {
  readonly roleId: string;
  readonly compiled: CompiledPolicy;
}

/** One line of the journal: an issued session, or a change that IAM made. */
export type AccountRecord = SessionRecord | UserChange;

/** A key that was found. The secret stays with it and goes nowhere else. */
export interface FoundKey {
  readonly secretAccessKey: string;
  readonly principal: Principal;
  /** Before this instant the key is not known yet; absent when it spread at once. */
  readonly usableFrom?: number;
  /** Present for temporary keys only. */
  readonly session?: SessionRecord;
}

const ACCOUNT_WITHOUT_ROLES = '000000000000';

/** All keys that the storage knows: those of its users, and the sessions that it issued. */
export class Accounts implements RecordKeeper<AccountRecord> {
  readonly accountId: string;
  readonly users: Users;
  readonly #roles = new Map<string, Role>();
  readonly #sessions = new Map<string, SessionRecord>();
  readonly #found = new Map<string, FoundKey>();
  #journal: (record: AccountRecord) => void = () => undefined;

  /** Throws PolicyError when a configured policy is not fully understood. */
  constructor(identities: readonly IdentityOptions[], roles: readonly RoleOptions[]) {
    const account = /^arn:aws:iam::(\d{12}):role\//.exec(roles[0]?.arn ?? '')?.[1];
    this.accountId = account ?? ACCOUNT_WITHOUT_ROLES;
    this.users = new Users(this.accountId, identities);
    for (const role of roles) {
      const compiled = compilePolicy(role.policy === 'full' ? FULL_ACCESS : role.policy);
      this.#roles.set(role.arn, { ...role, roleId: identifier('AROA', role.arn), compiled });
    }
  }

  role(arn: string): Role | undefined {
    return this.#roles.get(arn);
  }

  hasKey(accessKeyId: string): boolean {
    return this.users.key(accessKeyId) !== undefined || this.#sessions.has(accessKeyId);
  }

  /**
   * The user or session of a key id; undefined for an inactive key, and when the role or user
   * behind a session is gone.
   */
  find(accessKeyId: string): FoundKey | undefined {
    const known = this.#found.get(accessKeyId);
    if (known !== undefined) return known;
    const found = this.#findUser(accessKeyId) ?? this.#findSession(accessKeyId);
    if (found !== undefined) this.#found.set(accessKeyId, found);
    return found;
  }

  /** Keeps an issued session; expired ones stay known, so that they are told apart (C10). */
  issue(session: SessionRecord): void {
    this.#journal(session);
    this.apply(session);
  }

  /** Journals and applies a change that IAM makes. */
  change(change: UserChange): void {
    this.#journal(change);
    this.apply(change);
  }

  apply(record: AccountRecord): void {
    if (!('type' in record)) {
      this.#sessions.set(record.accessKeyId, record);
      return;
    }
    this.users.apply(record);
    // Rights and keys have changed: every principal is made anew from what holds now.
    this.#found.clear();
  }

  startServing(journal: (record: AccountRecord) => void): void {
    this.#journal = journal;
  }

  *snapshot(): Generator<AccountRecord> {
    yield* this.users.snapshot();
    yield* this.#sessions.values();
  }

  assumedRoleArn(role: Role, sessionName: string): string {
    const account = role.arn.split(':')[4] ?? this.accountId;
    return `arn:aws:sts::${account}:assumed-role/${role.name}/${sessionName}`;
  }

  #findUser(accessKeyId: string): FoundKey | undefined {
    const key = this.users.key(accessKeyId);
    const user = key && this.users.user(key.userName);
    if (key === undefined || user === undefined || !key.isActive) return undefined;
    const isDelayed = key.usableFrom > key.createdAt;
    return {
      secretAccessKey: key.secretAccessKey,
      ...(isDelayed ? { usableFrom: key.usableFrom } : {}),
      principal: {
        kind: 'user',
        isRoot: user.isRoot,
        arn: user.arn,
        userId: user.userId,
        userName: user.userName,
        accountId: this.accountId,
        accessKeyId,
        layers: [{ source: 'identity policy', policy: this.users.policyOf(user.userName) }],
        attributes: new Map<string, string | number>([
          ['aws:username', user.userName],
          ...this.#identity(user.userId, user.arn),
        ]),
      },
    };
  }

  #findSession(accessKeyId: string): FoundKey | undefined {
    const session = this.#sessions.get(accessKeyId);
    if (session === undefined) return undefined;
    const principal =
      session.issuer === undefined
        ? this.#rolePrincipal(session)
        : this.#userSessionPrincipal(session, session.issuer);
    if (principal === undefined) return undefined;
    const isDelayed = session.usableFrom > session.issuedAt;
    return {
      secretAccessKey: session.secretAccessKey,
      ...(isDelayed ? { usableFrom: session.usableFrom } : {}),
      principal,
      session,
    };
  }

  #rolePrincipal(session: SessionRecord): Principal | undefined {
    const role = this.#roles.get(session.roleArn);
    if (role === undefined) return undefined;
    const own: PolicyLayer = { source: 'role policy', policy: role.compiled };
    const layers = [own, ...sessionLayers(session)];
    const userId = `${role.roleId}:${session.sessionName}`;
    return {
      kind: 'session',
      isRoot: false,
      arn: this.assumedRoleArn(role, session.sessionName),
      userId,
      accountId: this.accountId,
      accessKeyId: session.accessKeyId,
      layers,
      attributes: new Map<string, string | number>([
        ...this.#identity(userId, role.arn),
        ['aws:tokenissuetime', session.issuedAt],
      ]),
    };
  }

  #userSessionPrincipal(
    session: SessionRecord,
    issuer: NonNullable<SessionRecord['issuer']>,
  ): Principal | undefined {
    const user = this.users.user(issuer.userName);
    if (user === undefined) return undefined;
    const own: PolicyLayer = {
      source: 'identity policy',
      policy: this.users.policyOf(user.userName),
    };
    const common = {
      isRoot: false,
      accountId: this.accountId,
      accessKeyId: session.accessKeyId,
    };
    const issued = ['aws:tokenissuetime', session.issuedAt] as const;
    if (issuer.kind === 'user session') {
      const attributes = new Map<string, string | number>([
        ['aws:username', user.userName],
        ...this.#identity(user.userId, user.arn),
        issued,
      ]);
      const { arn, userId, userName } = user;
      const layers = [own, ...sessionLayers(session)];
      return { ...common, kind: 'user session', arn, userId, userName, layers, attributes };
    }
    const { sessionName, policyText } = session;
    const arn = `arn:aws:sts::${this.accountId}:federated-user/${sessionName}`;
    const userId = `${this.accountId}:${sessionName}`;
    // Without a session policy a federated user has no rights at all (as AWS).
    const policy: CompiledPolicy =
      policyText === undefined ? { statements: [] } : compilePolicyText(policyText);
    return {
      ...common,
      kind: 'federation',
      arn,
      userId,
      layers: [own, { source: 'session policy', policy }],
      attributes: new Map<string, string | number>([...this.#identity(userId, arn), issued]),
    };
  }

  #identity(userId: string, arn: string): (readonly [string, string])[] {
    return [
      ['aws:userid', userId],
      ['aws:principalarn', arn],
      ['aws:principalaccount', this.accountId],
    ];
  }
}

/** Without a session policy nothing narrows what the role or user may. */
function sessionLayers({ policyText }: SessionRecord): PolicyLayer[] {
  if (policyText === undefined) return [];
  return [{ source: 'session policy', policy: compilePolicyText(policyText) }];
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Whether two texts are equal, in a time that does not tell where they differ. */
export function equalTexts(left: string, right: string): boolean {
  const a = createHash('sha256').update(left).digest();
  const b = createHash('sha256').update(right).digest();
  return timingSafeEqual(a, b);
}
