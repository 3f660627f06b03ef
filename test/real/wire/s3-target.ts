import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { PROFILES, type ProfileName, startStorage } from '../../../sim/storage/index.ts';
import type { CephServer } from '../servers/ceph.ts';
import { type Answer, answerOf } from './check.ts';
import { sendSigned, type WireKeys, type WireReply, type WireRequest } from './signed-request.ts';

export const BUCKET = 'wire';
const HOUR_MS = 3_600_000;
const nothing = (): void => undefined;
/** The SDK remarks on streams that it cannot send again; here that is what is asked for. */
const SILENT = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

export interface AssumeWords {
  readonly seconds?: number;
  /** Statements of a session policy. */
  readonly statements?: readonly object[];
  readonly policyText?: string;
  readonly roleArn?: string;
  readonly sessionName?: string;
  readonly keys?: WireKeys;
}

export interface IssuedSession extends WireKeys {
  readonly sessionToken: string;
  readonly expiresAt: number;
}

interface S3Server {
  readonly endpoint: string;
  readonly owner: WireKeys;
  readonly stranger: WireKeys;
  readonly roles: { readonly twelveHours: string; readonly oneHour: string };
  moveClock(offsetMs: number): void;
  stop(): Promise<void>;
}

/** An S3 server with clients in front of it, whose clocks move along with the server's. */
export class S3Target {
  readonly endpoint: string;
  readonly owner: WireKeys;
  readonly stranger: WireKeys;
  readonly roles: S3Server['roles'];
  readonly #server: S3Server;
  readonly #clients = new Map<string, { destroy(): void }>();
  #offsetMs = 0;

  constructor(server: S3Server) {
    this.#server = server;
    this.endpoint = server.endpoint;
    this.owner = server.owner;
    this.stranger = server.stranger;
    this.roles = server.roles;
  }

  /** What the server takes the time to be. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Runs with the server's clock moved, and moves it back. */
  async at<Result>(offsetMs: number, run: () => Promise<Result>): Promise<Result> {
    this.#move(offsetMs);
    try {
      return await run();
    } finally {
      this.#move(0);
    }
  }

  s3(keys: WireKeys = this.owner, config: S3ClientConfig = {}): S3Client {
    const name = `s3 ${keys.accessKeyId} ${keys.sessionToken ?? ''} ${JSON.stringify(config)}`;
    return this.#client(name, () => {
      return new S3Client({
        ...this.#common(keys),
        forcePathStyle: true,
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
        logger: SILENT,
        ...config,
      });
    });
  }

  sts(keys: WireKeys = this.owner): STSClient {
    const name = `sts ${keys.accessKeyId} ${keys.sessionToken ?? ''}`;
    return this.#client(name, () => new STSClient(this.#common(keys)));
  }

  send(request: Omit<WireRequest, 'keys'> & { readonly keys?: WireKeys }): Promise<WireReply> {
    return sendSigned(this.endpoint, { keys: this.owner, at: this.now(), ...request });
  }

  async assume(words: AssumeWords = {}): Promise<IssuedSession> {
    const { seconds = 900, statements, policyText } = words;
    const policy =
      policyText ??
      (statements && JSON.stringify({ Version: '2012-10-17', Statement: statements }));
    const command = new AssumeRoleCommand({
      RoleArn: words.roleArn ?? this.roles.twelveHours,
      RoleSessionName: words.sessionName ?? 'wire',
      DurationSeconds: seconds,
      ...(policy === undefined ? {} : { Policy: policy }),
    });
    const { Credentials: issued } = await this.sts(words.keys).send(command);
    return {
      accessKeyId: issued?.AccessKeyId ?? '',
      secretAccessKey: issued?.SecretAccessKey ?? '',
      sessionToken: issued?.SessionToken ?? '',
      expiresAt: issued?.Expiration?.getTime() ?? 0,
    };
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy();
    await this.#server.stop();
  }

  #move(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    this.#server.moveClock(offsetMs);
  }

  #common(keys: WireKeys) {
    return {
      endpoint: this.endpoint,
      region: 'us-east-1',
      credentials: { ...keys },
      maxAttempts: 1,
    };
  }

  #client<Client extends S3Client | STSClient>(name: string, create: () => Client): Client {
    const known = this.#clients.get(name);
    if (known !== undefined) return known as Client;
    const client = create();
    // The SDK signs at Date.now() + offset, and would set the offset itself after each reply.
    Object.defineProperty(client.config, 'systemClockOffset', {
      get: () => this.#offsetMs,
      set: () => undefined,
    });
    this.#clients.set(name, client);
    return client;
  }
}

