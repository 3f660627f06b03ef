/**
 * An ordinary program on @google-cloud/storage: puts, gets, lists and deletes with the token that
 * it finds in its environment, and ends with 1 and the code of a refusal. With a boundary it takes
 * the token to the exchange first (DownscopedClient).
 */
import { type ApiError, Storage } from '@google-cloud/storage';
import { type CredentialAccessBoundary, DownscopedClient, OAuth2Client } from 'google-auth-library';

const [action = '', bucketName = '', name = '', text = ''] = process.argv.slice(2);
const {
  GCS_ENDPOINT: apiEndpoint = '',
  GCS_BOUNDARY: boundary,
  GOOGLE_OAUTH_ACCESS_TOKEN: token = '',
} = process.env;

const owner = new OAuth2Client();
owner.setCredentials({ access_token: token });
const authClient = boundary === undefined ? owner : downscoped(boundary);
const storage = new Storage({
  apiEndpoint,
  useAuthWithCustomEndpoint: true,
  authClient,
  projectId: 'fortnight',
});
const bucket = storage.bucket(bucketName);

/** The library has no option for the address of the exchange: its own credential is rebuilt. */
function downscoped(document: string): DownscopedClient {
  const client = new DownscopedClient(owner, JSON.parse(document) as CredentialAccessBoundary);
  const inside = client as unknown as { stsCredential: { readonly constructor: unknown } };
  const Credential = inside.stsCredential.constructor as new (
    options: object,
  ) => typeof inside.stsCredential;
  inside.stsCredential = new Credential({ tokenExchangeEndpoint: `${apiEndpoint}/v1/token` });
  return client;
}

const actions: Readonly<Record<string, () => Promise<unknown>>> = {
  put: () => bucket.file(name).save(text, { resumable: false }),
  // With an address of its own a stream cannot begin the session: see docs/storage-gcs.md.
  putFile: async () => {
    const [uri] = await bucket.file(name).createResumableUpload();
    await bucket.upload(text, { destination: name, uri, chunkSize: 4 * 1024 * 1024 });
  },
  get: async () => process.stdout.write((await bucket.file(name).download())[0]),
  getFile: () => bucket.file(name).download({ destination: text }),
  list: async () => {
    const [files] = await bucket.getFiles({ prefix: name });
    for (const file of files) console.log(file.name);
  },
  delete: () => bucket.file(name).delete(),
};
try {
  await actions[action]?.();
} catch (error) {
  const { code, errors, message } = error as ApiError;
  console.error(`refused ${code} ${errors?.[0]?.reason ?? ''} ${message}`);
  process.exitCode = 1;
}
