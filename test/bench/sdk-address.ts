import { createRealClock } from '../../adapters/clock/index.ts';
import { grantToken, SCOPES } from '../../adapters/gcs/access-token.ts';
import { createTransport } from '../../adapters/gcs/transport.ts';
import type {
  GcsServiceAccount,
  StorageCredential,
  StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import type { SdkAddress } from './sdk-task.ts';

/** The SP's own credential, as the plain SDK of its family takes it. */
export async function sdkAddress(
  { endpoint, region, tokenUrl }: StorageLocation,
  credential: StorageCredential,
): Promise<SdkAddress> {
  if (endpoint === null) throw new Error('a lab storage has an endpoint');
  switch (credential.kind) {
    case 's3-keys': {
      const { keyId: accessKeyId, secretKey } = credential;
      return secretKey.use((secretAccessKey) => ({
        family: 's3',
        endpoint,
        region,
        accessKeyId,
        secretAccessKey,
      }));
    }
    case 'azure-account-key': {
      const { keyId: account, accountKey } = credential;
      return accountKey.use((text) => ({ family: 'azure', endpoint, account, accountKey: text }));
    }
    case 'gcs-service-account':
      return { family: 'gcs', endpoint, token: await tokenOf(credential, tokenUrl) };
    default:
      throw new Error(`no storage of a lab has an owner with ${credential.kind}`);
  }
}

/** The plain SDK asks Google's own address for a token: it is handed one of the lab's. */
async function tokenOf(account: GcsServiceAccount, tokenUrl: string | undefined): Promise<string> {
  const transport = createTransport(1);
  const options = { account, transport, clock: createRealClock(), scope: SCOPES.all, tokenUrl };
  try {
    const { token } = await grantToken(options, new AbortController().signal);
    return token.use((text) => text);
  } finally {
    transport.close();
  }
}
