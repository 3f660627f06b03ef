import { type TargetMoverRequest, targetMoverMachine } from '../../../machines/data-mover/index.ts';
import type { Link, LinkMessage, Listener } from '../../../machines/ports/link.ts';
import { hostMachine } from '../../../machines/ports/machine-host.ts';
import type { ObjectStore } from '../../../machines/ports/object-store.ts';
import { secretsOf } from '../../../machines/ports/storage-credential.ts';
import { type ErrorCode, isErrorCode, toFortnightError } from '../../../machines/rules/errors.ts';
import { isExpired } from '../../../machines/rules/renewal.ts';
import { createTargetEngine } from '../../transfer/index.ts';
import type { EngineFact } from '../../transfer/types.ts';
import { tell } from '../messages.ts';
import type { MoverConfig, MoverEnvironment } from './config.ts';
import { type DataLink, listenForPartner } from './data-link.ts';
import { createProgressReporter, type ProgressReporter } from './progress.ts';
import { withProviderListing } from './provider-listing.ts';
import { createSpContact, type DeliveredToMover, type SpContact } from './sp-contact.ts';

/**
 * A target data mover: between the data link and the storage. It holds the opened credential, and
 * nobody else on a tenant host does (C6). Its machine decides; this class carries out.
 */
export class TargetMover {
  readonly #parent: Link;
  readonly #config: MoverConfig;
  readonly #environment: MoverEnvironment;
  readonly #progress: ProgressReporter;
  readonly #contact: SpContact;
  readonly #machine;
  readonly #stores: ObjectStore[] = [];
  #engine: ReturnType<typeof createTargetEngine> | null = null;
  #held: DeliveredToMover | null = null;
  #dataLink: DataLink | null = null;
  #listener: Listener | null = null;
  #isPartnerHere = false;
  #isLinkAwaited = false;
  #failure: { code: ErrorCode; detail: string } | null = null;
  #startReading: (reader: (message: LinkMessage) => Promise<void>) => void = () => {};

