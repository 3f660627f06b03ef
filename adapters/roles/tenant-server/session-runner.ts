import {
  backupSessionMachine,
  type MoverRole,
  type SessionRequest,
} from '../../../machines/backup-session/index.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { EventLog, JsonObject } from '../../../machines/ports/event-log.ts';
import type { LinkMessage } from '../../../machines/ports/link.ts';
import { type HostedMachine, hostMachine } from '../../../machines/ports/machine-host.ts';
import {
  type ErrorCode,
  FortnightError,
  toFortnightError,
} from '../../../machines/rules/errors.ts';
import type { Route, TargetHost } from '../../../machines/rules/route.ts';
import { MINUTE_MS } from '../../../machines/rules/time.ts';
import type { MoverSpawner } from '../mover-spawner.ts';
import { contactFact, openedFact } from './contact-facts.ts';
import { MoverReports } from './mover-reports.ts';
import { LocalMovers } from './movers.ts';
import { codeOf, logHops, logStarted, stateName } from './session-facts.ts';
import type { SessionJob, SessionResult } from './session-job.ts';
import { sessionResult } from './session-result.ts';
import { localMoverConfig, type OpenedSession, openingHeader } from './session-work.ts';

export interface SessionRunnerOptions {
  readonly tenant: string;
  readonly job: SessionJob;
  readonly clock: Clock;
  readonly transportClock: Clock;
  readonly log: EventLog;
  readonly spawner: MoverSpawner;
  readonly gatewayAddress: string;
  readonly sessionKeyOf: (session: string) => string;
  readonly requireChannel: () => void;
  readonly sendToProvider: (type: string, header: JsonObject) => void;
  readonly onProgress: (sessionId: string, counts: JsonObject) => void;
}

/** Runs one session machine on the tenant server: carries out its requests, brings it its facts. */
export class SessionRunner {
  readonly result: Promise<SessionResult>;
  readonly #options: SessionRunnerOptions;
  readonly #machine: HostedMachine<typeof backupSessionMachine>;
  readonly #movers: LocalMovers;
  readonly #reports: MoverReports;
  #resolve: (result: SessionResult) => void = () => {};
  #opened: OpenedSession = { ticket: '', sessionKey: '', startedAt: 0 };
  #targetAddress: string | null = null;
  #isRemoteTargetUp = false;
  #isRemoteStarting = false;
  #onRemoteStopped: (() => void) | null = null;
  #lastState = '';
  #hasEnded = false;
  /** The target mover has been told to ask the SP, and has not said what came of it. */
  #isCredentialAsked = false;