export function cephTarget(server: CephServer): S3Target {
  const { endpoint, credentials: owner, stranger, roles } = server;
  const moveClock = (offsetMs: number): void => server.moveClock(offsetMs);
  return new S3Target({ endpoint, owner, stranger, roles, moveClock, stop: () => server.stop() });
}

/** Ours, served in this process with the answers of one vendor. */
export async function oursTarget(profile: ProfileName): Promise<S3Target> {
  let offsetMs = 0;
  const owner = { accessKeyId: 'AKIAOWNER0000000WIRE', secretAccessKey: 'owner-secret' };
  const stranger = { accessKeyId: 'AKIASTRANGER000WIRE1', secretAccessKey: 'stranger-secret' };
  const arnOf = (name: string): string => `arn:aws:iam::123456789012:role/${name}`;
  const role = (name: string, hours: number) => ({
    name,
    arn: arnOf(name),
    trustedUserNames: ['owner'],
    policy: 'full' as const,
    maxSessionMs: hours * HOUR_MS,
  });
  const denied = {
    Version: '2012-10-17',
    Statement: { Effect: 'Deny', Action: 's3:*', Resource: '*' },
  } as const;
  const storage = await startStorage({
    clock: { now: () => Date.now() + offsetMs },
    state: { kind: 'memory' },
    profile: PROFILES[profile],
    identities: [
      { userName: 'owner', ...owner, policy: 'full' },
      { userName: 'stranger', ...stranger, policy: denied },
    ],
    roles: [role('twelve-hours', 12), role('one-hour', 1)],
    buckets: [],
  });
  return new S3Target({
    endpoint: storage.endpoint,
    owner,
    stranger,
    roles: { twelveHours: arnOf('twelve-hours'), oneHour: arnOf('one-hour') },
    moveClock: (moved) => {
      offsetMs = moved;
    },
    stop: () => storage.close(),
  });
}

interface SdkReply {
  readonly $metadata: { readonly httpStatusCode?: number };
}

/** The answer that a call of the SDK got, with fields of a reply that was no error. */
export async function outcome<Reply extends SdkReply>(
  call: Promise<Reply>,
  fields: (
    reply: Reply,
  ) => Readonly<Record<string, unknown>> | Promise<Record<string, unknown>> = () => ({}),
): Promise<Answer> {
  let reply: Reply;
  try {
    reply = await call;
  } catch (error) {
    return refusalOf(error);
  }
  return answerOf(reply.$metadata.httpStatusCode ?? 0, await fields(reply));
}

/** Status and code; the code of a reply without a body is what the SDK makes of it, so left out. */
function refusalOf(error: unknown): Answer {
  const { name, $metadata, Code, $response } = error as {
    name?: string;
    Code?: string;
    $metadata?: { httpStatusCode?: number };
    $response?: { statusCode?: number };
  };
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  if (status === undefined) throw error;
  const code = Code ?? (name === 'Unknown' || name === 'UnknownError' ? undefined : name);
  const isOfSdk = code === undefined || /^(\d+|NotFound|NotModified|Error)$/.test(code);
  return isOfSdk ? String(status) : `${status} ${code}`;
}

export function replyAnswer(
  reply: WireReply,
  fields: Readonly<Record<string, unknown>> = {},
): Answer {
  return answerOf(reply.code === '' ? reply.status : `${reply.status} ${reply.code}`, fields);
}
