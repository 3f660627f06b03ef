import type { EventLog, JsonObject } from '../../../machines/ports/event-log.ts';
import type { Link } from '../../../machines/ports/link.ts';
import { tell } from '../messages.ts';
import type { MoverConfig } from '../mover/config.ts';
import type { SessionRecord } from './session-record.ts';

export interface HostListener {
  onReport(session: string, type: string, header: JsonObject): void;
  /** The connection to the host is gone. */
  onLost(): void;
}

interface GatewayCount {
  readonly fromSource: number;
  readonly fromTarget: number;
}

const NOTHING_COUNTED: GatewayCount = { fromSource: 0, fromTarget: 0 };

/** The SP's own hosts (gateway servers, mount servers) and its cloud gateway. */
export class HostDesk {
  readonly #log: EventLog;
  readonly #ownAddress: () => string;
  /** `null`: the host was here and is expected back (F6). */
  readonly #hosts = new Map<string, Link | null>();
  /** Starts that wait for their host; by session, so that a repeated one counts once. */
  readonly #awaiting = new Map<string, { readonly host: string; readonly start: () => void }>();
  readonly #counting = new Map<string, (count: GatewayCount) => void>();
  #gateway: Link | null = null;

  constructor(log: EventLog, ownAddress: () => string) {
    this.#log = log;
    this.#ownAddress = ownAddress;
  }

  addHost(name: string, link: Link, listener: HostListener): void {
    this.#hosts.set(name, link);
    link.onMessage((message) => {
      if (message.type === 'heartbeat') {
        tell(link, 'heartbeat.ack');
        return;
      }
      const { session, ...header } = message.header;
      listener.onReport(String(session), message.type, header);
    });
    link.onClose(() => {
      if (this.#hosts.get(name) !== link) return;
      this.#hosts.set(name, null);
      listener.onLost();
    });
    tell(link, 'hello.accepted');
    for (const [session, { host, start }] of [...this.#awaiting]) {
      if (host !== name) continue;
      this.#awaiting.delete(session);
      start();
    }
  }

  setGateway(link: Link): void {
    this.#gateway = link;
    link.onMessage(({ type, header }) => {
      if (type === 'heartbeat') tell(link, 'heartbeat.ack');
      if (type !== 'gateway.counted') return;
      this.#counting.get(String(header.session))?.({
        fromSource: Number(header.fromSource),
        fromTarget: Number(header.fromTarget),
      });
    });
    link.onClose(() => {
      if (this.#gateway === link) this.#gateway = null;
      for (const settle of this.#counting.values()) settle(NOTHING_COUNTED);
    });
    tell(link, 'hello.accepted');
  }

  /**
   * Starts the target mover on the session's host, or as soon as a host that was lost is back;
   * `false` when such a host has never been here.
   */
  start(record: SessionRecord, parallelRequests: number): boolean {
    const host = record.host === null ? undefined : this.#hosts.get(record.host);
    if (host === undefined || record.host === null) return false;
    if (host === null) {
      const start = (): void => void this.start(record, parallelRequests);
      this.#awaiting.set(record.id, { host: record.host, start });
      return true;
    }
    const config: MoverConfig = {
      role: 'target',
      host: record.route.targetHost,
      spec: record.spec,
      contact: {
        address: this.#ownAddress(),
        ticket: record.hostTicket,
        dataTicket: record.ticket,
        sessionKey: null,
        connection: null,
        isAutomatic: true,
      },
      parallelRequests,
      linkTimeoutMs: 60_000,
      source: null,
      sink: null,
    };
    record.targetStarts += 1;
    tell(host, 'mover.start', {
      session: record.id,
      start: record.targetStarts,
      config: config as unknown as JsonObject,
    });
    return true;
  }

  order(record: SessionRecord, order: string, header: JsonObject = {}): boolean {
    if (order === 'order.stop') this.#awaiting.delete(record.id);
    const host = record.host === null ? null : (this.#hosts.get(record.host) ?? null);
    if (host === null) return false;
    tell(host, order, { ...header, session: record.id });
    return true;
  }

  /** Tells the cloud gateway where the data of a session goes. */
  openDataRoute(record: SessionRecord, dataAddress: string): void {
    if (this.#gateway === null) return;
    tell(this.#gateway, 'gateway.route', {
      session: record.id,
      ticket: record.ticket,
      address: dataAddress,
    });
  }

  /**
   * Closes the session's way through the gateway and hears what passed there, hop by hop (I3, I4).
   * Resolves with the data bytes that the gateway has passed on, both directions together.
   */
  async closeDataRoute(record: SessionRecord): Promise<number> {
    const gateway = this.#gateway;
    this.#awaiting.delete(record.id);
    if (gateway === null) return 0;
    const counted = new Promise<GatewayCount>((resolve) => {
      this.#counting.set(record.id, resolve);
    });
    tell(gateway, 'gateway.unroute', { session: record.id });
    const { fromSource, fromTarget } = await counted;
    this.#counting.delete(record.id);
    this.#logHop(record, 'gateway', 'target', fromSource);
    this.#logHop(record, 'target', 'gateway', fromTarget);
    return fromSource + fromTarget;
  }

  #logHop(record: SessionRecord, from: string, to: string, bytes: number): void {
    if (bytes === 0) return;
    const data = { from, to, bytes };
    this.#log.write({ node: 'gateway', type: 'hop.bytes', session: record.id, data });
  }
}
