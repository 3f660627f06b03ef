import type { EventLog, JsonObject } from '../../../machines/ports/event-log.ts';
import type { Link } from '../../../machines/ports/link.ts';
import { tell } from '../messages.ts';
import type { MoverConfig } from '../mover/config.ts';
import type { SessionRecord } from './session-record.ts';

type FromHost = (session: string, type: string, header: JsonObject) => void;

interface GatewayCount {
  readonly fromSource: number;
  readonly fromTarget: number;
}

/** The SP's own hosts (gateway servers, mount servers) and its cloud gateway. */
export class HostDesk {
  readonly #log: EventLog;
  readonly #ownAddress: () => string;
  readonly #hosts = new Map<string, Link>();
  readonly #counting = new Map<string, (count: GatewayCount) => void>();
  #gateway: Link | null = null;

  constructor(log: EventLog, ownAddress: () => string) {
    this.#log = log;
    this.#ownAddress = ownAddress;
  }

  addHost(name: string, link: Link, onReport: FromHost): void {
    this.#hosts.set(name, link);
    link.onMessage((message) => {
      const { session, ...header } = message.header;
      onReport(String(session), message.type, header);
    });
    link.onClose(() => {
      if (this.#hosts.get(name) === link) this.#hosts.delete(name);
    });
    tell(link, 'hello.accepted');
  }

  setGateway(link: Link): void {
    this.#gateway = link;
    link.onMessage(({ type, header }) => {
      if (type !== 'gateway.counted') return;
      this.#counting.get(String(header.session))?.({
        fromSource: Number(header.fromSource),
        fromTarget: Number(header.fromTarget),
      });
    });
    link.onClose(() => {
      for (const settle of this.#counting.values()) settle({ fromSource: 0, fromTarget: 0 });
    });
    tell(link, 'hello.accepted');
  }

  /** Starts the target mover on the session's host; `false` when the host is not connected. */
  start(record: SessionRecord, parallelRequests: number): boolean {
    const host = record.host === null ? undefined : this.#hosts.get(record.host);
    if (host === undefined) return false;
    const config: MoverConfig = {
      role: 'target',
      host: record.route.targetHost,
      spec: record.spec,
      contact: {
        address: this.#ownAddress(),
        ticket: record.ticket,
        connection: null,
        isAutomatic: true,
      },
      parallelRequests,
      linkTimeoutMs: 60_000,
      source: null,
      sink: null,
    };
    tell(host, 'mover.start', {
      session: record.id,
      config: config as unknown as JsonObject,
    });
    return true;
  }

  order(record: SessionRecord, order: string, header: JsonObject = {}): boolean {
    const host = record.host === null ? undefined : this.#hosts.get(record.host);
    if (host === undefined) return false;
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