  constructor(options: SessionRunnerOptions) {
    this.#options = options;
    const { job, log, tenant } = options;
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#reports = new MoverReports({
      transportClock: options.transportClock,
      send: (fact) => this.#machine.send(fact),
      onProgress: (counts) => options.onProgress(job.id, counts),
    });
    this.#movers = new LocalMovers(options.spawner, options.transportClock, {
      onMessage: (role, message) => this.#fromMover(role, message),
      onCrash: (role) => this.#onMoverGone(role, 'mover.exited'),
      onNotStarted: (role) =>
        this.#machine.send({ type: 'mover.failed', role, code: 'mover.notStarted' }),
    });
    logStarted(log, tenant, job);
    this.#machine = hostMachine({
      machine: backupSessionMachine,
      clock: options.clock,
      input: {
        sessionId: job.id,
        operation: job.operation,
        inSession: job.inSession,
        marginMs: job.marginMs,
        reconnectBudgetMs: 30 * MINUTE_MS,
        answerTimeoutMs: 5 * MINUTE_MS,
        restartsMax: 3,
        heartbeatMs: MINUTE_MS,
        quotaWaitMs: job.quotaWaitMs,
      },
      // A request that is made while the machine starts waits until it is here to be answered.
      onRequest: (request) => queueMicrotask(() => this.#perform(request)),
      onTransition: () => this.#onTransition(),
      onError: (error) => this.#end('failed', toFortnightError(error, 'protocol.violation')),
    });
  }

  /** Whether the session waits for an answer of somebody; a jump of the clock lets it come first. */
  isWaitingForAnswer(): boolean {
    if (this.#hasEnded) return false;
    // A check on a heartbeat (C15 proactive) goes on beside the transfer and has no deadline.
    return this.#isCredentialAsked || this.#machine.snapshot().context.deadlines.budget !== null;
  }

  cancel(): void {
    this.#machine.send({ type: 'session.cancelled' });
  }

  pause(): void {
    this.#machine.send({ type: 'session.paused' });
  }

  continue(): void {
    this.#machine.send({ type: 'session.continued' });
  }

  killMover(role: MoverRole): boolean {
    return this.#movers.kill(role);
  }

  channelUp(): void {
    // F5: what was said on the connection before may be lost; saying it again does no harm.
    const { sendToProvider, job } = this.#options;
    if (this.#onRemoteStopped !== null) sendToProvider('target.stop', { session: job.id });
    else if (this.#isRemoteStarting) sendToProvider('target.start', { session: job.id });
    this.#machine.send({ type: 'channel.up' });
  }

  channelDown(): void {
    this.#machine.send({ type: 'channel.down' });
  }

  channelRefused(code: ErrorCode): void {
    this.#end('failed', new FortnightError(code));
  }

  fromProvider(message: LinkMessage): void {
    const { header } = message;
    switch (message.type) {
      case 'session.opened':
        this.#opened = {
          ticket: String(header.ticket),
          sessionKey: this.#options.sessionKeyOf(this.#options.job.id),
          startedAt: Number(header.startedAt),
        };
        this.#machine.send(openedFact(header));
        return;
      case 'session.refused':
        this.#machine.send({ type: 'session.refused', code: codeOf(header) });
        return;
      case 'session.closed':
        this.#reports.counts.gateway = Number(header.gatewayBytes ?? 0);
        this.#machine.send({ type: 'session.closed' });
        return;
      case 'session.stop':
        this.#machine.send({ type: 'session.cancelled' });
        return;
      case 'session.gone':
        // The SP was started again and knows nothing of this session.
        this.#machine.send({ type: 'transfer.failed', code: codeOf(header) });
        return;
      case 'quota.raised':
        this.#machine.send({ type: 'quota.raised' });
        return;
      case 'target.stopped':
        if (this.#onRemoteStopped === null) this.#onMoverGone('target', 'mover.exited');
        this.#isRemoteTargetUp = false;
        this.#onRemoteStopped?.();
        return;
      case 'target.report':
        this.#fromRemoteTarget(String(header.report), header);
        return;
      default:
        return;
    }
  }

  get #route(): Route | null {
    return this.#hasEnded ? this.#endedRoute : this.#machine.snapshot().context.route;
  }
  #endedRoute: Route | null = null;

  get #isTargetLocal(): boolean {
    return this.#route?.dataPath === 'direct';
  }

  #log(node: string, type: string, data: JsonObject): void {
    this.#options.log.write({ node, type, session: this.#options.job.id, data });
  }

  #perform(request: SessionRequest): void {
    const { job, requireChannel, sendToProvider } = this.#options;
    if (this.#hasEnded) return;
    switch (request.type) {
      case 'channel.require':
        requireChannel();
        return;
      case 'session.open':
        sendToProvider('session.open', openingHeader(job));
        return;
      case 'mover.start':
        this.#startMover(request.role, request.host);
        return;
      case 'mover.contact':
        this.#movers.tell('target', 'order.contact');
        return;
      case 'credential.request': {
        this.#isCredentialAsked = true;
        const { type: _type, ...asked } = request;
        this.#movers.tell('target', 'order.requestCredential', asked);
        return;
      }
      case 'credential.checked': {
        const { type, at, ...facts } = request;
        this.#options.log.write({
          node: `tenant:${this.#options.tenant}`,
          type,
          session: job.id,
          data: { by: 'tenant', ...facts },
          at,
        });
        return;
      }
      case 'transfer.start':
        this.#startTransfer();
        return;
      case 'transfer.pause':
        this.#orderTarget('pause');
        return;
      case 'transfer.resume':
        this.#orderTarget('resume');
        return;
      case 'transfer.cleanUp':
        this.#orderTarget('cleanUp');
        return;
      case 'transfer.abort':
        this.#movers.tell('source', 'order.abort', { code: request.code });
        this.#orderTarget('abort', request.code);
        return;
      case 'quota.ask':
        return; // The mover has asked; the SP says `quota.raised` by itself.
      case 'movers.stop':
        void this.#stopMovers();
        return;
      case 'session.close':
        sendToProvider('session.close', {
          session: job.id,
          state: request.state,
          code: request.code,
        });
        return;
      default:
        request satisfies never;
    }
  }

  #startMover(role: MoverRole, host: TargetHost): void {
    const { tenant, job, gatewayAddress, sendToProvider } = this.#options;
    if (role === 'source') this.#reports.beginPair();
    if (role === 'target' && !this.#isTargetLocal) {
      this.#isRemoteTargetUp = true;
      this.#isRemoteStarting = true;
      sendToProvider('target.start', { session: job.id });
      return;
    }
    const mover = { role, host, gatewayAddress };
    this.#movers.start(role, localMoverConfig(tenant, job, this.#opened, mover));
  }

  #startTransfer(): void {
    this.#orderTarget('start');
    const address = this.#isTargetLocal ? this.#targetAddress : this.#options.gatewayAddress;
    this.#movers.tell('source', 'order.start', { address, ticket: this.#opened.ticket });
  }

  #orderTarget(order: string, code: ErrorCode | null = null): void {
    const header = code === null ? {} : { code };
    if (this.#isTargetLocal) {
      this.#movers.tell('target', `order.${order}`, header);
      return;
    }
    const session = this.#options.job.id;
    this.#options.sendToProvider('mover.order', { session, order, ...header });
  }

  async #stopMovers(): Promise<void> {
    this.#isRemoteStarting = false;
    const { tenant, job, sendToProvider } = this.#options;
    const remote = this.#isRemoteTargetUp
      ? new Promise<void>((resolve) => {
          this.#onRemoteStopped = resolve;
          sendToProvider('target.stop', { session: job.id });
        })
      : Promise.resolve();
    const stopped = await this.#movers.stop();
    for (const role of stopped) this.#log(`tenant:${tenant}`, 'mover.exited', this.#placed(role));
    await remote;
    this.#onRemoteStopped = null;
    this.#machine.send({ type: 'movers.stopped' });
  }

  #placed(role: MoverRole): JsonObject {
    const route = this.#route;
    return {
      role,
      host: role === 'source' ? (route?.sourceHost ?? null) : (route?.targetHost ?? null),
    };
  }

  #fromMover(role: MoverRole, message: LinkMessage): void {
    const { type, header } = message;
    switch (type) {
      case 'log':
        this.#log(
          `mover:${this.#options.job.id}:${role}`,
          String(header.type),
          header.data as JsonObject,
        );
        return;
      case 'mover.ready':
        if (role === 'target') this.#targetAddress = String(header.dataAddress);
        this.#log(`tenant:${this.#options.tenant}`, 'mover.started', this.#placed(role));
        this.#machine.send({ type: 'mover.ready', role });
        return;
      case 'contact.made':
        this.#log(`tenant:${this.#options.tenant}`, 'channel.up', { role: 'target' });
        this.#machine.send(contactFact(type, header));
        return;
      case 'contact.lost':
        this.#isCredentialAsked = false;
        this.#log(`tenant:${this.#options.tenant}`, 'channel.down', { role: 'target' });
        this.#machine.send(contactFact(type, header));
        return;
      case 'credential.delivered':
      case 'credential.refused':
        this.#isCredentialAsked = false;
        this.#machine.send(contactFact(type, header));
        return;
      default:
        this.#reports.take(role, type, header);
    }
  }

  #fromRemoteTarget(type: string, header: JsonObject): void {
    this.#isRemoteStarting = false;
    switch (type) {
      case 'mover.ready':
        this.#machine.send({ type: 'mover.ready', role: 'target' });
        return;
      case 'mover.failed':
      case 'credential.refused':
        this.#isRemoteTargetUp = type === 'credential.refused';
        this.#machine.send({ type: 'mover.failed', role: 'target', code: codeOf(header) });
        return;
      default:
        this.#reports.take('target', type, header);
    }
  }

  #onMoverGone(role: MoverRole, code: ErrorCode): void {
    if (role === 'target') {
      this.#isRemoteTargetUp = false;
      this.#isCredentialAsked = false;
    }
    this.#log(`tenant:${this.#options.tenant}`, 'mover.exited', this.#placed(role));
    this.#machine.send({ type: 'mover.failed', role, code });
  }

  #onTransition(): void {
    const snapshot = this.#machine?.snapshot();
    if (snapshot === undefined || this.#hasEnded) return;
    const state = stateName(snapshot.value);
    if (state !== this.#lastState) {
      this.#lastState = state;
      this.#log(`tenant:${this.#options.tenant}`, 'session.state', { state });
    }
    if (snapshot.status === 'done' && snapshot.output !== undefined) {
      const { state: ended, code } = snapshot.output;
      this.#end(ended, code === null ? null : new FortnightError(code, this.#reports.detail));
    }
  }

  #end(state: SessionResult['state'], error: FortnightError | null): void {
    if (this.#hasEnded) return;
    this.#endedRoute = this.#machine.snapshot().context.route;
    const generation = this.#machine.snapshot().context.credential?.generation ?? null;
    this.#hasEnded = true;
    const { job, tenant } = this.#options;
    const { summaries, counts } = this.#reports;
    const verified = summaries.get('source')?.verified ?? null;
    const bytes = { ...counts };
    logHops(this.#options.log, job, this.#endedRoute, bytes);
    const code = error?.code ?? null;
    this.#log(`tenant:${tenant}`, 'session.ended', { state, code, bytes, verified });
    this.#machine.stop();
    void this.#movers.stop();
    const detail = error?.message ?? '';
    const end = { route: this.#endedRoute, state, code, detail, generation };
    this.#resolve(sessionResult(tenant, job, this.#reports, end));
  }
}
