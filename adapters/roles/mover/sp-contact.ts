import type { JsonObject } from '../../../machines/ports/event-log.ts';
import type { LinkMessage } from '../../../machines/ports/link.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../../machines/ports/storage-credential.ts';
import { type ErrorCode, isErrorCode } from '../../../machines/rules/errors.ts';
import { CONNECTION_DEFAULTS, createSpConnection } from '../sp-connection.ts';
import { proveMover } from '../tenant-proof.ts';
import type { MoverConfig, MoverEnvironment } from './config.ts';
import { CredentialBox, type DeliveryTerms, requireLocation } from './credential-box.ts';
import { ListRequests } from './list-requests.ts';
import type { ListPage } from './provider-listing.ts';

/** What the SP holds for the scope, told at every contact (C11). */
export interface HeldByProvider {
  readonly heldGeneration: number;
  readonly heldExpiresAt: number | null;
}

export interface DeliveredToMover {
  readonly credential: StorageCredential;
  readonly location: StorageLocation;
  readonly isDegraded: boolean;
  readonly isListedByProvider: boolean;
  /** Bytes granted with the credential (P3, Q1); `null` where nothing is stored. */
  /** In all; `null` where nothing is stored. */
  readonly grantedBytes: number | null;
  /** The part of it that is new. */
  readonly freshBytes: number | null;
}

export interface ContactListener {
  onUp(held: HeldByProvider): void;
  onDown(): void;
  onDelivered(delivered: DeliveredToMover): void;
  onRefused(code: ErrorCode): void;
  onGrant(bytes: number): void;
  onGrantRefused(): void;
  onError(error: unknown): void;
}

/** A target mover's own conversation with the SP (P3, P4), in the direct route via the gateway. */
export interface SpContact {
  open(): void;
  requestCredential(asked: JsonObject): void;
  requestGrant(bytes: number): void;
  countSpent(spentBytes: () => number): void;
  /** Resolves when the SP has confirmed the count, or when it cannot be reached. */
  reportSpent(): Promise<void>;
  /** Also while the connection is down: it is asked again when it is back. */
  readonly listPage: ListPage;
  close(): void;
}

function heldFrom(header: JsonObject): HeldByProvider {
  return {
    heldGeneration: Number(header.heldGeneration ?? 0),
    heldExpiresAt: header.heldExpiresAt === null ? null : Number(header.heldExpiresAt),
  };
}

export function createSpContact(
  config: MoverConfig,
  environment: MoverEnvironment,
  listener: ContactListener,
): SpContact {
  if (config.contact === null) throw new Error('a target mover needs a way to the SP');
  const contact = config.contact;
  const session = config.spec.sessionId;
  const box = new CredentialBox();
  let requests = 0;
  let pendingRequest = '';
  let quotaRequests = 0;
  /** F24: the question for space that is open; an answer to another one is not heard. 0: none. */
  let openQuotaRequest = 0;
  let spent: () => number = () => 0;
  /** What the SP has granted to this mover in all; each answer tells the sum. */
  let receivedBytes = 0;
  const takeGrant = (totalBytes: number): number => {
    const freshBytes = Math.max(0, totalBytes - receivedBytes);
    receivedBytes += freshBytes;
    return freshBytes;
  };
  let confirmSpent: (() => void) | null = null;
  const lists = new ListRequests((header) => {
    connection.send('list.request', header).catch(() => {});
  });

  const takeDelivery = (message: LinkMessage): void => {
    const { header } = message;
    const { requestId, generation, expiresAt, degraded, grantedBytes, location } = header;
    // F24, F45: only the answer to the request that is open now.
    if (requestId !== pendingRequest || message.payload === undefined) return;
    pendingRequest = '';
    const terms: DeliveryTerms = {
      expiresAt: expiresAt === null ? null : Number(expiresAt),
      degraded: degraded === true,
      grantedBytes: grantedBytes === null ? null : Number(grantedBytes),
      location: requireLocation(location),
      isListedByProvider: header.isListedByProvider === true,
    };
    const credential = box.open(Buffer.from(message.payload), {
      session,
      requestId: String(requestId),
      generation: Number(generation),
      terms,
    });
    listener.onDelivered({
      credential,
      location: terms.location,
      isDegraded: terms.degraded,
      isListedByProvider: terms.isListedByProvider,
      grantedBytes: terms.grantedBytes,
      freshBytes: terms.grantedBytes === null ? null : takeGrant(terms.grantedBytes),
    });
  };

  const onMessage = (message: LinkMessage): void => {
    const { header } = message;
    switch (message.type) {
      case 'contact.state':
        listener.onUp(heldFrom(header));
        return;
      case 'credential.deliver':
        takeDelivery(message);
        return;
      case 'credential.refuse':
        if (header.requestId !== pendingRequest) return;
        pendingRequest = '';
        listener.onRefused(isErrorCode(header.code) ? header.code : 'unknown');
        return;
      case 'quota.granted':
      case 'quota.refused':
        if (header.request !== openQuotaRequest) return;
        openQuotaRequest = 0;
        if (message.type === 'quota.refused') listener.onGrantRefused();
        else listener.onGrant(takeGrant(Number(header.totalBytes)));
        return;
      case 'quota.reported':
        confirmSpent?.();
        return;
      case 'list.page':
      case 'list.refuse':
        lists.take(message);
        return;
      default:
        return;
    }
  };

  const requestCredential = (asked: JsonObject): void => {
    requests += 1;
    pendingRequest = `${box.publicKey.slice(0, 8)}-${requests}`;
    connection.send('credential.request', { ...asked, requestId: pendingRequest }).catch(() => {});
  };

  const connection = createSpConnection({
    clock: environment.transportClock,
    dialer: environment.dialer,
    address: contact.address,
    input: contact.connection ?? CONNECTION_DEFAULTS,
    hello: () => ({
      kind: 'mover',
      session,
      ticket: contact.ticket,
      publicKey: box.publicKey,
      proof: contact.sessionKey === null ? null : proveMover(contact.sessionKey, box.publicKey),
    }),
    onUp: (answer) => {
      listener.onUp(heldFrom(answer));
      lists.resend();
      if (contact.isAutomatic) {
        requestCredential({ trigger: 'connect', renew: false, heldGeneration: 0 });
      }
    },
    onDown: () => {
      confirmSpent?.();
      listener.onDown();
    },
    onRefused: (code) => {
      lists.end(code);
      listener.onRefused(code);
    },
    onMessage,
    onError: (error) => listener.onError(error),
  });

  return {
    open: () => {
      // C15: a logical reconnect when the connection is up, else a real one.
      if (connection.isUp()) connection.send('contact.refresh').catch(() => {});
      else connection.require();
    },
    requestCredential,
    requestGrant: (bytes) => {
      quotaRequests += 1;
      openQuotaRequest = quotaRequests;
      const asked = { request: quotaRequests, bytes, spentBytes: spent(), receivedBytes };
      connection.send('quota.request', asked).catch(() => {});
    },
    countSpent: (counter) => {
      spent = counter;
    },
    reportSpent: () =>
      new Promise((resolve) => {
        confirmSpent = () => {
          confirmSpent = null;
          resolve();
        };
        connection.send('quota.report', { spentBytes: spent() }).catch(() => confirmSpent?.());
      }),
    listPage: lists.ask,
    close: () => {
      lists.end('session.cancelled');
      connection.release();
    },
  };
}