  constructor(parent: Link, config: MoverConfig, environment: MoverEnvironment) {
    this.#parent = parent;
    this.#config = config;
    this.#environment = environment;
    this.#progress = createProgressReporter(parent);
    this.#machine = hostMachine({
      machine: targetMoverMachine,
      clock: environment.transportClock,
      input: { linkTimeoutMs: config.linkTimeoutMs },
      onRequest: (request) => this.#perform(request),
      onError: (error) => this.#die(error),
    });
    this.#contact = createSpContact(config, environment, {
      onUp: (held) => {
        this.#machine.send({ type: 'contact.made' });
        tell(parent, 'contact.made', { ...held });
      },
      onDown: () => {
        this.#machine.send({ type: 'contact.lost' });
        tell(parent, 'contact.lost');
      },
      onDelivered: (delivered) => this.#take(delivered),
      onRefused: (code) => tell(parent, 'credential.refused', { code }),
      onGrant: (bytes) => this.#machine.send({ type: 'quota.granted', bytes }),
      onGrantRefused: () => this.#machine.send({ type: 'quota.refused' }),
      onError: (error) => this.#die(error),
    });
  }

  async start(): Promise<void> {
    const { sessionId } = this.#config.spec;
    const reader = new Promise<(message: LinkMessage) => Promise<void>>((resolve) => {
      this.#startReading = resolve;
    });
    const { link, listener } = await listenForPartner(this.#environment.listeners, {
      sessionId,
      ticket: this.#config.contact?.dataTicket ?? '',
      reader,
      onUp: () => {
        this.#isPartnerHere = true;
        if (this.#isLinkAwaited) this.#machine.send({ type: 'link.up' });
      },
      onDown: () => this.#machine.send({ type: 'link.down' }),
    });
    this.#dataLink = link;
    this.#listener = listener;
    this.#parent.onMessage((message) => this.#onOrder(message));
    // On an SP host the credential is fetched first: ready means ready to write (P7).
    if (this.#config.contact?.isAutomatic === true) this.#contact.open();
    else this.#reportReady();
  }

  #reportReady(): void {
    tell(this.#parent, 'mover.ready', { dataAddress: this.#listener?.address ?? null });
  }

  #take(delivered: DeliveredToMover): void {
    const isFirst = this.#held === null;
    if (this.#held !== null && delivered.credential.generation < this.#held.credential.generation) {
      return; // F25: an older generation that arrives late is ignored.
    }
    this.#held = delivered;
    const { generation, expiresAt } = delivered.credential;
    const store = this.#environment.createStore(delivered.location, delivered.credential, (use) =>
      tell(this.#parent, 'log', { type: 'storage.used', data: { generation, ...use } }),
    );
    const { listPage } = this.#contact;
    this.#stores.push(delivered.isListedByProvider ? withProviderListing(store, listPage) : store);
    this.#machine.send({
      type: 'credential.opened',
      generation,
      expiresAt,
      grantedBytes: this.#engine === null ? null : delivered.freshBytes,
    });
    if (this.#config.contact?.isAutomatic === true && isFirst) this.#reportReady();
    tell(this.#parent, 'credential.delivered', {
      generation,
      expiresAt,
      degraded: delivered.isDegraded,
    });
  }

  #store(): ObjectStore {
    const store = this.#stores.at(-1);
    if (store === undefined) throw new Error('a target mover has no credential yet');
    return store;
  }

  #mayStartRequest(): boolean {
    const expiresAt = this.#held?.credential.expiresAt ?? null;
    return expiresAt === null || !isExpired(expiresAt, this.#environment.clock.now());
  }

  #startEngine(): void {
    const engine = createTargetEngine({
      spec: this.#config.spec,
      store: this.#store(),
      send: (message) => (this.#dataLink as DataLink).send(message),
      onFact: (fact) => this.#onFact(fact),
      mayStartRequest: () => this.#mayStartRequest(),
      grantedBytes: this.#held?.grantedBytes ?? null,
      parallelRequests: this.#config.parallelRequests,
    });
    this.#engine = engine;
    this.#contact.countSpent(() => engine.spentBytes());
    this.#startReading((message) => engine.onMessage(message));
    engine.start();
  }

  #onFact(fact: EngineFact): void {
    switch (fact.type) {
      case 'engine.progress':
        this.#progress.report(fact);
        return;
      case 'engine.completed':
        this.#progress.complete(fact.summary);
        this.#machine.send({ type: 'engine.completed' });
        return;
      case 'engine.failed':
        this.#failure ??= { code: fact.code, detail: fact.detail };
        this.#machine.send({ type: 'engine.failed', code: fact.code });
        return;
      case 'engine.cleaned':
        this.#machine.send({ type: 'engine.cleaned' });
        return;
      default:
        this.#machine.send(fact);
    }
  }

  #perform(request: TargetMoverRequest): void {
    switch (request.type) {
      case 'contact.open':
        this.#contact.open();
        return;
      case 'link.await':
        this.#isLinkAwaited = true;
        // The machine is in the middle of a step: the partner may be here already.
        if (this.#isPartnerHere) {
          queueMicrotask(() => this.#machine.send({ type: 'link.up' }));
        }
        return;
      case 'engine.start':
        this.#startEngine();
        return;
      case 'engine.pause':
        this.#engine?.pause();
        return;
      case 'engine.resume':
        this.#engine?.resume(this.#store());
        return;
      case 'engine.grant':
        if (request.bytes > 0) this.#engine?.grant(request.bytes);
        return;
      case 'engine.abort':
        this.#engine?.abort(request.code);
        return;
      case 'engine.cleanUp':
        this.#engine?.cleanUp(this.#store());
        return;
      case 'quota.request':
        this.#contact.requestGrant(request.bytes);
        return;
      case 'report.completed':
        void this.#contact.reportSpent().then(() => this.#progress.sendCompleted());
        return;
      case 'report.failed':
        this.#reportFailed(request.code);
        return;
      case 'report.credentialExpired':
        tell(this.#parent, 'report.credentialExpired');
        return;
      case 'report.drained':
        tell(this.#parent, 'report.drained');
        return;
      case 'report.cleaned':
        tell(this.#parent, 'report.cleaned');
        return;
      case 'report.quotaExhausted':
        tell(this.#parent, 'report.quotaExhausted');
        return;
      case 'process.stop':
        this.#stop();
        return;
      default:
        request satisfies never;
    }
  }

  #reportFailed(code: ErrorCode): void {
    void this.#contact.reportSpent().then(() =>
      tell(this.#parent, 'report.failed', {
        code: this.#failure?.code ?? code,
        detail: this.#failure?.detail ?? '',
        ...this.#progress.counted(),
      }),
    );
  }

  async #onOrder(message: LinkMessage): Promise<void> {
    const { header } = message;
    switch (message.type) {
      case 'order.contact':
        this.#machine.send({ type: 'order.contact' });
        return;
      case 'order.requestCredential':
        this.#contact.requestCredential(header);
        return;
      case 'order.start':
        this.#machine.send({ type: 'order.start' });
        return;
      case 'order.pause':
        this.#machine.send({ type: 'order.pause' });
        return;
      case 'order.resume':
        this.#machine.send({ type: 'order.resume' });
        return;
      case 'order.cleanUp':
        this.#machine.send({ type: 'order.cleanUp' });
        return;
      case 'order.abort':
        this.#machine.send({
          type: 'order.abort',
          code: isErrorCode(header.code) ? header.code : 'session.cancelled',
        });
        return;
      case 'order.stop':
        this.#machine.send({ type: 'order.stop' });
        return;
      case 'clock.adopt':
        await this.#environment.adoptClock?.(header.state);
        tell(this.#parent, 'clock.adopted');
        return;
      default:
        return;
    }
  }

  #die(error: unknown): void {
    const { code, detail } = toFortnightError(error);
    tell(this.#parent, 'report.failed', { code, detail });
    this.#stop();
  }

  #stop(): void {
    this.#machine.stop();
    this.#dataLink?.close();
    void this.#listener?.close();
    this.#contact.close();
    for (const store of this.#stores) store.close();
    if (this.#held !== null) for (const secret of secretsOf(this.#held.credential)) secret.wipe();
    this.#environment.onStopped();
  }
}
