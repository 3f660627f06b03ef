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

/** A user with a long-term key. */
export interface IdentityOptions {
  readonly userName: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly policy: PolicyDocument | 'full';
}

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
  readonly roleArn: string;
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

/** A key that was found. The secret stays with it and goes nowhere else. */
export interface FoundKey {
  readonly secretAccessKey: string;
  readonly principal: Principal;
  /** Present for temporary keys only. */
  readonly session?: SessionRecord;
}

const ACCOUNT_WITHOUT_ROLES = '000000000000';

/** All keys that the storage knows: the configured users and the sessions that it issued. */
export class Accounts implements RecordKeeper<SessionRecord> {
  readonly accountId: string;
  readonly #users = new Map<string, FoundKey>();
  readonly #roles = new Map<string, Role>();
  readonly #sessions = new Map<string, SessionRecord>();
  readonly #found = new Map<string, FoundKey>();
  #journal: (record: SessionRecord) => void = () => undefined;

  /** Throws PolicyError when a configured policy is not fully understood. */
  constructor(identities: readonly IdentityOptions[], roles: readonly RoleOptions[]) {
    const account = /^arn:aws:iam::(\d{12}):role\//.exec(roles[0]?.arn ?? '')?.[1];
    this.accountId = account ?? ACCOUNT_WITHOUT_ROLES;
    for (const role of roles) {
      const compiled = compilePolicy(role.policy === 'full' ? FULL_ACCESS : role.policy);
      this.#roles.set(role.arn, { ...role, roleId: identifier('AROA', role.arn), compiled });
    }
    for (const identity of identities) {
      this.#users.set(identity.accessKeyId, {
        secretAccessKey: identity.secretAccessKey,
        principal: this.#userPrincipal(identity),
      });
    }
  }

  role(arn: string): Role | undefined {
    return this.#roles.get(arn);
  }

  hasKey(accessKeyId: string): boolean {
    return this.#users.has(accessKeyId) || this.#sessions.has(accessKeyId);
  }

  /** The user or session of a key id; undefined also when the role of a session is gone. */
  find(accessKeyId: string): FoundKey | undefined {
    const known = this.#users.get(accessKeyId) ?? this.#found.get(accessKeyId);
    if (known !== undefined) return known;
    const session = this.#sessions.get(accessKeyId);
    const role = session && this.#roles.get(session.roleArn);
    if (session === undefined || role === undefined) return undefined;
    const found: FoundKey = {
      secretAccessKey: session.secretAccessKey,
      principal: this.#sessionPrincipal(session, role),
      session,
    };
    this.#found.set(accessKeyId, found);
    return found;
  }

  /** Keeps an issued session; expired ones stay known, so that they are told apart (C10). */
  issue(session: SessionRecord): void {
    this.#journal(session);
    this.apply(session);
  }

  apply(session: SessionRecord): void {
    this.#sessions.set(session.accessKeyId, session);
  }

  startServing(journal: (record: SessionRecord) => void): void {
    this.#journal = journal;
  }

  snapshot(): Iterable<SessionRecord> {
    return this.#sessions.values();
  }

  assumedRoleArn(role: Role, sessionName: string): string {
    const account = role.arn.split(':')[4] ?? this.accountId;
    return `arn:aws:sts::${account}:assumed-role/${role.name}/${sessionName}`;
  }

  #userPrincipal(identity: IdentityOptions): Principal {
    const policy = compilePolicy(identity.policy === 'full' ? FULL_ACCESS : identity.policy);
    const arn = `arn:aws:iam::${this.accountId}:user/${identity.userName}`;
    const userId = identifier('AIDA', arn);
    return {
      kind: 'user',
      arn,
      userId,
      userName: identity.userName,
      accountId: this.accountId,
      accessKeyId: identity.accessKeyId,
      layers: [{ source: 'identity policy', policy }],
      attributes: new Map<string, string | number>([
        ['aws:username', identity.userName],
        ['aws:userid', userId],
        ['aws:principalarn', arn],
        ['aws:principalaccount', this.accountId],
      ]),
    };
  }

  #sessionPrincipal(session: SessionRecord, role: Role): Principal {
    const layers: PolicyLayer[] = [{ source: 'role policy', policy: role.compiled }];
    if (session.policyText !== undefined) {
      layers.push({ source: 'session policy', policy: compilePolicyText(session.policyText) });
    }
    const userId = `${role.roleId}:${session.sessionName}`;
    return {
      kind: 'session',
      arn: this.assumedRoleArn(role, session.sessionName),
      userId,
      accountId: this.accountId,
      accessKeyId: session.accessKeyId,
      layers,
      attributes: new Map<string, string | number>([
        ['aws:userid', userId],
        ['aws:principalarn', role.arn],
        ['aws:principalaccount', this.accountId],
        ['aws:tokenissuetime', session.issuedAt],
      ]),
    };
  }
}

/** A stable identifier like AWS' own: a prefix and 17 characters that follow from the ARN. */
function identifier(prefix: string, arn: string): string {
  const hash = createHash('sha256').update(arn).digest('hex').toUpperCase();
  return `${prefix}${hash.slice(0, 17)}`;
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
