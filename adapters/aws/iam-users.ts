import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import type { Clock } from '../../machines/ports/clock.ts';
import { Secret } from '../../machines/ports/secret.ts';
import type { S3Keys } from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { clientOptions, createHttpHandler, signByClock } from '../s3/client.ts';
import { issuerErrorCode, translateIssuerError } from '../s3/issuer-errors.ts';

const POLICY_NAME = 'fortnight';
const SOCKETS_MAX = 4;

export interface IamUsersOptions {
  /** `null`: AWS's own of the region. */
  readonly endpoint: string | null;
  readonly region: string;
  readonly credential: S3Keys;
  readonly clock: Clock;
}

export interface NamedUser {
  readonly name: string;
  readonly path: string;
}

export interface NewKey {
  readonly keyId: string;
  readonly secretKey: Secret;
}

/** IAM is one service for a whole partition, with one address and one region to sign for. */
export function iamService(region: string): { readonly endpoint: string; readonly region: string } {
  if (region.startsWith('cn-')) {
    return { endpoint: 'https://iam.cn-north-1.amazonaws.com.cn', region: 'cn-north-1' };
  }
  if (region.startsWith('us-gov-')) {
    return { endpoint: 'https://iam.us-gov.amazonaws.com', region: 'us-gov-west-1' };
  }
  return { endpoint: 'https://iam.amazonaws.com', region: 'us-east-1' };
}

/**
 * The calls to IAM that the issuer needs, one method for each thing that is done. Nothing retries;
 * what is rejected with is translated and scrubbed. Removing what is not there (any more) succeeds.
 */
export class IamUsers {
  readonly #client: IAMClient;
  readonly #credential: S3Keys;

  constructor(options: IamUsersOptions) {
    const service = iamService(options.region);
    this.#credential = options.credential;
    this.#client = new IAMClient({
      ...clientOptions(options.credential, service.region),
      endpoint: options.endpoint ?? service.endpoint,
      requestHandler: createHttpHandler(SOCKETS_MAX),
    });
    signByClock(this.#client.config, options.clock);
  }

  /** Resolves `false` when there is a user of this name already. */
  create({ name, path }: NamedUser): Promise<boolean> {
    const command = new CreateUserCommand({ UserName: name, Path: path });
    return this.#unless('EntityAlreadyExists', 'CreateUser', () => this.#client.send(command));
  }

  async putPolicy(name: string, text: string): Promise<void> {
    const input = { UserName: name, PolicyName: POLICY_NAME, PolicyDocument: text };
    await this.#call('PutUserPolicy', () => this.#client.send(new PutUserPolicyCommand(input)));
  }

  async createKey(name: string): Promise<NewKey> {
    const command = new CreateAccessKeyCommand({ UserName: name });
    const { AccessKey } = await this.#call('CreateAccessKey', () => this.#client.send(command));
    const { AccessKeyId, SecretAccessKey } = AccessKey ?? {};
    if (!AccessKeyId || !SecretAccessKey) {
      throw new FortnightError('issuer.unavailable', 'CreateAccessKey: the answer is incomplete');
    }
    return { keyId: AccessKeyId, secretKey: new Secret(SecretAccessKey) };
  }

  /** Only users below the path, also where a vendor's IAM does not look at `PathPrefix`. */
  async list(pathPrefix: string): Promise<readonly NamedUser[]> {
    const found: NamedUser[] = [];
    for (let marker: string | undefined; ; ) {
      const command = new ListUsersCommand({ PathPrefix: pathPrefix, Marker: marker });
      const page = await this.#call('ListUsers', () => this.#client.send(command));
      for (const { UserName: name = '', Path: path = '' } of page.Users ?? []) {
        if (name !== '' && path.startsWith(pathPrefix)) found.push({ name, path });
      }
      marker = page.IsTruncated === true ? page.Marker : undefined;
      if (marker === undefined) return found;
    }
  }

  /** Two at most, so one page is all. Empty when there is no such user. */
  async keyIds(name: string): Promise<readonly string[]> {
    const ids: string[] = [];
    const command = new ListAccessKeysCommand({ UserName: name });
    await this.#unless('NoSuchEntity', 'ListAccessKeys', async () => {
      const { AccessKeyMetadata = [] } = await this.#client.send(command);
      ids.push(...AccessKeyMetadata.map(({ AccessKeyId = '' }) => AccessKeyId));
    });
    return ids;
  }

  async deleteKey(name: string, keyId: string): Promise<void> {
    const command = new DeleteAccessKeyCommand({ UserName: name, AccessKeyId: keyId });
    await this.#unless('NoSuchEntity', 'DeleteAccessKey', () => this.#client.send(command));
  }

  /** Fails while the user has keys or policies. */
  async deleteUser(name: string): Promise<void> {
    const command = new DeleteUserCommand({ UserName: name });
    await this.#unless('NoSuchEntity', 'DeleteUser', () => this.#client.send(command));
  }

  /** The keys first: from then on nothing of it is usable. Tells the key ids. */
  async remove(name: string): Promise<readonly string[]> {
    const ids = await this.keyIds(name);
    for (const id of ids) await this.deleteKey(name, id);
    for (const policy of await this.#policyNames(name)) {
      const command = new DeleteUserPolicyCommand({ UserName: name, PolicyName: policy });
      await this.#unless('NoSuchEntity', 'DeleteUserPolicy', () => this.#client.send(command));
    }
    await this.deleteUser(name);
    return ids;
  }

  close(): void {
    this.#client.destroy();
  }

  async #policyNames(name: string): Promise<readonly string[]> {
    const names: string[] = [];
    const command = new ListUserPoliciesCommand({ UserName: name });
    await this.#unless('NoSuchEntity', 'ListUserPolicies', async () => {
      names.push(...((await this.#client.send(command)).PolicyNames ?? []));
    });
    return names;
  }

  async #call<Answer>(operation: string, run: () => Promise<Answer>): Promise<Answer> {
    try {
      return await run();
    } catch (thrown) {
      throw translateIssuerError(thrown, operation, this.#credential);
    }
  }

  /** Resolves `false` for this one code, which is an answer and no failure. */
  async #unless(code: string, operation: string, run: () => Promise<unknown>): Promise<boolean> {
    return this.#call(operation, async () => {
      try {
        await run();
        return true;
      } catch (thrown) {
        if (issuerErrorCode(thrown) === code) return false;
        throw thrown;
      }
    });
  }
}
