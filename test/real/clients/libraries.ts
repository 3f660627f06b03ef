import {
  BUCKET,
  type ClientFolder,
  expectSameFile,
  expectText,
  PREFIX,
  programBeside,
} from './client-folder.ts';

/** How the program of one library is called, and the codes with which its storage refuses. */
interface Library {
  readonly name: string;
  readonly program: string;
  readonly expired: string;
  readonly writeBeside: string;
  readonly listBeside: string;
}

const AZURE: Library = {
  name: '@azure/storage-blob',
  program: programBeside('./azure-program.ts'),
  expired: 'AuthenticationFailed',
  // Azure signs the name of the directory: beside it the signature does not fit.
  writeBeside: 'AuthenticationFailed',
  listBeside: 'AuthorizationFailure',
};
const GOOGLE: Library = {
  name: '@google-cloud/storage',
  program: programBeside('./gcs-program.ts'),
  expired: 'authError',
  writeBeside: 'forbidden',
  listBeside: 'forbidden',
};

export async function checkAzureLibrary(client: ClientFolder): Promise<void> {
  await client.takeSession('--prefix', PREFIX);
  await checkSession(client, AZURE);
  const [setting = ''] = client.storage.linesFor('az');
  const connection = /^export (\w+)='(.*)'$/.exec(setting);
  client.keys = { [connection?.[1] ?? '']: connection?.[2] ?? '' };
  const words = [AZURE.program, 'list', BUCKET, 'tenant-1/'];
  await client.report.check(`${AZURE.name}: shared key: reads what the SAS wrote`, async () => {
    expectText(await client.succeed('node', words), `${PREFIX}large`);
  });
  await client.report.check(
    `${AZURE.name}: shared key: not when the clock is 1 h off`,
    async () => {
      await client.storage.command('clock', '+1h');
      await client.refuse('node', words, 'AuthenticationFailed');
      await client.storage.command('clock', '-1h');
      await client.succeed('node', words);
    },
  );
}

export async function checkGoogleLibrary(client: ClientFolder): Promise<void> {
  const { storage } = client;
  const address = { GCS_ENDPOINT: storage.endpoint };
  await client.takeSession('--prefix', PREFIX);
  client.keys = { ...client.keys, ...address };
  await checkSession(client, GOOGLE);
  const text = storage.linesFor('@google-cloud/storage').join('\n');
  const token = /access_token: '([^']+)'/.exec(text)?.[1] ?? '';
  const boundary = JSON.stringify(boundaryFor('tenant-2/'));
  client.keys = { ...address, GOOGLE_OAUTH_ACCESS_TOKEN: token, GCS_BOUNDARY: boundary };
  const exchanged: Library = {
    ...GOOGLE,
    name: 'DownscopedClient',
    // The owner's token lives an hour, and what it is exchanged for no longer.
    expired: 'invalid_grant',
  };
  await checkSession(client, exchanged, 'tenant-2/');
}

function boundaryFor(prefix: string): object {
  const object = `resource.name.startsWith('projects/_/buckets/${BUCKET}/objects/${prefix}')`;
  const attribute = `api.getAttribute('storage.googleapis.com/objectListPrefix', '')`;
  const rule = {
    availableResource: `//storage.googleapis.com/projects/_/buckets/${BUCKET}`,
    availablePermissions: ['inRole:roles/storage.objectUser'],
    availabilityCondition: { expression: `${object} || ${attribute}.startsWith('${prefix}')` },
  };
  return { accessBoundary: { accessBoundaryRules: [rule] } };
}

async function checkSession(
  client: ClientFolder,
  library: Library,
  prefix = PREFIX,
): Promise<void> {
  const { report } = client;
  const words = (...parameters: string[]) => [library.program, ...parameters];
  const run = (action: string, ...parameters: string[]) =>
    client.succeed('node', words(action, BUCKET, ...parameters));
  await report.check(`${library.name}: put, get and list, and 30 MiB in parts`, async () => {
    await run('put', `${prefix}one`, 'some text');
    expectText(await run('get', `${prefix}one`), 'some text');
    await run('putFile', `${prefix}large`, 'big/large');
    await run('getFile', `${prefix}large`, 'back');
    expectSameFile(client.path('big/large'), client.path('back'));
    for (const name of ['one', 'large']) expectText(await run('list', prefix), `${prefix}${name}`);
  });
  const refuse = async (name: string, code: string, ...parameters: string[]): Promise<void> => {
    await report.check(`${library.name}: C9: ${name}: ${code}`, () =>
      client.refuse('node', words(...parameters), code),
    );
  };
  const sibling = prefix.replace('/', '0/one');
  await refuse(
    'does not write beside its prefix',
    library.writeBeside,
    'put',
    BUCKET,
    sibling,
    'x',
  );
  await refuse('does not list the whole bucket', library.listBeside, 'list', BUCKET, '');
  await client.expire(
    'node',
    [
      words('list', BUCKET, prefix),
      words('put', BUCKET, `${prefix}two`, 'text'),
      words('get', BUCKET, `${prefix}one`),
    ],
    library.expired,
    library.name,
  );
  await report.check(
    `${library.name}: delete`,
    async () => void (await run('delete', `${prefix}two`)),
  );
}
