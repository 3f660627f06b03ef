import { createHash } from 'node:crypto';
import {
  type CompiledPolicy,
  type CompiledStatement,
  compilePolicy,
  compilePolicyText,
  FULL_ACCESS,
  type PolicyDocument,
} from './policy-document.ts';

/** A user with a long-term key. */
export interface IdentityOptions {
  readonly userName: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly policy: PolicyDocument | 'full';
  /** The account's root user: it may not assume roles, and its STS tokens last 1 h at most. */
  readonly isRoot?: boolean;
}

/** A long-term key. */
export interface UserKey {
  readonly userName: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly createdAt: number;
  /** Later than `createdAt` when new keys spread slowly. */
  readonly usableFrom: number;
  readonly isActive: boolean;
}

export interface User {
  readonly userName: string;
  readonly userId: string;
  readonly arn: string;
  readonly path: string;
  readonly createdAt: number;
  /** Given at the start: IAM may add to it, but neither rename nor remove it. */
  readonly isConfigured: boolean;
  readonly isRoot: boolean;
  readonly keys: ReadonlyMap<string, UserKey>;
  /** JSON texts of the inline policies by name. */
  readonly policies: ReadonlyMap<string, string>;
}

/** Every change that IAM makes, as it is journaled and replayed. */
export type UserChange =
  | {
      readonly type: 'user.created';
      readonly userName: string;
      readonly path: string;
      readonly at: number;
    }
  | { readonly type: 'user.deleted'; readonly userName: string }
  | { readonly type: 'key.put'; readonly key: UserKey }
  | { readonly type: 'key.deleted'; readonly userName: string; readonly accessKeyId: string }
  | {
      readonly type: 'policy.put';
      readonly userName: string;
      readonly policyName: string;
      readonly text: string;
    }
  | { readonly type: 'policy.deleted'; readonly userName: string; readonly policyName: string };

interface MutableUser extends User {
  readonly keys: Map<string, UserKey>;
  readonly policies: Map<string, string>;
  readonly configured: readonly CompiledStatement[];
  /** What all its policies say together; made when it is asked for. */
  compiled: CompiledPolicy | undefined;
}

/** The users of the account: those given at the start, and those that IAM made. */
export class Users {
  readonly #accountId: string;
  readonly #users = new Map<string, MutableUser>();
  readonly #owners = new Map<string, string>();

  /** Throws PolicyError when a configured policy is not fully understood. */
  constructor(accountId: string, identities: readonly IdentityOptions[]) {
    this.#accountId = accountId;
    for (const identity of identities) this.#configure(identity);
  }

  user(userName: string): User | undefined {
    return this.#users.get(userName);
  }

  /** By name, as IAM lists them. */
  all(): readonly User[] {
    const byName = (left: User, right: User): number => (left.userName < right.userName ? -1 : 1);
    return [...this.#users.values()].filter((user) => !user.isRoot).sort(byName);
  }

  /** The key and its user, also when the key is inactive. */
  key(accessKeyId: string): UserKey | undefined {
    const owner = this.#owners.get(accessKeyId);
    return owner === undefined ? undefined : this.#users.get(owner)?.keys.get(accessKeyId);
  }

  /** All policies of a user as one: its statements are named `policy/statement`. */
  policyOf(userName: string): CompiledPolicy {
    const user = this.#users.get(userName);
    if (user === undefined) return { statements: [] };
    user.compiled ??= {
      statements: [
        ...user.configured,
        ...[...user.policies].flatMap(([name, text]) =>
          compilePolicyText(text).statements.map((statement) => ({
            ...statement,
            name: `${name}/${statement.name}`,
          })),
        ),
      ],
    };
    return user.compiled;
  }

  /** Applies a change; one for a user that is not there any more says nothing. */
  apply(change: UserChange): void {
    if (change.type === 'user.created') {
      const { userName, path, at } = change;
      if (!this.#users.has(userName)) this.#add({ userName, path, createdAt: at });
      return;
    }
    const userName = change.type === 'key.put' ? change.key.userName : change.userName;
    const user = this.#users.get(userName);
    if (user === undefined) return;
    switch (change.type) {
      case 'user.deleted':
        this.#users.delete(userName);
        return;
      case 'key.put':
        user.keys.set(change.key.accessKeyId, change.key);
        this.#owners.set(change.key.accessKeyId, userName);
        return;
      case 'key.deleted':
        user.keys.delete(change.accessKeyId);
        this.#owners.delete(change.accessKeyId);
        return;
      case 'policy.put':
        user.policies.set(change.policyName, change.text);
        user.compiled = undefined;
        return;
      case 'policy.deleted':
        user.policies.delete(change.policyName);
        user.compiled = undefined;
        return;
      default:
        throw new Error(`unknown change: ${JSON.stringify(change satisfies never)}`);
    }
  }

  /** The changes that would make these users out of the configured ones. */
  *snapshot(): Generator<UserChange> {
    for (const user of this.#users.values()) {
      const { userName, path, createdAt: at } = user;
      if (!user.isConfigured) yield { type: 'user.created', userName, path, at };
      const [, ...added] = user.keys.values();
      for (const key of user.isConfigured ? added : user.keys.values()) {
        yield { type: 'key.put', key };
      }
      for (const [policyName, text] of user.policies) {
        yield { type: 'policy.put', userName, policyName, text };
      }
    }
  }

  #configure(identity: IdentityOptions): void {
    const { userName, accessKeyId, secretAccessKey, policy, isRoot = false } = identity;
    const { statements } = compilePolicy(policy === 'full' ? FULL_ACCESS : policy);
    this.#add({ userName, path: '/', createdAt: 0 }, { isRoot, statements });
    const key = { userName, accessKeyId, secretAccessKey, createdAt: 0, usableFrom: 0 };
    this.apply({ type: 'key.put', key: { ...key, isActive: true } });
  }

  #add(
    named: Pick<User, 'userName' | 'path' | 'createdAt'>,
    configured?: { readonly isRoot: boolean; readonly statements: readonly CompiledStatement[] },
  ): void {
    const isRoot = configured?.isRoot === true;
    const resource = isRoot ? 'root' : `user${named.path}${named.userName}`;
    const arn = `arn:aws:iam::${this.#accountId}:${resource}`;
    // A user that is deleted and made again is another one: its instant makes the difference.
    const seed = configured === undefined ? `${arn}@${named.createdAt}` : arn;
    this.#users.set(named.userName, {
      ...named,
      arn,
      userId: isRoot ? this.#accountId : identifier('AIDA', seed),
      isConfigured: configured !== undefined,
      isRoot,
      keys: new Map(),
      policies: new Map(),
      configured: configured?.statements ?? [],
      compiled: undefined,
    });
  }
}

/** A stable identifier like AWS' own: a prefix and 17 characters that follow from the ARN. */
export function identifier(prefix: string, arn: string): string {
  const hash = createHash('sha256').update(arn).digest('hex').toUpperCase();
  return `${prefix}${hash.slice(0, 17)}`;
}
