import type { ConnectionInput } from '../../../machines/control-connection/index.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { EventLog, JsonObject } from '../../../machines/ports/event-log.ts';
import type { Dialer, LinkMessage } from '../../../machines/ports/link.ts';
import type { Secret } from '../../../machines/ports/secret.ts';
import type { MoverSpawner } from '../mover-spawner.ts';
import { createSpConnection, type SpConnection } from '../sp-connection.ts';
import { answerChallenge, sessionKeyOf, tenantKeyOf } from '../tenant-proof.ts';
import type { SessionJob, SessionResult } from './session-job.ts';
import { SessionRunner } from './session-runner.ts';

export interface TenantServerOptions {
  readonly tenant: string;
  /** What the tenant proves itself with to the SP. */
  readonly secret: Secret;
  readonly clock: Clock;
  readonly transportClock: Clock;
  readonly log: EventLog;
  readonly dialer: Dialer;
  /** All that the tenant knows of the SP's network (I17). */
  readonly gatewayAddress: string;
  readonly spawner: MoverSpawner;
  readonly connection?: ConnectionInput;
  readonly onProgress?: (sessionId: string, counts: JsonObject) => void;
  readonly onError: (error: unknown) => void;
}

/** The tenant backup server: its sessions and its one connection to the SP (P5). */
export class TenantServer {
  readonly #options: TenantServerOptions;
  readonly #connection: SpConnection;
  readonly #sessions = new Map<string, SessionRunner>();

  constructor(options: TenantServerOptions) {
    this.#options = options;
    this.#connection = createSpConnection({
      clock: options.transportClock,
      dialer: options.dialer,
      address: options.gatewayAddress,
      ...(options.connection === undefined ? {} : { input: options.connection }),
      hello: () => ({ kind: 'tenant', tenant: options.tenant }),
      answerChallenge: (nonce) => answerChallenge(options.secret.use(tenantKeyOf), nonce),
      onUp: () => this.#each((session) => session.channelUp()),
      onDown: () => this.#each((session) => session.channelDown()),
      onRefused: (code) => this.#each((session) => session.channelRefused(code)),
      onMessage: (message) => this.#onMessage(message),
      onError: options.onError,
    });
  }

  /** Starts a session; its result always comes, as a value. */
  run(job: SessionJob): Promise<SessionResult> {
    const session = new SessionRunner({
      ...this.#options,
      job,
      sessionKeyOf: (session) => sessionKeyOf(this.#options.secret.use(tenantKeyOf), session),
      requireChannel: () => this.#connection.require(),
      sendToProvider: (type, header) => {
        // A message that cannot go is like a lost one: the session's deadlines notice.
        this.#connection.send(type, header).catch(() => {});
      },
      onProgress: this.#options.onProgress ?? (() => {}),
    });
    this.#sessions.set(job.id, session);
    void session.result.then(() => this.#sessions.delete(job.id));
    return session.result;
  }

  session(id: string): SessionRunner | undefined {
    return this.#sessions.get(id);
  }

  sessions(): readonly SessionRunner[] {
    return [...this.#sessions.values()];
  }

  close(): void {
    for (const session of this.#sessions.values()) session.cancel();
    this.#connection.release();
  }

  #each(visit: (session: SessionRunner) => void): void {
    for (const session of [...this.#sessions.values()]) visit(session);
  }

  #onMessage(message: LinkMessage): void {
    this.#sessions.get(String(message.header.session))?.fromProvider(message);
  }
}
