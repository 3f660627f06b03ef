import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AzureError } from '../../../../sim/storage/azure/errors.ts';
import { startAzureStorage } from '../../../../sim/storage/azure/index.ts';
import { readSas } from '../../../../sim/storage/azure/sas.ts';
import { sharedKeyString, signBase64 } from '../../../../sim/storage/azure/shared-key.ts';
import { childText, parseXml } from '../../../../sim/storage/azure/xml.ts';
import { parseForm } from '../../../../sim/storage/sigv4/wire-request.ts';
import { seeded } from '../../../support/seed.ts';
import { CONTAINER, FLAT, KEY, type Lab, OTHER_KEY, START, startLab, TREE } from './lab.ts';
import { type RawReply, rawRequest, sendBytes } from './raw-request.ts';

const BLOB = `/${TREE}/${CONTAINER}/blob`;
const BLOCK_ID = encodeURIComponent(Buffer.from('000001').toString('base64'));

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
  await lab.container().getBlockBlobClient('blob').upload('body', 4);
});
afterAll(async () => {
  await lab.close();
  expect(lab.internalErrors).toEqual([]);
});

interface Raw {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Sent but not signed. */
  unsigned?: Record<string, string>;
}

/** Sends a request of the owner, rightly signed whatever is in it. */
function send({ method = 'PUT', path = BLOB, headers = {}, body = '', unsigned }: Raw) {
  const bytes = Buffer.from(body);
  const all: Record<string, string> = {
    'x-ms-version': '2026-10-06',
    'x-ms-date': new Date(START).toUTCString(),
    ...(method === 'PUT' ? { 'content-length': String(bytes.length) } : {}),
    ...headers,
  };
  const [rawPath = '', query = ''] = path.split('?', 2);
  const wire = {
    method,
    rawPath,
    query: parseForm(query),
    headers: new Map(Object.entries(all).map(([name, value]) => [name, [value]] as const)),
  };
  const signature = signBase64(Buffer.from(KEY, 'base64'), sharedKeyString(wire, TREE));
  const authorization = `SharedKey ${TREE}:${signature}`;
  return sendBytes(
    lab.storage.port,
    rawRequest(method, path, { ...all, authorization, ...unsigned }, bytes),
  );
}

const TYPE = { 'x-ms-blob-type': 'BlockBlob' };
const list = `${BLOB}?comp=blocklist`;
const container = `/${TREE}/${CONTAINER}?restype=container`;

