import type { ContainerClient, SignedIdentifier } from '@azure/storage-blob';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  CONTAINER,
  containerSas,
  directorySas,
  FLAT,
  HOUR_MS,
  handSas,
  KEY,
  type Lab,
  MINUTE_MS,
  namesIn,
  outcome,
  refusal,
  START,
  seconds,
  startLab,
  TREE,
  textOf,
} from './lab.ts';

const TENANT = 'Veeam/Backup/repo/Clients/T1';
const BLOCK = Buffer.from('000001').toString('base64');

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
beforeEach(() => {
  lab.clock.at = START;
});
afterAll(async () => {
  await lab.close();
  expect(lab.internalErrors).toEqual([]);
});

/** Every operation that a service SAS may be tried on, on the blob `name` that exists. */
function attempts(
  container: ContainerClient,
  name: string,
): Record<string, () => Promise<unknown>> {
  const blob = container.getBlockBlobClient(name);
  const fresh = container.getBlockBlobClient(name.replace(/[^/]*$/, 'fresh'));
  const prefix = name.replace(/[^/]*$/, '');
  return {
    getBlob: () => blob.downloadToBuffer(),
    getBlobProperties: () => blob.getProperties(),
    getBlockList: () => blob.getBlockList('all'),
    putNewBlob: () => fresh.upload('x', 1),
    overwrite: () => blob.upload('x', 1),
    putBlock: () => blob.stageBlock(BLOCK, 'x', 1),
    putBlockList: () => blob.commitBlockList([]),
    setMetadata: () => blob.setMetadata({ a: 'b' }),
    setProperties: () => blob.setHTTPHeaders({ blobContentType: 'x/y' }),
    listBlobs: () => container.listBlobsFlat({ prefix }).next(),
    containerProperties: () => container.getProperties(),
    getAcl: () => container.getAccessPolicy(),
    setAcl: () => container.setAccessPolicy(),
    createContainer: () => container.create(),
    deleteContainer: () => container.delete(),
    deleteBlob: () => blob.delete(),
  };
}

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  r: ['getBlob', 'getBlobProperties', 'getBlockList'],
  a: [],
  c: ['putNewBlob'],
  w: ['putNewBlob', 'overwrite', 'putBlock', 'putBlockList', 'setMetadata', 'setProperties'],
  d: ['deleteBlob'],
  x: [],
  l: ['listBlobs'],
  t: [],
  m: [],
  e: [],
};
const NEVER = ['containerProperties', 'getAcl', 'setAcl', 'createContainer', 'deleteContainer'];

describe('permission letters: each operation by each letter', () => {
  for (const scope of ['container', 'directory', 'blob'] as const) {
    it.each(Object.keys(ALLOWED))(`${scope} SAS with sp=%s`, async (letter) => {
      const name = `${TENANT}/blob`;
      const sas =
        scope === 'container'
          ? containerSas({ sp: letter })
          : scope === 'directory'
            ? directorySas(TENANT, { sp: letter })
            : handSas({ sr: 'b', sp: letter }, `/blob/${TREE}/${CONTAINER}/${name}`);
      const owner = lab.container();
      for (const [operation, attempt] of Object.entries(attempts(lab.bySas(sas), name))) {
        await owner.getBlockBlobClient(name).upload('body', 4);
        await owner.getBlockBlobClient(`${TENANT}/fresh`).deleteIfExists();
        const found = await outcome(attempt());
        const mayDo =
          ALLOWED[letter]!.includes(operation) &&
          !(scope === 'blob' && (operation === 'putNewBlob' || operation === 'listBlobs'));
        let wanted = mayDo ? 'ok' : '403 AuthorizationPermissionMismatch';
        if (!mayDo && NEVER.includes(operation)) {
          // What a blob or directory SAS signs is not in such a request.
          wanted = scope === 'container' ? '403 AuthorizationFailure' : '403 refused';
        } else if (operation === 'overwrite' && letter === 'c') {
          wanted = '403 UnauthorizedBlobOverwrite';
        } else if (scope === 'blob' && ['putNewBlob', 'listBlobs'].includes(operation)) {
          wanted = '403 AuthenticationFailed';
        }
        if (wanted === '403 refused') expect(found).toMatch(/^403 Auth(orization|entication)Fail/);
        else expect([operation, found]).toEqual([operation, wanted]);
      }
    });
  }

  it('letters out of order, unknown ones and none are refused', async () => {
    for (const sp of ['wr', 'rr', 'rz', 'lr']) {
      const sas = containerSas({ sp: 'r' }).replace('sp=r', `sp=${sp}`);
      expect(await outcome(textOf(lab.bySas(sas), 'x'))).toBe('403 AuthenticationFailed');
    }
    const none = containerSas({ sp: '' });
    expect((await refusal(textOf(lab.bySas(none), 'x'))).detail).toContain('sp is mandatory');
  });
});

