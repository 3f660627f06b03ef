import type { ConfigDatabase } from '../../../machines/ports/config-database.ts';
import type { EventLog, JsonObject } from '../../../machines/ports/event-log.ts';
import type { Link } from '../../../machines/ports/link.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../../machines/ports/storage-credential.ts';
import { type ErrorCode, toFortnightError } from '../../../machines/rules/errors.ts';
import { scopeId } from '../../../machines/rules/scope.ts';
import { type ContactMessage, type ListRequest, tell } from '../messages.ts';
import { sealCredential } from '../mover/credential-box.ts';
import type { CredentialDesk } from './credential-desk.ts';
import { ledgerFacts, type QuotaBook } from './quota-book.ts';
import { isStoring, type SessionRecord } from './session-record.ts';
import type { TenantListing } from './tenant-listing.ts';

export interface ContactDeskOptions {
  readonly log: EventLog;
  readonly database: ConfigDatabase;
  readonly quota: QuotaBook;
  readonly grantChunkBytes: number;
  /** C8: a session that is over gets nothing. */
  readonly isOpen: (record: SessionRecord) => boolean;
  /** C22: the tenant gets nothing any more; what its movers still report is heard (I58). */
  readonly isDisabled: (record: SessionRecord) => boolean;
  /** F35: called before the first grant of a session. */
  readonly trueUp: (record: SessionRecord) => Promise<void>;
  readonly deskFor: (record: SessionRecord) => Promise<CredentialDesk>;
  readonly locate: (record: SessionRecord) => Promise<StorageLocation>;
  readonly listing: TenantListing;
}

interface Delivery {
  readonly requestId: string;
  readonly credential: StorageCredential;
  readonly degraded: boolean;
}

/** The SP's side of a target mover's conversation: credentials and quota (P3, P4). */
export class ContactDesk {
  readonly #options: ContactDeskOptions;

  constructor(options: ContactDeskOptions) {
    this.#options = options;
  }