describe('bad input', () => {
  it.each<[string, Raw, number, string]>([
    ['no blob type', {}, 400, 'MissingRequiredHeader'],
    ['an unknown blob type', { headers: { 'x-ms-blob-type': 'X' } }, 400, 'InvalidHeaderValue'],
    ['a page blob', { headers: { 'x-ms-blob-type': 'PageBlob' } }, 501, 'NotImplemented'],
    ['an append blob', { headers: { 'x-ms-blob-type': 'AppendBlob' } }, 501, 'NotImplemented'],
    ['an unknown header', { headers: { ...TYPE, 'x-ms-new': 'x' } }, 400, 'UnsupportedHeader'],
    ['a lease', { headers: { ...TYPE, 'x-ms-lease-id': 'x' } }, 400, 'UnsupportedHeader'],
    [
      'customer keys',
      { headers: { ...TYPE, 'x-ms-encryption-key': 'x' } },
      400,
      'UnsupportedHeader',
    ],
    ['a wrong MD5 header', { headers: { ...TYPE, 'content-md5': 'x' } }, 400, 'InvalidMd5'],
    [
      'the MD5 of another body',
      { headers: { ...TYPE, 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }, body: 'x' },
      400,
      'Md5Mismatch',
    ],
    [
      'a CRC64 of another length',
      { headers: { ...TYPE, 'x-ms-content-crc64': 'AAAA' }, body: 'x' },
      400,
      'InvalidHeaderValue',
    ],
    [
      'too large a blob',
      { headers: { ...TYPE, 'content-length': String(6000 * 1024 ** 2) } },
      413,
      'RequestBodyTooLarge',
    ],
    ['a metadata name', { headers: { ...TYPE, 'x-ms-meta-a-b': 'x' } }, 400, 'InvalidMetadata'],
    [
      'an empty metadata name',
      { headers: { ...TYPE, 'x-ms-meta-': 'x' } },
      400,
      'EmptyMetadataKey',
    ],
    [
      'too much metadata',
      { headers: { ...TYPE, 'x-ms-meta-a': 'x'.repeat(9000) } },
      400,
      'MetadataTooLarge',
    ],
    [
      'a bad date condition',
      { headers: { ...TYPE, 'if-modified-since': 'x' } },
      400,
      'InvalidHeaderValue',
    ],
    ['a version to come', { headers: { 'x-ms-version': '2099-01-01' } }, 400, 'InvalidHeaderValue'],
    ['a version that is none', { headers: { 'x-ms-version': 'x' } }, 400, 'InvalidHeaderValue'],
    ['an unknown comp', { path: `${BLOB}?comp=x` }, 501, 'NotImplemented'],
    [
      'an unknown parameter',
      { path: `${BLOB}?x=y`, headers: TYPE },
      400,
      'InvalidQueryParameterValue',
    ],
    ['a PATCH', { method: 'PATCH' }, 405, 'UnsupportedHttpVerb'],
    ['a POST to a blob', { method: 'POST' }, 501, 'NotImplemented'],
    [
      'a blob of the root container',
      { path: `/${TREE}/name`, headers: TYPE },
      501,
      'NotImplemented',
    ],
    ['another account', { path: `/nobody/${CONTAINER}/x` }, 404, 'ResourceNotFound'],
    [
      'the account of another key',
      { path: `/${FLAT}/${CONTAINER}/x` },
      403,
      'AuthenticationFailed',
    ],
    [
      'a container name',
      { path: `/${TREE}/Bad_Name/x`, headers: TYPE },
      400,
      'InvalidResourceName',
    ],
    ['a short container name', { path: `/${TREE}/ab/x`, headers: TYPE }, 400, 'OutOfRangeInput'],
    ['no such container', { path: `/${TREE}/absent/x`, headers: TYPE }, 404, 'ContainerNotFound'],
    ['a long blob name', { path: `${BLOB}${'x'.repeat(1025)}`, headers: TYPE }, 400, 'InvalidUri'],
    ['broken escapes', { path: `${BLOB}%zz`, headers: TYPE }, 400, 'InvalidUri'],
    [
      'a suffix range',
      { method: 'GET', headers: { range: 'bytes=-5' } },
      400,
      'InvalidHeaderValue',
    ],
    [
      'a range backwards',
      { method: 'GET', headers: { range: 'bytes=3-1' } },
      400,
      'InvalidHeaderValue',
    ],
    [
      'a range behind the end',
      { method: 'GET', headers: { range: 'bytes=4-' } },
      416,
      'InvalidRange',
    ],
    [
      'a hash without a range',
      { method: 'GET', headers: { 'x-ms-range-get-content-md5': 'true' } },
      400,
      'InvalidHeaderValue',
    ],
    ['no block id', { path: `${BLOB}?comp=block` }, 400, 'MissingRequiredQueryParameter'],
    [
      'a block id that is no base64',
      { path: `${BLOB}?comp=block&blockid=x`, body: 'x' },
      400,
      'InvalidQueryParameterValue',
    ],
    [
      'a long block id',
      { path: `${BLOB}?comp=block&blockid=${'A'.repeat(88)}`, body: 'x' },
      400,
      'InvalidBlockId',
    ],
    [
      'an empty block',
      { path: `${BLOB}?comp=block&blockid=${BLOCK_ID}` },
      400,
      'InvalidHeaderValue',
    ],
    ['no block list', { path: list }, 400, 'InvalidXmlDocument'],
    ['another document', { path: list, body: '<x/>' }, 400, 'InvalidXmlDocument'],
    ['broken XML', { path: list, body: '<BlockList><Latest>' }, 400, 'InvalidXmlDocument'],
    [
      'a document type',
      { path: list, body: '<!DOCTYPE x><BlockList></BlockList>' },
      400,
      'InvalidXmlDocument',
    ],
    [
      'an unknown element',
      { path: list, body: '<BlockList><Newest>AAAA</Newest></BlockList>' },
      400,
      'UnsupportedXmlNode',
    ],
    [
      'a block that is not there',
      { path: list, body: '<BlockList><Latest>AAAA</Latest></BlockList>' },
      400,
      'InvalidBlockList',
    ],
    [
      'too many blocks',
      { path: list, body: `<BlockList>${'<Latest>AAAA</Latest>'.repeat(50_001)}</BlockList>` },
      400,
      'BlockListTooLong',
    ],
    [
      'a bad block list type',
      { method: 'GET', path: `${list}&blocklisttype=x` },
      400,
      'InvalidQueryParameterValue',
    ],
    [
      'no results',
      { method: 'GET', path: `${container}&comp=list&maxresults=0` },
      400,
      'OutOfRangeQueryParameterValue',
    ],
    [
      'results that are no number',
      { method: 'GET', path: `${container}&comp=list&maxresults=x` },
      400,
      'InvalidQueryParameterValue',
    ],
    [
      'a marker of somebody else',
      { method: 'GET', path: `${container}&comp=list&marker=x` },
      400,
      'OutOfRangeInput',
    ],
    [
      'a dataset that there is not',
      { method: 'GET', path: `${container}&comp=list&include=everything` },
      400,
      'InvalidQueryParameterValue',
    ],
    ['a batch', { method: 'POST', path: `${container}&comp=batch` }, 501, 'NotImplemented'],
    [
      'a copy from nowhere',
      { headers: { 'x-ms-copy-source': 'nowhere' } },
      400,
      'InvalidHeaderValue',
    ],
    [
      'a put from a URL',
      { headers: { ...TYPE, 'x-ms-copy-source': 'http://127.0.0.1/x' } },
      501,
      'NotImplemented',
    ],
    [
      'a change after signing',
      { unsigned: { 'x-ms-meta-a': 'x' }, headers: TYPE },
      403,
      'AuthenticationFailed',
    ],
    ['no date', { headers: { 'x-ms-date': '' } }, 403, 'AuthenticationFailed'],
    ['a date that is none', { headers: { 'x-ms-date': 'today' } }, 403, 'AuthenticationFailed'],
    [
      'an unknown scheme',
      { unsigned: { authorization: 'Basic x' } },
      400,
      'InvalidAuthenticationInfo',
    ],
    [
      'no signature',
      { unsigned: { authorization: 'SharedKey' } },
      400,
      'InvalidAuthenticationInfo',
    ],
    [
      'the lite scheme',
      { unsigned: { authorization: 'SharedKeyLite a:b' } },
      501,
      'NotImplemented',
    ],
    [
      'a bad token',
      { unsigned: { authorization: 'Bearer x.y.z' } },
      401,
      'InvalidAuthenticationInfo',
    ],
  ])('%s', async (_name, request, status, code) => {
    const reply = await send(request);
    expect([reply.status, reply.code]).toEqual([status, code]);
    expect(reply.text).toMatch(/^x-ms-request-id: /m);
    expect(reply.text).toContain(`<Error><Code>${code}</Code><Message>`);
    expect(reply.text).not.toContain(KEY);
  });

  it('a chunked body without a length is 411', async () => {
    const reply = await send({
      headers: { ...TYPE, 'content-length': '' },
      unsigned: { 'transfer-encoding': 'chunked' },
    });
    expect([400, 411]).toContain(reply.status);
  });

  it('a body shorter than announced is nothing, and leaves nothing', async () => {
    const before = await send({ method: 'HEAD' });
    const pending = send({ headers: { ...TYPE, 'content-length': '10' }, body: 'short' });
    const reply = await Promise.race([
      pending,
      lab
        .container()
        .getBlobClient('blob')
        .getProperties()
        .then(() => undefined),
    ]);
    expect(reply).toBeUndefined();
    const after = await send({ method: 'HEAD' });
    const etag = (one: RawReply) => /^etag: (.*)\r$/m.exec(one.text)?.[1];
    expect(etag(after)).toBe(etag(before));
  });

  it.each([
    ['an account name', [{ name: 'Bad', key: KEY }]],
    [
      'a name twice',
      [
        { name: 'same', key: KEY },
        { name: 'same', key: OTHER_KEY },
      ],
    ],
    ['a key that is no base64', [{ name: 'account', key: '!' }]],
    ['no account', []],
    ['a container name', [{ name: 'account', key: KEY, containers: ['A'] }]],
  ])('options: refuses %s', async (_name, accounts) => {
    const options = { clock: { now: () => START }, state: { kind: 'memory' } as const, accounts };
    await expect(startAzureStorage(options)).rejects.toMatchObject({ code: 'options.invalid' });
  });

  it('options: says that a port is in use', async () => {
    const options = {
      clock: { now: () => START },
      state: { kind: 'memory' } as const,
      accounts: [{ name: 'account', key: KEY }],
      port: lab.storage.port,
    };
    await expect(startAzureStorage(options)).rejects.toMatchObject({ code: 'port.in-use' });
  });
});