describe('scope of a directory SAS', () => {
  const names = [
    `${TENANT}/one`,
    `${TENANT}/deep/er/two`,
    `${TENANT}0/three`,
    'Veeam/Backup/repo/Clients/T2/four',
    'Veeam/Backup/repo/Config/five',
    'six',
  ];
  beforeAll(async () => {
    for (const name of names) {
      await lab.container().getBlockBlobClient(name).upload(name, name.length);
    }
  });

  it('opens the directory with everything in it, for every operation', async () => {
    const tenant = lab.bySas(directorySas(TENANT));
    expect(await namesIn(tenant, `${TENANT}/`)).toEqual(
      expect.arrayContaining([`${TENANT}/deep/er/two`, `${TENANT}/one`]),
    );
    expect(await textOf(tenant, `${TENANT}/deep/er/two`)).toBe(`${TENANT}/deep/er/two`);
    expect(await namesIn(tenant, `${TENANT}/deep/`)).toEqual([`${TENANT}/deep/er/two`]);
    expect(await namesIn(tenant, `${TENANT}/o`)).toEqual([`${TENANT}/one`]);
    const blob = tenant.getBlockBlobClient(`${TENANT}/new/x`);
    expect(await outcome(blob.upload('x', 1))).toBe('ok');
    expect(await outcome(blob.delete())).toBe('ok');
  });

  it.each([
    ['a prefix twin', `${TENANT}0/three`],
    ['a sibling', 'Veeam/Backup/repo/Clients/T2/four'],
    ['the parent', 'Veeam/Backup/repo/Clients'],
    ['the configuration', 'Veeam/Backup/repo/Config/five'],
    ['the root', 'six'],
    ['another case', `${TENANT.toLowerCase()}/one`],
    ['the container', ''],
  ])('does not open %s', async (_name, name) => {
    const tenant = lab.bySas(directorySas(TENANT));
    const blob = tenant.getBlockBlobClient(name || 'x');
    expect(await outcome(blob.downloadToBuffer())).toBe('403 AuthenticationFailed');
    expect(await outcome(blob.upload('x', 1))).toBe('403 AuthenticationFailed');
    expect(await outcome(blob.delete())).toBe('403 AuthenticationFailed');
  });

  it.each([
    ['everything', undefined],
    ['the directory without its slash, which its twin begins with too', TENANT],
    ['the twin', `${TENANT}0/`],
    ['the parent', 'Veeam/Backup/repo/Clients/'],
    ['a sibling', 'Veeam/Backup/repo/Clients/T2/'],
    ['a path with empty names', `Veeam//Backup/repo/Clients/T1/`],
  ])('does not list %s', async (_name, prefix) => {
    const tenant = lab.bySas(directorySas(TENANT));
    expect(await outcome(namesIn(tenant, prefix))).toMatch(
      /^403 Auth(enticationFailed|orizationFailure)$/,
    );
  });

  it.each([
    ['dot segments', `${TENANT}/../T2/four`],
    ['encoded dot segments', `${TENANT}/%2e%2e/T2/four`],
    ['encoded slashes and dots', `${TENANT}%2F%2e%2e%2FT2%2Ffour`],
    ['a dot', `${TENANT}/./one`],
    ['empty names', `${TENANT}//one`],
    ['a zero byte', `${TENANT}/one%00`],
  ])('%s never reach a blob', async (_name, path) => {
    const target = `/${TREE}/${CONTAINER}/${path}?${directorySas(TENANT)}`;
    const { rawGet } = await import('./raw-request.ts');
    const reply = await rawGet(lab.storage.port, target);
    expect([reply.status, reply.code]).toEqual([400, 'InvalidUri']);
  });

  it('a backslash is no slash', async () => {
    const { rawGet } = await import('./raw-request.ts');
    const target = `/${TREE}/${CONTAINER}/${TENANT}/..%5C..%5CT2%5Cfour?${directorySas(TENANT)}`;
    expect((await rawGet(lab.storage.port, target)).code).toBe('BlobNotFound');
  });

  it('depth and directory must agree, and sdd must be there', async () => {
    const name = `/blob/${TREE}/${CONTAINER}/${TENANT}`;
    const blob = `${TENANT}/one`;
    for (const sdd of ['1', '4', '6', '0', '-5', '', '5.0', '05']) {
      const sas = handSas({ sr: 'd', sdd: '5' }, name).replace('sdd=5', `sdd=${sdd}`);
      expect(await outcome(textOf(lab.bySas(sas), blob))).toBe('403 AuthenticationFailed');
    }
    const old = handSas({ sr: 'd', sdd: '5', sv: '2020-02-10' }, name);
    expect(await outcome(textOf(lab.bySas(old), blob))).toBe('ok');
    const tooOld = old.replace('2020-02-10', '2019-12-12');
    expect((await refusal(textOf(lab.bySas(tooOld), blob))).detail).toContain('2020-02-10');
  });

  it('a flat account has no directories', async () => {
    const sas = directorySas(TENANT, {}, FLAT);
    const { code, detail } = await refusal(textOf(lab.bySas(sas, FLAT), `${TENANT}/one`));
    expect([code, detail]).toEqual([
      'AuthenticationFailed',
      'sr=d needs an account with a hierarchical namespace',
    ]);
  });

  it('a SAS as source of a copy opens what it opens, and no more', async () => {
    const tenant = lab.bySas(directorySas(TENANT));
    const target = tenant.getBlobClient(`${TENANT}/copied`);
    const source = (name: string, sas: string) =>
      `${lab.storage.endpoint}/${TREE}/${CONTAINER}/${name}${sas}`;
    const copy = (name: string, sas = '') => outcome(target.syncCopyFromURL(source(name, sas)));
    const sas = `?${directorySas(TENANT)}`;
    expect(await copy(`${TENANT}/one`, sas)).toBe('ok');
    expect(await copy(`${TENANT}/one`)).toBe('404 CannotVerifyCopySource');
    expect(await copy('Veeam/Backup/repo/Clients/T2/four', sas)).toBe('404 CannotVerifyCopySource');
    expect(await copy(`${TENANT}/one`, `?${directorySas(TENANT, { sp: 'w' })}`)).toBe(
      '404 CannotVerifyCopySource',
    );
    const properties = await target.getProperties();
    expect(properties.copySource).toBe(source(`${TENANT}/one`, ''));
  });
});

