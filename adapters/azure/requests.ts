import type { BlobServiceClient, BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import type { Clock } from '../../machines/ports/clock.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import {
  accountEndpoint,
  authorizeByKey,
  authorizeBySas,
  createAgent,
  createServiceClient,
} from './client.ts';
import { translateAzureError } from './errors.ts';
import { type SasFacts, sasFacts } from './sas-facts.ts';

/** One of the two places that a credential opens (C9): the folder, or the configuration. */
export interface Place {
  readonly service: BlobServiceClient;
  readonly container: ContainerClient;
  /** `null`: the account key. */
  readonly sas: SasFacts | null;
}

/** What every request of one store needs. */
export interface AzureRequests {
  readonly clock: Clock;
  placeOf(key: string): Place;
  blob(key: string): BlockBlobClient;
  /** Starts one request; what it rejects with is translated and scrubbed. */
  send<Result>(
    operation: string,
    place: Place,
    run: (options: { readonly abortSignal?: AbortSignal }) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result>;
  /** Stops every later request of the store and ends its connections. */
  close(): void;
}

export interface AzureRequestsOptions {
  readonly location: StorageLocation;
  readonly credential: StorageCredential;
  readonly clock: Clock;
  readonly socketsMax: number;
  /** C16: no request starts at or after the credential's end. */
  readonly refusesExpired: boolean;
}

export function createAzureRequests(options: AzureRequestsOptions): AzureRequests {
  const { clock, credential, refusesExpired } = options;
  const { agent, folder, config } = openPlaces(options);
  let isClosed = false;

  const mayStart = (operation: string): void => {
    if (isClosed) throw new FortnightError('storage.unreachable', `${operation}: store is closed`);
    const { expiresAt } = credential;
    if (refusesExpired && expiresAt !== null && clock.now() >= expiresAt) {
      throw new FortnightError('credential.expired', `${operation} was not started (C16)`);
    }
  };
  const placeOf = (key: string) => (isConfigKey(key) ? config : folder);

  return {
    clock,
    placeOf,
    blob(key) {
      refuseOddKey(key);
      return placeOf(key).container.getBlockBlobClient(key);
    },
    async send(operation, place, run, signal) {
      mayStart(operation);
      try {
        return await run(signal === undefined ? {} : { abortSignal: signal });
      } catch (thrown) {
        const now = clock.now();
        throw translateAzureError(thrown, { operation, credential, sas: place.sas, now, signal });
      }
    },
    close() {
      isClosed = true;
      agent.destroy();
    },
  };
}

/** The owner's key opens both places; of a tenant's two SAS each opens one. */
function openPlaces({ location, credential, clock, socketsMax }: AzureRequestsOptions) {
  const isKey = credential.kind === 'azure-account-key';
  const endpoint = accountEndpoint(location, isKey ? credential.keyId : null);
  const agent = createAgent(endpoint, socketsMax);
  const open = (field: 'folderSas' | 'configSas', container: string): Place => {
    const authorize = isKey ? authorizeByKey(credential, clock) : authorizeBySas(credential, field);
    const service = createServiceClient(endpoint, agent, authorize);
    const sas = credential.kind === 'azure-sas' ? sasFacts(credential[field]) : null;
    return { service, container: service.getContainerClient(container), sas };
  };
  const folder = open('folderSas', location.bucket);
  const config = open('configSas', location.configBucket ?? location.bucket);
  return { agent, folder, config };
}

/** §6: below `Veeam/Backup/<repository>/Config/`. */
function isConfigKey(key: string): boolean {
  return /^Veeam\/Backup\/[^/]+\/Config\//.test(key);
}

/** An address with dot segments means another blob: whoever reads it first resolves them. */
function refuseOddKey(key: string): void {
  const isOdd = key === '' || key.split('/').some((name) => name === '.' || name === '..');
  if (isOdd) throw new FortnightError('request.invalid', `${JSON.stringify(key)} names no blob`);
}
