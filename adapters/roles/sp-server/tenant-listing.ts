import type { Clock } from '../../../machines/ports/clock.ts';
import type { ConfigDatabase } from '../../../machines/ports/config-database.ts';
import type { Link } from '../../../machines/ports/link.ts';
import type { ObjectInfo, ObjectStore } from '../../../machines/ports/object-store.ts';
import { FortnightError, toFortnightError } from '../../../machines/rules/errors.ts';
import { isExpired } from '../../../machines/rules/renewal.ts';
import { scopePrefixes } from '../../../machines/rules/scope.ts';
import { type ListedPage, type ListRequest, tell } from '../messages.ts';
import type { CredentialDesk } from './credential-desk.ts';
import type { SpRegister } from './register.ts';
import type { SessionRecord } from './session-record.ts';
import type { SpStorageAccess } from './settings.ts';

export interface TenantListingOptions {
  readonly clock: Clock;
  readonly database: ConfigDatabase;
  readonly storage: SpStorageAccess;
  readonly register: SpRegister;
  readonly deskFor: (record: SessionRecord) => Promise<CredentialDesk>;
}

/**
 * Lists for tenants whose credentials cannot (issuer capability `listing: 'none'`), and for nobody else:
 * with the repository's own credential, and so only below the prefixes of the session's scope (C9,
 * I44, I46), a page a request, one request at a time for a mover.
 */
export class TenantListing {
  readonly #options: TenantListingOptions;
  readonly #stores = new WeakMap<Link, Promise<ObjectStore>>();
  readonly #busy = new WeakSet<Link>();

  constructor(options: TenantListingOptions) {
    this.#options = options;
  }

  /** Whether the credentials of this session list nothing by themselves. */
  servesFor({ rule, scope }: SessionRecord): boolean {
    if (rule === null) return false;
    const { register, storage } = this.#options;
    const issuer = storage.issuerFor(register.repository(scope.repository));
    return issuer.capabilities.listing === 'none';
  }

  /** Answers in any case, and not before the next message of the mover is read. */
  async answer(record: SessionRecord, link: Link, asked: ListRequest): Promise<void> {
    const { requestId } = asked;
    try {
      if (this.#busy.has(link)) throw new FortnightError('storage.throttled');
      this.#busy.add(link);
      const page = await this.#page(record, link, asked).finally(() => this.#busy.delete(link));
      tell(link, 'list.page', { requestId }, Buffer.from(JSON.stringify(page)));
    } catch (thrown) {
      tell(link, 'list.refuse', { requestId, code: toFortnightError(thrown).code });
    }
  }

  async #page(record: SessionRecord, link: Link, asked: ListRequest): Promise<ListedPage> {
    const { prefix, startAfter, limit } = asked;
    const { fullAccess, readOnly } = scopePrefixes(record.scope);
    const isOwn = prefix.startsWith(fullAccess) || prefix.startsWith(readOnly);
    if (!isOwn || !this.servesFor(record)) throw new FortnightError('access.denied');
    await this.#refuseExpired(record);
    const store = await this.#storeFor(record, link);
    const objects: ObjectInfo[] = [];
    for await (const object of store.list(prefix, startAfter === null ? {} : { startAfter })) {
      objects.push(object);
      if (objects.length === limit) return { objects, isLast: false };
    }
    return { objects, isLast: true };
  }

  /** C16: what the storage would refuse the tenant, the SP does not do for it. */
  async #refuseExpired(record: SessionRecord): Promise<void> {
    const { heldExpiresAt } = (await this.#options.deskFor(record)).held();
    if (heldExpiresAt === null || isExpired(heldExpiresAt, this.#options.clock.now())) {
      throw new FortnightError('credential.expired');
    }
  }

  /** One store a connection: it asks the storage for a token of its own once. */
  #storeFor(record: SessionRecord, link: Link): Promise<ObjectStore> {
    const known = this.#stores.get(link);
    if (known !== undefined) return known;
    const opening = this.#openStore(record);
    this.#stores.set(link, opening);
    opening.catch(() => this.#stores.delete(link));
    link.onClose(() => void opening.then((store) => store.close()).catch(() => {}));
    return opening;
  }

  async #openStore({ scope }: SessionRecord): Promise<ObjectStore> {
    const { database, register, storage } = this.#options;
    const repository = register.repository(scope.repository);
    const credential = await database.openRepositoryCredential(repository.name);
    if (credential === null) throw new FortnightError('credential.missing');
    return storage.storeFor(await storage.locate(repository, scope), credential);
  }
}