describe('scope of a container SAS and a blob SAS', () => {
  it('a container SAS opens its container alone', async () => {
    const other = lab.owner().getContainerClient('other');
    await other.createIfNotExists();
    await other.getBlockBlobClient('x').upload('x', 1);
    const sas = containerSas();
    const url = other.url.replace(/\/other$/, '');
    const { ContainerClient: Client } = await import('@azure/storage-blob');
    const foreign = new Client(`${url}/other?${sas}`);
    expect(await outcome(textOf(foreign, 'x'))).toBe('403 AuthenticationFailed');
    expect(await outcome(namesIn(foreign))).toBe('403 AuthenticationFailed');
    expect(await outcome(namesIn(lab.bySas(sas)))).toBe('ok');
    // The same SAS under another account name is signed by another key.
    expect(await outcome(namesIn(lab.bySas(sas, FLAT)))).toBe('403 AuthenticationFailed');
  });

  it('an account answers by its host name too', async () => {
    await lab.container().getBlockBlobClient('plain').upload('x', 1);
    const { rawGet } = await import('./raw-request.ts');
    const by = async (host: string) =>
      (await rawGet(lab.storage.port, `/${CONTAINER}/plain?${containerSas()}`, { host })).status;
    expect(await by(`${TREE}.blob.localhost`)).toBe(200);
    expect(await by(`${FLAT}.blob.localhost`)).toBe(403);
    expect(await by('localhost')).toBe(404);
  });

  it('changing any signed field breaks the signature', async () => {
    const sas = containerSas({ sp: 'rl', st: seconds(START - HOUR_MS), rsct: 'a/b' });
    for (const [from, to] of [
      ['sp=rl', 'sp=racwdl'],
      ['sr=c', 'sr=b'],
      ['rsct=a%2Fb', 'rsct=text%2Fhtml'],
      [encodeURIComponent(seconds(START + HOUR_MS)), encodeURIComponent('2036-01-01T00:00:00Z')],
      ['sv=2026-10-06', 'sv=2020-08-04'],
    ] as const) {
      expect(sas).toContain(from);
      const changed = lab.bySas(sas.replace(from, to));
      expect(await outcome(namesIn(changed))).toBe('403 AuthenticationFailed');
    }
    for (const added of ['&sip=127.0.0.1', '&spr=https,http', '&sp=rl', '&si=x', '&sig=x']) {
      expect(await outcome(namesIn(lab.bySas(`${sas}${added}`)))).toBe('403 AuthenticationFailed');
    }
    for (const added of ['&ses=scope', '&suoid=x', '&ss=b&srt=sco']) {
      expect(await outcome(namesIn(lab.bySas(`${sas}${added}`)))).toBe('501 NotImplemented');
    }
  });

  it('sip and spr are checked', async () => {
    const by = (fields: Record<string, string>) =>
      outcome(namesIn(lab.bySas(containerSas(fields))));
    expect(await by({ sip: '127.0.0.1' })).toBe('ok');
    expect(await by({ sip: '127.0.0.0-127.0.0.255' })).toBe('ok');
    expect(await by({ sip: '10.0.0.1' })).toBe('403 AuthorizationSourceIPMismatch');
    expect(await by({ sip: '127.0.0.2-127.0.0.9' })).toBe('403 AuthorizationSourceIPMismatch');
    expect(await by({ sip: '127.0.0.300' })).toBe('403 AuthenticationFailed');
    expect(await by({ spr: 'https,http' })).toBe('ok');
    expect(await by({ spr: 'https' })).toBe('403 AuthorizationProtocolMismatch');
    expect(await by({ spr: 'http' })).toBe('403 AuthenticationFailed');
  });

  it('a SAS sets response headers', async () => {
    await lab.container().getBlockBlobClient('plain').upload('x', 1);
    const blob = lab.bySas(containerSas({ rsct: 'a/b', rscc: 'no-store' })).getBlobClient('plain');
    const found = await blob.getProperties();
    expect([found.contentType, found.cacheControl]).toEqual(['a/b', 'no-store']);
  });

  it('a SAS together with a signature is refused, and nothing at all is 401', async () => {
    const { rawGet } = await import('./raw-request.ts');
    const path = `/${TREE}/${CONTAINER}/plain`;
    const anonymous = await rawGet(lab.storage.port, path);
    expect([anonymous.status, anonymous.code]).toEqual([401, 'NoAuthenticationInformation']);
    const both = await rawGet(lab.storage.port, `${path}?${containerSas()}`, {
      authorization: 'SharedKey treeaccount:AAAA',
    });
    expect([both.status, both.code]).toEqual([400, 'InvalidAuthenticationInfo']);
  });
});

