import { objectUrl, xmlUrl } from '../../../adapters/gcs/addresses.ts';
import { networkFacts, toStorageError } from '../../../adapters/gcs/errors.ts';
import { exchangeText, Refusal } from '../../../adapters/gcs/exchange.ts';
import {
  createTransport,
  type HttpRequest,
  type Transport,
} from '../../../adapters/gcs/transport.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import {
  requireCredential,
  type StorageCredential,
} from '../../../machines/ports/storage-credential.ts';
import type { CopyWay } from './access.ts';

/** Requests with a token that no object store makes: what a thief would try. */
export class RawGcs {
  readonly #place: { readonly endpoint: string; readonly bucket: string };
  readonly #clock: Clock;
  readonly #transport: Transport = createTransport(2);
  readonly #closing = new AbortController();

  constructor(options: {
    readonly endpoint: string;
    readonly bucket: string;
    readonly clock: Clock;
  }) {
    this.#place = options;
    this.#clock = options.clock;
  }

  copies(credential: StorageCredential, from: string, to: string): readonly CopyWay[] {
    const { bucket } = this.#place;
    const into = `b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(to)}`;
    return ['rewriteTo', 'copyTo'].map((name) => ({
      name: `objects.${name === 'copyTo' ? 'copy' : 'rewrite'}`,
      run: () =>
        this.#send(`objects.${name}`, 'object', credential, {
          method: 'POST',
          url: `${objectUrl(this.#place, from)}/${name}/${into}`,
        }),
    }));
  }

  listUploads(credential: StorageCredential, prefix: string): Promise<void> {
    const query = { uploads: '', prefix: prefix === '' ? undefined : prefix };
    const url = xmlUrl(this.#place, null, query);
    return this.#send('xml.listMultipartUploads', 'bucket', credential, { method: 'GET', url });
  }

  close(): void {
    this.#closing.abort();
    this.#transport.close();
  }

  async #send(
    operation: string,
    target: 'object' | 'bucket',
    credential: StorageCredential,
    request: HttpRequest,
  ): Promise<void> {
    const { token } = requireCredential('gcs-token', credential);
    const authorization = token.use((text) => `Bearer ${text}`);
    try {
      const authorized = { ...request, headers: { authorization } };
      await exchangeText(this.#transport, authorized, this.#closing.signal);
    } catch (thrown) {
      const facts = thrown instanceof Refusal ? thrown.facts : networkFacts(thrown);
      const { expiresAt } = credential;
      const now = this.#clock.now();
      throw toStorageError(facts, { operation, target, expiresAt, secrets: [token], now });
    }
  }
}