  /** A mover has connected, or reconnects logically (C15): it hears what is held (C11). */
  async welcome(record: SessionRecord, link: Link, answer = 'hello.accepted'): Promise<void> {
    let held: { heldGeneration: number; heldExpiresAt: number | null } = {
      heldGeneration: 0,
      heldExpiresAt: null,
    };
    if (record.rule !== null) held = (await this.#options.deskFor(record)).held();
    if (record.route.dataPath === 'direct') {
      this.#log('gateway.connected', record, { ...held });
    }
    tell(link, answer, held);
  }

  async handle(record: SessionRecord, link: Link, message: ContactMessage): Promise<void> {
    if (!this.#isHeard(record, link)) return;
    switch (message.type) {
      case 'heartbeat':
        tell(link, 'heartbeat.ack');
        return;
      case 'contact.refresh':
        return this.welcome(record, link, 'contact.state');
      case 'credential.request':
        return this.#credential(record, link, message);
      case 'quota.request':
        await this.#spend(record, message.spentBytes);
        return this.#grant(record, link, message);
      case 'quota.report':
        await this.#spend(record, message.spentBytes);
        tell(link, 'quota.reported');
        return;
      case 'list.request':
        return this.#list(record, link, message);
      default:
        message satisfies never;
    }
  }

  /** C8: without a running operation, and from a mover that was replaced, nothing is heard. */
  #isHeard(record: SessionRecord, link: Link): boolean {
    return this.#options.isOpen(record) && record.contactLink === link;
  }

  async #credential(
    record: SessionRecord,
    link: Link,
    asked: Extract<ContactMessage, { type: 'credential.request' }>,
  ): Promise<void> {
    const { requestId } = asked;
    const refuse = (code: ErrorCode): void => tell(link, 'credential.refuse', { requestId, code });
    // A ledger that cannot be saved grants nothing, and without a grant nothing is delivered.
    const deliver = (delivery: Delivery): Promise<void> =>
      this.#deliver(record, link, delivery).catch((error) =>
        refuse(toFortnightError(error, 'records.failed').code),
      );
    if (this.#options.isDisabled(record)) {
      refuse('tenant.disabled');
      return;
    }
    if (record.rule === null) {
      // Gateway routes and "share": the repository's own credential (C7, I41).
      const { database } = this.#options;
      const credential = await database.openRepositoryCredential(record.scope.repository);
      if (credential === null) {
        refuse('credential.missing');
        return;
      }
      return deliver({ requestId, credential, degraded: false });
    }
    const desk = await this.#options.deskFor(record);
    desk.request({
      requestId: `${record.id}:${requestId}`,
      session: record.id,
      trigger: asked.trigger,
      renew: asked.renew,
      heldGeneration: asked.heldGeneration,
      answer: (answer) => {
        if (!answer.ok) {
          refuse(answer.code);
          return;
        }
        const { credential, degraded } = answer;
        void deliver({ requestId, credential, degraded });
      },
    });
  }

  /** Not awaited: while the storage lists, heartbeats and quota go on. */
  #list(record: SessionRecord, link: Link, asked: ListRequest): void {
    if (this.#options.isDisabled(record)) {
      tell(link, 'list.refuse', { requestId: asked.requestId, code: 'tenant.disabled' });
      return;
    }
    void this.#options.listing.answer(record, link, asked);
  }

  /** P3: the credential and the quota travel in one frame (I53), sealed to the mover (C6). */
  async #deliver(record: SessionRecord, link: Link, delivery: Delivery): Promise<void> {
    const { credential, requestId, degraded } = delivery;
    const location = await this.#options.locate(record);
    // The answer may have taken long: the session is over, or another mover has come (F1).
    if (!this.#isHeard(record, link) || this.#options.isDisabled(record)) return;
    if (record.publicKey === null) throw new Error('a mover without a key has connected');
    let grantedBytes: number | null = null;
    if (isStoring(record)) {
      if (!record.hasInitialGrant) await this.#initialGrant(record);
      grantedBytes = record.grantedBytes;
    }
    const terms = {
      expiresAt: credential.expiresAt,
      degraded,
      grantedBytes,
      location,
      isListedByProvider: this.#options.listing.servesFor(record),
    };
    const context = { session: record.id, requestId, generation: credential.generation, terms };
    const sealed = sealCredential(record.publicKey, credential, context);
    const { generation, expiresAt, keyId } = credential;
    const isAtTenant = record.route.dataPath === 'direct';
    this.#log(isAtTenant ? 'credential.delivered' : 'credential.used', record, {
      scope: scopeId(record.scope),
      generation,
      expiresAt,
      degraded,
      operation: record.spec.operation,
      keyId,
      quotaBytes: grantedBytes,
    });
    const header: JsonObject = {
      ...terms,
      requestId,
      generation,
      location: { ...terms.location },
    };
    tell(link, 'credential.deliver', header, sealed);
  }

  /** As much as a chunk, or what there is; nothing left is told by the first refused request. */
  async #initialGrant(record: SessionRecord): Promise<void> {
    const { quota, grantChunkBytes, trueUp } = this.#options;
    record.hasInitialGrant = true;
    await trueUp(record);
    const answer = await quota.grant(record.accounts, record.id, 0, grantChunkBytes);
    if (!answer.ok || answer.grantedBytes === 0) return;
    record.grantedBytes += answer.grantedBytes;
    this.#logGrant(record, answer.grantedBytes, ledgerFacts(answer.ledger));
  }

  async #grant(
    record: SessionRecord,
    link: Link,
    asked: Extract<ContactMessage, { type: 'quota.request' }>,
  ): Promise<void> {
    const { quota, grantChunkBytes, isOpen, isDisabled } = this.#options;
    const { request } = asked;
    if (!isOpen(record)) return;
    if (isDisabled(record)) {
      tell(link, 'quota.refused', { request });
      return;
    }
    // Granted before, and the frame was lost on the way: that comes first.
    const missedBytes = Math.max(0, record.grantedBytes - asked.receivedBytes);
    if (missedBytes > 0 && missedBytes >= asked.bytes) {
      tell(link, 'quota.granted', { request, totalBytes: record.grantedBytes });
      return;
    }
    const bytes = asked.bytes - missedBytes;
    const answer = await quota.grant(record.accounts, record.id, bytes, grantChunkBytes);
    if (answer.ok && !isOpen(record)) {
      // Closed in between: nobody would return it (I58).
      await quota.giveBack(record.accounts, record.id);
      return;
    }
    if (answer.ok) {
      record.grantedBytes += answer.grantedBytes;
      this.#logGrant(record, answer.grantedBytes, ledgerFacts(answer.ledger));
      tell(link, 'quota.granted', { request, totalBytes: record.grantedBytes });
      return;
    }
    this.#log('quota.refused', record, {
      scope: scopeId(record.scope),
      neededBytes: bytes,
      availableBytes: answer.availableBytes,
    });
    tell(link, 'quota.refused', { request });
  }

  #logGrant(record: SessionRecord, grantedBytes: number, facts: JsonObject): void {
    this.#log('quota.granted', record, { scope: scopeId(record.scope), grantedBytes, ...facts });
  }

  async #spend(record: SessionRecord, spentBytes: number): Promise<void> {
    if (!isStoring(record)) return;
    const bytes = Math.max(0, spentBytes - record.spentBytes);
    record.spentBytes = Math.max(record.spentBytes, spentBytes);
    if (bytes === 0) return;
    const ledger = await this.#options.quota.spend(record.accounts, record.id, bytes);
    if (ledger === null) return;
    const facts = ledgerFacts(ledger);
    this.#log('quota.spent', record, { scope: scopeId(record.scope), spentBytes: bytes, ...facts });
  }

  #log(type: string, record: SessionRecord, data: JsonObject): void {
    this.#options.log.write({ node: 'sp', type, session: record.id, data });
  }
}