describe('the life of a SAS', () => {
  it.each([
    [-1, 'ok'],
    [0, '403 AuthenticationFailed'],
    [1, '403 AuthenticationFailed'],
  ])('C10: %i ms from its expiry', async (offMs, wanted) => {
    const expiry = START + 30 * 24 * HOUR_MS;
    const sas = containerSas({ st: seconds(START - 15 * MINUTE_MS), se: seconds(expiry) });
    lab.clock.at = expiry + offMs;
    expect(await outcome(namesIn(lab.bySas(sas)))).toBe(wanted);
    lab.clock.at = START;
    expect(await outcome(namesIn(lab.bySas(sas)))).toBe('ok');
  });

  it.each([
    [-1, '403 AuthenticationFailed'],
    [0, 'ok'],
    [1, 'ok'],
  ])('%i ms from its start', async (offMs, wanted) => {
    const start = START + HOUR_MS;
    const sas = containerSas({ st: seconds(start), se: seconds(start + HOUR_MS) });
    lab.clock.at = start + offMs;
    expect(await outcome(namesIn(lab.bySas(sas)))).toBe(wanted);
  });

  it('says why, as Azure does', async () => {
    const expired = { se: seconds(START - HOUR_MS) };
    const framed = { st: seconds(START - 2 * HOUR_MS), ...expired };
    const detail = async (fields: Record<string, string>) =>
      (await refusal(namesIn(lab.bySas(containerSas(fields))))).detail;
    expect(await detail(framed)).toBe(
      'Signature not valid in the specified time frame: ' +
        'Start [Thu, 15 Jan 2026 10:00:00 GMT] - Expiry [Thu, 15 Jan 2026 11:00:00 GMT] - ' +
        'Current [Thu, 15 Jan 2026 12:00:00 GMT]',
    );
    expect(await detail(expired)).toBe(
      'Signed expiry time [Thu, 15 Jan 2026 11:00:00 GMT] must be after signed start time ' +
        '[Thu, 15 Jan 2026 12:00:00 GMT]',
    );
  });
});

