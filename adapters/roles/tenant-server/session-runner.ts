import {
  backupSessionMachine,
  type MoverRole,
  type SessionRequest,
  type TenantCheck,
} from '../../../machines/backup-session/index.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { EventLog, JsonObject } from '../../../machines/ports/event-log.ts';
import type { LinkMessage } from '../../../machines/ports/link.ts';
import { type HostedMachine, hostMachine } from '../../../machines/ports/machine-host.ts';
import {
  type ErrorCode,
  FortnightError,
  isErrorCode,
  toFortnightError,
} from '../../../machines/rules/errors.ts';
import type { Route, TargetHost } from '../../../machines/rules/route.ts';
import { MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import type { TransferSpec, TransferSummary } from '../../transfer/types.ts';
import type { MoverConfig } from '../mover/config.ts';
import type { MoverSpawner } from '../mover-spawner.ts';
import { LocalMovers } from './movers.ts';
import type { SessionJob, SessionResult } from './session-job.ts';

/** The end of the connection between the movers reaches one of them first; the reason may follow. */
const REASON_GRACE_MS = SECOND_MS;

export interface SessionRunnerOptions {
  readonly tenant: string;
  readonly job: SessionJob;
  readonly clock: Clock;
  readonly transportClock: Clock;
  readonly log: EventLog;
  readonly spawner: MoverSpawner;
  readonly gatewayAddress: string;
  readonly requireChannel: () => void;
  readonly sendToProvider: (type: string, header: JsonObject) => void;
  readonly onProgress: (sessionId: string, counts: JsonObject) => void;
}

interface Counts {
  source: number;
  gateway: number;
  storage: number;
}

/** Runs one session machine on the tenant server: carries out its requests, brings it its facts. */
export class SessionRunner {
  readonly result: Promise<SessionResult>;
  readonly #options: SessionRunnerOptions;
  readonly #machine: HostedMachine<typeof backupSessionMachine>;
  readonly #movers: LocalMovers;
  readonly #summaries = new Map<MoverRole, TransferSummary>();
  readonly #counts: Counts = { source: 0, gateway: 0, storage: 0 };
  #resolve: (result: SessionResult) => void = () => {};
  #ticket = '';
  #startedAt = 0;
  #targetAddress: string | null = null;
  #isRemoteTargetUp = false;
  #onRemoteStopped: (() => void) | null = null;
  #detail = '';
  #lastState = '';
  #hasEnded = false;

  constructor(options: SessionRunnerOptions) {
    this.#options = options;
    const { job, log, tenant } = options;
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#movers = new LocalMovers(options.spawner, options.transportClock, {
      onMessage: (role, message) => this.#fromMover(role, message),
      onCrash: (role) => this.#onMoverGone(role, 'mover.exited'),
      onNotStarted: (role) =>
        this.#machine.send({ type: 'mover.failed', role, code: 'mover.notStarted' }),
    });
    log.write({
      node: `tenant:${tenant}`,
      type: 'session.started',
      session: job.id,
      data: {
        tenant,
        subtenant: job.subtenant,
        repository: job.repository,
        operation: job.operation,
        jobKind: job.jobKind,
        backup: job.backup,
      },
    });
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
    return this.#machine.snapshot().context.deadlines.budget !== null;
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

  killMover(role: MoverRole): void {
    this.#movers.kill(role);
  }

  channelUp(): void {
    this.#machine.send({ type: 'channel.up' });
  }

  channelDown(): void {
    this.#machine.send({ type: 'channel.down' });
  }

  channelRefused(code: ErrorCode): void {
    this.#end('failed', new FortnightError(code));
  }

  adoptClock(state: JsonObject): void {
    this.#movers.tell('source', 'clock.adopt', { state });
    this.#movers.tell('target', 'clock.adopt', { state });
  }

  fromProvider(message: LinkMessage): void {
    const { header } = message;
    switch (message.type) {
      case 'session.opened':
        this.#ticket = String(header.ticket);
        this.#startedAt = Number(header.startedAt);
        this.#machine.send({
          type: 'session.opened',
          route: header.route as unknown as Route,
          check: header.check as unknown as TenantCheck | null,
        });
        return;
      case 'session.refused':
        this.#machine.send({ type: 'session.refused', code: codeOf(header) });
        return;
      case 'session.closed':
        this.#counts.gateway = Number(header.gatewayBytes ?? 0);
        this.#machine.send({ type: 'session.closed' });
        return;
      case 'session.stop':
        this.#machine.send({ type: 'session.cancelled' });
        return;
      case 'quota.raised':
        this.#machine.send({ type: 'quota.raised' });
        return;
      case 'target.stopped':
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
        return requireChannel();
      case 'session.open':
        return sendToProvider('session.open', {
          session: job.id,
          subtenant: job.subtenant,
          repository: job.repository,
          operation: job.operation,
          jobKind: job.jobKind,
          backup: job.backup,
          restorePoint: job.restorePoint,
          blockBytes: job.blockBytes,
          needsHttpProxy: job.needsHttpProxy,
          isTenantConfigBackup: job.isTenantConfigBackup,
        });
      case 'mover.start':
        return this.#startMover(request.role, request.host);
      case 'mover.contact':
        return this.#movers.tell('target', 'order.contact');
      case 'credential.request': {
        const { type: _type, ...asked } = request;
        return this.#movers.tell('target', 'order.requestCredential', asked);
      }
      case 'credential.checked': {
        const { type, at, ...facts } = request;
        return this.#options.log.write({
          node: `tenant:${this.#options.tenant}`,
          type,
          session: job.id,
          data: { by: 'tenant', ...facts },
          at,
        });
      }
      case 'transfer.start':
        return this.#startTransfer();
      case 'transfer.pause':
        return this.#orderTarget('pause');
      case 'transfer.resume':
        return this.#orderTarget('resume');
      case 'transfer.cleanUp':
        return this.#orderTarget('cleanUp');
      case 'transfer.abort':
        this.#movers.tell('source', 'order.abort', { code: request.code });
        return this.#orderTarget('abort', request.code);
      case 'quota.ask':
        return; // The mover has asked; the SP says `quota.raised` by itself.
      case 'movers.stop':
        void this.#stopMovers();
        return;
      case 'session.close':
        return sendToProvider('session.close', {
          session: job.id,
          state: request.state,
          code: request.code,
        });
      default:
        request satisfies never;
    }
  }

  #spec(): TransferSpec {
    const { job, tenant } = this.#options;
    return {
      sessionId: job.id,
      operation: job.operation,
      scope: { tenant, subtenant: job.subtenant, repository: job.repository },
      backup: job.backup,
      restorePoint: job.restorePoint,
      blockBytes: job.blockBytes,
      startedAt: this.#startedAt,
    };
  }

  #startMover(role: MoverRole, host: TargetHost): void {
    const { job, gatewayAddress, sendToProvider } = this.#options;
    this.#summaries.clear();
    if (role === 'target' && !this.#isTargetLocal) {
      this.#isRemoteTargetUp = true;
      return sendToProvider('target.start', { session: job.id });
    }
    const config: MoverConfig = {
      role,
      host,
      spec: this.#spec(),
      contact:
        role === 'source'
          ? null
          : {
              address: gatewayAddress,
              ticket: this.#ticket,
              connection: null,
              isAutomatic: false,
            },
      parallelRequests: job.parallelRequests,
      linkTimeoutMs: MINUTE_MS,
      source: role === 'source' ? job.source : null,
      sink: role === 'source' ? job.sink : null,
    };
    this.#movers.start(role, config);
  }

  #startTransfer(): void {
    this.#orderTarget('start');
    const address = this.#isTargetLocal ? this.#targetAddress : this.#options.gatewayAddress;
    this.#movers.tell('source', 'order.start', { address, ticket: this.#ticket });
  }

  #orderTarget(order: string, code: ErrorCode | null = null): void {
    const header = code === null ? {} : { code };
    if (this.#isTargetLocal) return this.#movers.tell('target', `order.${order}`, header);
    const session = this.#options.job.id;
    this.#options.sendToProvider('mover.order', { session, order, ...header });
  }

  async #stopMovers(): Promise<void> {
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
        return this.#log(
          `mover:${this.#options.job.id}:${role}`,
          String(header.type),
          header.data as JsonObject,
        );
      case 'mover.ready':
        if (role === 'target') this.#targetAddress = String(header.dataAddress);
        this.#log(`tenant:${this.#options.tenant}`, 'mover.started', this.#placed(role));
        this.#machine.send({ type: 'mover.ready', role });
        return;
      case 'contact.made':
        this.#log(`tenant:${this.#options.tenant}`, 'channel.up', { role: 'target' });
        this.#machine.send({
          type: 'contact.made',
          heldGeneration: Number(header.heldGeneration),
          heldExpiresAt: header.heldExpiresAt === null ? null : Number(header.heldExpiresAt),
        });
        return;
      case 'contact.lost':
        this.#log(`tenant:${this.#options.tenant}`, 'channel.down', { role: 'target' });
        this.#machine.send({ type: 'contact.lost' });
        return;
      case 'credential.delivered':
        this.#machine.send({
          type: 'credential.delivered',
          generation: Number(header.generation),
          expiresAt: header.expiresAt === null ? null : Number(header.expiresAt),
          degraded: header.degraded === true,
        });
        return;
      case 'credential.refused':
        this.#machine.send({ type: 'credential.refused', code: codeOf(header) });
        return;
      default:
        this.#onReport(role, type, header);
    }
  }

  #fromRemoteTarget(type: string, header: JsonObject): void {
    switch (type) {
      case 'mover.ready':
        this.#machine.send({ type: 'mover.ready', role: 'target' });
        return;
      case 'mover.exited':
        if (this.#onRemoteStopped === null) this.#onMoverGone('target', 'mover.exited');
        return;
      case 'mover.failed':
      case 'credential.refused':
        this.#isRemoteTargetUp = type === 'credential.refused';
        this.#machine.send({ type: 'mover.failed', role: 'target', code: codeOf(header) });
        return;
      default:
        this.#onReport('target', type, header);
    }
  }

  #onMoverGone(role: MoverRole, code: ErrorCode): void {
    if (role === 'target') this.#isRemoteTargetUp = false;
    this.#log(`tenant:${this.#options.tenant}`, 'mover.exited', this.#placed(role));
    this.#machine.send({ type: 'mover.failed', role, code });
  }

  #onReport(role: MoverRole, type: string, header: JsonObject): void {
    switch (type) {
      case 'report.progress':
        this.#count(role, header);
        return this.#options.onProgress(this.#options.job.id, { role, ...header });
      case 'report.completed':
        return this.#onCompleted(role, header.summary as unknown as TransferSummary);
      case 'report.failed':
        return this.#onFailed(role, header);
      case 'report.drained':
        this.#machine.send({ type: 'transfer.drained' });
        return;
      case 'report.cleaned':
        this.#machine.send({ type: 'transfer.cleaned' });
        return;
      case 'report.credentialExpired':
        this.#machine.send({ type: 'transfer.credentialExpired' });
        return;
      case 'report.quotaExhausted':
        this.#machine.send({ type: 'quota.exhausted' });
        return;
      default:
        return;
    }
  }

  #count(role: MoverRole, header: JsonObject): void {
    if (role === 'source') this.#counts.source = Number(header.linkBytes ?? this.#counts.source);
    else this.#counts.storage = Number(header.storageBytes ?? this.#counts.storage);
  }

  #onCompleted(role: MoverRole, summary: TransferSummary): void {
    this.#summaries.set(role, summary);
    this.#count(role, { linkBytes: summary.linkBytes, storageBytes: summary.storageBytes });
    if (this.#summaries.size === 2) this.#machine.send({ type: 'transfer.completed' });
  }

  #onFailed(role: MoverRole, header: JsonObject): void {
    this.#count(role, header);
    const code = codeOf(header);
    const report = (): void => {
      if (this.#detail === '') this.#detail = String(header.detail ?? '');
      this.#machine.send({ type: 'transfer.failed', code });
    };
    if (code !== 'link.lost') return report();
    const { transportClock } = this.#options;
    transportClock.wakeAt(transportClock.now() + REASON_GRACE_MS, report);
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
      this.#end(ended, code === null ? null : new FortnightError(code, this.#detail));
    }
  }

  #end(state: SessionResult['state'], error: FortnightError | null): void {
    if (this.#hasEnded) return;
    this.#endedRoute = this.#machine.snapshot().context.route;
    const generation = this.#machine.snapshot().context.credential?.generation ?? null;
    this.#hasEnded = true;
    const { job, tenant } = this.#options;
    const summary = this.#summaries.get('target') ?? null;
    const verified = this.#summaries.get('source')?.verified ?? null;
    const bytes = { ...this.#counts };
    this.#logHops(bytes);
    const code = error?.code ?? null;
    this.#log(`tenant:${tenant}`, 'session.ended', { state, code, bytes, verified });
    this.#machine.stop();
    void this.#movers.stop();
    this.#resolve({
      id: job.id,
      tenant,
      subtenant: job.subtenant,
      repository: job.repository,
      operation: job.operation,
      backup: job.backup,
      route: this.#endedRoute,
      state,
      code,
      detail: error?.message ?? '',
      bytes,
      generation,
      verified,
      summary: mergeSummaries(this.#summaries.get('source') ?? null, summary),
    });
  }

  /** What the two movers counted on their side of each hop (I3, I4). */
  #logHops(bytes: Counts): void {
    const { job } = this.#options;
    const between = this.#endedRoute?.dataPath === 'gateway' ? 'gateway' : 'target';
    const isUpward = job.operation === 'backup';
    const node = `mover:${job.id}`;
    const near = isUpward ? ['source', between] : [between, 'source'];
    const far = isUpward ? ['target', 'storage'] : ['storage', 'target'];
    for (const [end, hop, count] of [
      ['source', near, bytes.source],
      ['target', far, bytes.storage],
    ] as const) {
      const [from, to] = hop as [string, string];
      if (count > 0) this.#log(`${node}:${end}`, 'hop.bytes', { from, to, bytes: count });
    }
  }
}

function codeOf(header: JsonObject): ErrorCode {
  return isErrorCode(header.code) ? header.code : 'unknown';
}

/** `active.running`: nested state values as one dotted name. */
export function stateName(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[parent, child] = ['', '']] = Object.entries(value as Record<string, unknown>);
  return `${parent}.${stateName(child)}`;
}

/** The source knows files and source bytes; the target knows objects and restore points. */
function mergeSummaries(
  source: TransferSummary | null,
  target: TransferSummary | null,
): TransferSummary | null {
  if (source === null || target === null) return target ?? source;
  return {
    ...target,
    files: source.files,
    sourceBytes: source.sourceBytes,
    listing: target.listing ?? source.listing,
    restorePoint: target.restorePoint ?? source.restorePoint,
  };
}