describe('fuzz', () => {
  const piece = fc.constantFrom(
    ...'<BlockList> </BlockList> <Latest> </Latest> <Committed> AAAA &amp; &#60; &x; <!-- --> <![CDATA[ ]]> <?x?> = "'.split(
      ' ',
    ),
  );
  const xml = fc.oneof(
    fc.string(),
    fc.array(piece).map((pieces) => pieces.join('')),
  );

  it('any text is an XML document or InvalidXmlDocument', () => {
    fc.assert(
      fc.property(xml, (text) => {
        try {
          childText(parseXml(text, 'BlockList'), 'Latest');
        } catch (error) {
          expect(error).toBeInstanceOf(AzureError);
        }
      }),
      seeded({ numRuns: 500 }),
    );
  });

  it('any query is a SAS, none, or refused', () => {
    const names = 'sv sr sdd sp st se si sip spr sig skoid skt ske ses ss'.split(' ');
    const value = fc.oneof(fc.string(), fc.constantFrom('2026-10-06', 'c', 'd', 'b', '5', 'rwl'));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...names), value)), (query) => {
        try {
          readSas({ query });
        } catch (error) {
          expect(error).toBeInstanceOf(AzureError);
        }
      }),
      seeded({ numRuns: 500 }),
    );
  });

  it('never 200 or 500 for a SAS of random fields', async () => {
    const names = 'sv sr sdd sp st se si sip spr skoid sktid skt ske sks skv'.split(' ');
    const value = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('2026-10-06', 'c', 'd', 'b', '1', 'racwdl', '2036-01-01', '127.0.0.1'),
    );
    const fields = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fields, fc.constantFrom('GET', 'PUT', 'DELETE'), async (query, method) => {
        const text = query.map(([name, one]) => `${name}=${encodeURIComponent(one)}`).join('&');
        const target = `${BLOB}?${text}&sig=AAAA`;
        const reply = await sendBytes(lab.storage.port, rawRequest(method, target, TYPE));
        expect([400, 403, 501]).toContain(reply.status);
      }),
      seeded({ numRuns: 150 }),
    );
  });

  it('random headers, paths and methods of the owner never break the server', async () => {
    const header = fc.constantFrom(
      'x-ms-blob-type',
      'x-ms-range',
      'if-match',
      'if-none-match',
      'x-ms-copy-source',
      'content-md5',
      'x-ms-meta-a',
      'x-ms-delete-snapshots',
      'x-ms-blob-public-access',
    );
    const text = fc.stringMatching(/^[!-~]{0,12}$/);
    const path = fc.oneof(
      fc.constantFrom(
        BLOB,
        list,
        `${container}&comp=list`,
        `${container}&comp=acl`,
        `/${TREE}?comp=list`,
      ),
      text.map((name) => `/${TREE}/${CONTAINER}/${name.replace(/[#\s]/g, '')}`),
    );
    const headers = fc.dictionary(header, text, { maxKeys: 3 });
    const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE', 'POST');
    await fc.assert(
      fc.asyncProperty(method, path, headers, text, async (verb, target, more, body) => {
        if (verb === 'DELETE' && target.startsWith(container)) return;
        const reply = await send({
          method: verb,
          path: target,
          headers: more,
          body: verb === 'PUT' ? body : '',
        });
        expect(reply.status).toBeGreaterThanOrEqual(200);
        expect(reply.status === 500).toBe(false);
      }),
      seeded({ numRuns: 200 }),
    );
  });

  it('a block list commits exactly what a model commits', async () => {
    const blob = lab.container().getBlockBlobClient('modelled');
    const name = (number: number) => Buffer.from(`block${number}`).toString('base64');
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('stage' as const),
        number: fc.nat(4),
        text: fc.stringMatching(/^[a-z]{1,5}$/),
      }),
      fc.record({
        kind: fc.constant('commit' as const),
        numbers: fc.array(fc.nat(4), { maxLength: 5 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await blob.upload('', 0);
        let committed = new Map<number, string>();
        let open = new Map<number, string>();
        let content = '';
        for (const one of steps) {
          if (one.kind === 'stage') {
            await blob.stageBlock(name(one.number), one.text, one.text.length);
            open.set(one.number, one.text);
            continue;
          }
          const texts = one.numbers.map((number) => open.get(number) ?? committed.get(number));
          const isWhole = texts.every((found) => found !== undefined);
          const work = blob.commitBlockList(one.numbers.map(name));
          if (!isWhole) {
            await expect(work).rejects.toMatchObject({ statusCode: 400 });
            continue;
          }
          await work;
          committed = new Map(one.numbers.map((number, index) => [number, texts[index]!]));
          open = new Map();
          content = texts.join('');
        }
        expect((await blob.downloadToBuffer()).toString()).toBe(content);
      }),
      seeded({ numRuns: 30 }),
    );
  });
});
