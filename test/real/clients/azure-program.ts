/**
 * An ordinary program on @azure/storage-blob, as its documentation has it: puts, gets, lists and
 * deletes with what it finds in its environment, and ends with 1 and the code of a refusal.
 */
import { BlobServiceClient, type RestError } from '@azure/storage-blob';

const [action = '', container = '', name = '', text = ''] = process.argv.slice(2);
const {
  AZURE_STORAGE_CONNECTION_STRING: connection,
  AZURE_STORAGE_SERVICE_ENDPOINT: endpoint,
  AZURE_STORAGE_SAS_TOKEN: sas,
} = process.env;
const service =
  connection === undefined
    ? new BlobServiceClient(`${endpoint}?${sas}`)
    : BlobServiceClient.fromConnectionString(connection);
const blobs = service.getContainerClient(container);

const actions: Readonly<Record<string, () => Promise<unknown>>> = {
  put: () => blobs.getBlockBlobClient(name).upload(text, Buffer.byteLength(text)),
  putFile: () => blobs.getBlockBlobClient(name).uploadFile(text, { blockSize: 4 * 1024 * 1024 }),
  get: async () => {
    const { readableStreamBody } = await blobs.getBlobClient(name).download();
    for await (const piece of readableStreamBody ?? []) process.stdout.write(piece);
  },
  getFile: () => blobs.getBlobClient(name).downloadToFile(text),
  list: async () => {
    for await (const { name: found } of blobs.listBlobsFlat({ prefix: name })) console.log(found);
  },
  delete: () => blobs.getBlobClient(name).delete(),
};
try {
  await actions[action]?.();
} catch (error) {
  const { statusCode, code } = error as RestError;
  console.error(`refused ${statusCode} ${code}`);
  process.exitCode = 1;
}
