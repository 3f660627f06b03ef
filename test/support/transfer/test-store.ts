import { createHash } from 'node:crypto';
import type {
  GetOptions,
  ObjectInfo,
  ObjectStore,
  ObjectStoreProperties,
  PutOptions,
} from '../../../machines/ports/object-store.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';

export type RequestKind = 'put' | 'get' | 'list' | 'remove';

/** One request as the hooks see it; `number` counts from 1 over all views on the same objects. */
export interface StoreRequest {
  readonly kind: RequestKind;
  readonly key: string;
  readonly number: number;
  readonly view: string;
}

/** Objects that outlive the credentials (views) through which they are used. */
export class TestBucket {
  readonly objects = new Map<string, Uint8Array>();
  readonly requests: StoreRequest[] = [];
  putBytes = 0;
  inFlight = 0;
  /** Rejects to let the request fail without effect. */
  before: (request: StoreRequest) => Promise<void> | void = () => {};
  /** Rejects to lose the reply of a request that had its effect. */
  after: (request: StoreRequest) => Promise<void> | void = () => {};

  keys(part: string): string[] {
    return [...this.objects.keys()].filter((key) => key.includes(part)).sort();
  }

  async request<Value>(
    kind: RequestKind,
    key: string,
    view: string,
    effect: () => Value,
  ): Promise<Value> {
    const request = { kind, key, number: this.requests.length + 1, view };
    this.requests.push(request);
    this.inFlight += 1;
    try {
      await this.before(request);
      const value = effect();
      await this.after(request);
      return value;
    } finally {
      this.inFlight -= 1;
    }
  }
}

/** One credential's view on a bucket. Pages of listings are short, so that they are interrupted. */
export class TestStore implements ObjectStore {
  readonly properties: ObjectStoreProperties = {
    name: 'test',
    partBytes: 8_388_608,
    parallelParts: 1,
    hasConditionalWrites: true,
    deleteBatchMax: 3,
  };
  readonly #bucket: TestBucket;
  readonly #view: string;
  readonly #pageKeys: number;

  constructor(bucket: TestBucket, view = 'first', pageKeys = 2) {
    this.#bucket = bucket;
    this.#view = view;
    this.#pageKeys = pageKeys;
  }

  put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<ObjectInfo> {
    return this.#bucket.request('put', key, this.#view, () => {
      if (options.ifAbsent === true && this.#bucket.objects.has(key)) {
        throw new FortnightError('object.conflict', key);
      }
      this.#bucket.objects.set(key, body.slice());
      this.#bucket.putBytes += body.length;
      return this.#info(key);
    });
  }

  get(key: string, _options?: GetOptions): Promise<Uint8Array> {
    return this.#bucket.request('get', key, this.#view, () => {
      const object = this.#bucket.objects.get(key);
      if (object === undefined) throw new FortnightError('object.missing', key);
      return object.slice();
    });
  }

  async *list(
    prefix: string,
    options: { readonly startAfter?: string } = {},
  ): AsyncGenerator<ObjectInfo> {
    let from = options.startAfter ?? '';
    for (;;) {
      const page = await this.#bucket.request('list', prefix, this.#view, () =>
        this.#bucket
          .keys('')
          .filter((key) => key.startsWith(prefix) && key > from)
          .slice(0, this.#pageKeys)
          .map((key) => this.#info(key)),
      );
      yield* page;
      if (page.length < this.#pageKeys) return;
      from = page.at(-1)!.key;
    }
  }

  remove(keys: readonly string[]): Promise<void> {
    if (keys.length > this.properties.deleteBatchMax) throw new Error('the batch is too long');
    return this.#bucket.request('remove', keys.join(' '), this.#view, () => {
      for (const key of keys) this.#bucket.objects.delete(key);
    });
  }

  async head(key: string): Promise<ObjectInfo | null> {
    return this.#bucket.objects.has(key) ? this.#info(key) : null;
  }

  putStream(): Promise<ObjectInfo> {
    throw new Error('the engines do not use this');
  }
  getStream(): Promise<AsyncIterable<Uint8Array>> {
    throw new Error('the engines do not use this');
  }
  abortUploads(): Promise<number> {
    throw new Error('the engines do not use this');
  }
  close(): void {}

  #info(key: string): ObjectInfo {
    const object = this.#bucket.objects.get(key)!;
    const etag = createHash('md5').update(object).digest('hex');
    return { key, sizeBytes: object.length, etag, modifiedAt: 0 };
  }
}