describe('stored access policies', () => {
  const policy = (id: string, more: object = {}): SignedIdentifier => ({
    id,
    accessPolicy: {
      startsOn: new Date(START - HOUR_MS),
      expiresOn: new Date(START + HOUR_MS),
      permissions: 'rl',
      ...more,
    },
  });
  const set = (...policies: SignedIdentifier[]) =>
    lab.container().setAccessPolicy(undefined, policies);
  const bySi = (fields: Record<string, string> = {}) =>
    lab.bySas(containerSas({ si: 'p', sp: '', se: '', ...fields }));

  it('limit, move and revoke the SAS that name them', async () => {
    await set(policy('p'), policy('q'));
    const stored = await lab.container().getAccessPolicy();
    expect(stored.signedIdentifiers).toEqual([policy('p'), policy('q')]);
    const container = bySi();
    expect(await outcome(namesIn(container))).toBe('ok');
    expect(await outcome(container.getBlockBlobClient('x').upload('x', 1))).toBe(
      '403 AuthorizationPermissionMismatch',
    );
    await set(policy('p', { permissions: 'racwdl' }));
    expect(await outcome(container.getBlockBlobClient('x').upload('x', 1))).toBe('ok');
    lab.clock.at = START + HOUR_MS;
    expect(await outcome(namesIn(container))).toBe('403 AuthenticationFailed');
    await set(policy('p', { expiresOn: new Date(START + 2 * HOUR_MS) }));
    expect(await outcome(namesIn(container))).toBe('ok');
    await set(policy('other'));
    expect((await refusal(namesIn(container))).detail).toBe(
      'SAS identifier cannot be found for specified signed identifier',
    );
    await set();
    expect((await lab.container().getAccessPolicy()).signedIdentifiers).toEqual([]);
  });

  it('a field stands in the SAS or in the policy, not in both and not in none', async () => {
    await set(policy('p'));
    expect((await refusal(namesIn(bySi({ sp: 'r' })))).detail).toContain('but not both');
    await set({ id: 'p', accessPolicy: { permissions: 'l' } });
    expect((await refusal(namesIn(bySi()))).detail).toContain('se is mandatory');
    expect(await outcome(namesIn(bySi({ se: seconds(START + HOUR_MS) })))).toBe('ok');
  });

  it('at most five, each with a name of its own of at most 64 characters', async () => {
    const five = ['a', 'b', 'c', 'd', 'e'].map((id) => policy(id));
    expect(await outcome(set(...five))).toBe('ok');
    expect(await outcome(set(...five, policy('f')))).toBe('400 InvalidXmlDocument');
    expect(await outcome(set(policy('a'), policy('a')))).toBe('400 InvalidXmlDocument');
    expect(await outcome(set(policy('x'.repeat(64))))).toBe('ok');
    expect(await outcome(set(policy('x'.repeat(65))))).toBe('400 InvalidXmlNodeValue');
    expect(await outcome(set(policy('p', { permissions: 'nonsense' })))).toBe(
      '400 InvalidXmlNodeValue',
    );
  });

  it('may take a while to be known (a fault)', async () => {
    lab.storage.faults.add({
      kind: 'delayKeyPropagation',
      ms: 30_000,
      operation: 'SetContainerAcl',
      nth: 1,
    });
    await set(policy('p'));
    expect(await outcome(namesIn(bySi()))).toBe('403 AuthenticationFailed');
    lab.clock.at = START + 30_000;
    expect(await outcome(namesIn(bySi()))).toBe('ok');
    lab.storage.faults.clear();
  });
});

describe('decisions', () => {
  it('say why a request was allowed or denied, without a signature', async () => {
    await outcome(
      lab
        .bySas(containerSas({ sp: 'l' }))
        .getBlockBlobClient('x')
        .upload('x', 1),
    );
    await outcome(namesIn(lab.bySas(containerSas({ se: seconds(START - 1000) }))));
    const [denied, expired] = lab.storage.decisions().slice(-2);
    expect(denied).toMatchObject({
      allowed: false,
      action: 'PutBlob',
      resource: `/blob/${TREE}/${CONTAINER}/x`,
      principalArn: 'sas',
      layers: [
        {
          source: 'shared access signature',
          outcome: 'not allowed',
          statement: expect.any(String),
        },
      ],
    });
    expect(expired?.layers[0]?.statement).toContain('Signed expiry time');
    const all = JSON.stringify([lab.storage.decisions(), lab.records]);
    expect(all).not.toContain(KEY);
    expect(all).not.toMatch(/sig=|String to sign/);
  });
});
