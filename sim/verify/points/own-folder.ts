import { inChunks, isSame, keysOf, pattern } from '../content.ts';
import { notApplicable, Tally } from '../outcome.ts';
import type { Subject } from '../subject.ts';
import type { Point } from './point.ts';

const REMEDY =
  'allow all of it in the folder of the credential: reading, writing, removing, listing';

async function openOwn(subject: Subject) {
  const { access, names } = subject;
  const store = access.store(names.tenant, await subject.shared());
  const at = (name: string): string => `${names.own}${name}`;
  return { store, at };
}

const OBJECTS: Point = {
  id: 'I46-objects',
  rules: ['C9', 'I46', 'I73'],
  title: 'Objects are put, read and replaced in the own folder, under odd names too',
  remedy: REMEDY,
  async run(subject) {
    const { at, store } = await openOwn(subject);
    const names = ['a', 'b/c d+é', '*?$', 'T.10/x', 'quote\'"&<>'];
    const tally = new Tally();
    for (const name of names) {
      const body = pattern(70_000, name.length);
      await tally.expect(`put ${name}`, store.put(at(name), body), 'resolved');
      const read = await store.get(at(name));
      tally.check(`get ${name}`, isSame(read, body), `${read.byteLength} other bytes`);
      const size = (await store.head(at(name)))?.sizeBytes;
      tally.check(`head ${name}`, size === 70_000, `size ${size}`);
    }
    await store.put(at('a'), pattern(10));
    const size = (await store.head(at('a')))?.sizeBytes;
    tally.check('a second put replaces', size === 10, `size ${size}`);
    return tally.outcome(`put, get, head of ${names.length} keys, one put again`);
  },
};

const RANGES: Point = {
  id: 'I46-ranges',
  rules: ['C9', 'I46'],
  title: 'Parts of an object are read',
  remedy: 'serve Range requests to the holder of a limited credential',
  async run(subject) {
    const { at, store } = await openOwn(subject);
    const body = pattern(10_000, 3);
    await store.put(at('ranged'), body);
    const tally = new Tally();
    for (const [start, endInclusive] of [
      [0, 0],
      [10, 19],
      [9_990, 9_999],
    ] as const) {
      const read = await store.get(at('ranged'), { range: { start, endInclusive } });
      const isRight = isSame(read, body.subarray(start, endInclusive + 1));
      tally.check(`bytes ${start}-${endInclusive}`, isRight, `${read.byteLength} other bytes`);
    }
    return tally.outcome('three ranges of an object of 10,000 bytes');
  },
};

const LARGE: Point = {
  id: 'I46-large',
  rules: ['C9', 'I46', 'I73', 'I75'],
  title: 'Large objects go up in parts, and a stopped one leaves nothing',
  remedy: 'allow uploads in parts (multipart, blocks, resumable) and their cancellation',
  async run(subject) {
    const { at, store } = await openOwn(subject);
    const tally = new Tally();
    await store.head(at('large'));
    const { partBytes } = store.properties;
    const body = pattern(2 * partBytes + 17);
    await tally.expect('put in parts', store.put(at('large'), body), 'resolved');
    const stream = store.putStream(at('stream'), inChunks(body, 999_983));
    await tally.expect('put of a stream', stream, 'resolved');
    for (const name of ['large', 'stream']) {
      const read = await store.get(at(name));
      tally.check(`get ${name}`, isSame(read, body), `${read.byteLength} other bytes`);
    }
    const stop = new AbortController();
    async function* stopping() {
      yield* inChunks(body.subarray(0, partBytes + 10), 999_983);
      stop.abort();
      yield pattern(partBytes);
    }
    const stopped = store.putStream(at('stopped'), stopping(), { signal: stop.signal });
    await tally.expect('a put that is stopped', stopped, 'session.cancelled');
    const left = await store.head(at('stopped'));
    tally.check('it left nothing', left === null, 'an object is there');
    return tally.outcome(`two puts of ${body.byteLength} bytes in parts, one stopped half-way`);
  },
};

const CREATE_ONLY: Point = {
  id: 'I46-create-only',
  rules: ['I46', 'I73'],
  title: 'A create-only put never replaces an object',
  remedy: 'keep to If-None-Match: * (or its like) on PutObject: manifests are put so',
  async run(subject) {
    const { at, store } = await openOwn(subject);
    await store.head(at('once'));
    if (!store.properties.hasConditionalWrites) {
      return notApplicable('this interface of the storage has no conditional writes');
    }
    const tally = new Tally();
    const put = (size: number) => store.put(at('once'), pattern(size), { ifAbsent: true });
    await tally.expect('the first', put(10), 'resolved');
    await tally.expect('the second', put(20), 'object.conflict');
    const size = (await store.head(at('once')))?.sizeBytes;
    tally.check('the first one stays', size === 10, `size ${size}`);
    return tally.outcome('two create-only puts of one key');
  },
};

const CREATE_ONLY_LARGE: Point = {
  id: 'I46-create-only-large',
  rules: ['I46', 'I73'],
  title: 'Nor does a create-only put in parts',
  remedy: 'keep to If-None-Match: * when an upload is completed: large blocks are put so',
  async run(subject) {
    const { at, store } = await openOwn(subject);
    await store.put(at('once-large'), pattern(10));
    if (!store.properties.hasConditionalWrites) {
      return notApplicable('this interface of the storage has no conditional writes');
    }
    const tally = new Tally();
    const large = pattern(store.properties.partBytes + 1);
    const put = store.putStream(at('once-large'), inChunks(large, 999_983), { ifAbsent: true });
    await tally.expect('a put in parts onto an object', put, 'object.conflict');
    const size = (await store.head(at('once-large')))?.sizeBytes;
    tally.check('the object stays', size === 10, `size ${size}`);
    return tally.outcome('a create-only put in parts of a key that there is');
  },
};

const LISTING: Point = {
  id: 'I46-list',
  rules: ['C9', 'I46'],
  title: 'The own folder is listed, in order, and its prefixes are taken literally',
  remedy: 'allow listings whose prefix lies in the folder (s3:prefix, objectListPrefix, sp=l)',
  async run(subject) {
    if (subject.capabilities.listing === 'none') {
      return notApplicable('this way of issuing opens no listing: the provider lists');
    }
    const { at, store } = await openOwn(subject);
    const names = ['list/a', 'list/a b', 'list/a10', 'list/b/c', 'list/ä', 'list1', 'list/~'];
    for (const name of names) await store.put(at(name), pattern(1));
    const inOrder = (chosen: readonly string[]) =>
      chosen.map(at).sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    const tally = new Tally();
    const compare = async (prefix: string, startAfter?: string) => {
      const expected = inOrder(names.filter((name) => at(name).startsWith(prefix))).filter(
        (key) => startAfter === undefined || key > startAfter,
      );
      const options = startAfter === undefined ? {} : { startAfter };
      const listed = await keysOf(store.list(prefix, options));
      const isRight = JSON.stringify(listed) === JSON.stringify(expected);
      tally.check(`list ${prefix}`, isRight, `it gave ${JSON.stringify(listed)}`);
    };
    await compare(at('list/'));
    await compare(at('list/a'));
    await compare(at('list/'), at('list/a10'));
    await compare(at('list/none'));
    const all = await keysOf(store.list(subject.names.own));
    tally.check('the whole folder', all.includes(at('own')), `${all.length} keys`);
    return tally.outcome('listings of the folder and of prefixes in it');
  },
};

const REMOVAL: Point = {
  id: 'I46-remove',
  rules: ['C9', 'I46'],
  title: 'Objects of the own folder are removed, one and many, and missing ones too',
  remedy: 'allow DeleteObject and DeleteObjects for keys of the folder: retention needs them',
  async run(subject) {
    const { at, store } = await openOwn(subject);
    const keys = Array.from({ length: 12 }, (_, index) => at(`remove/n&<${index}>`));
    for (const key of [...keys, at('remove/one')]) await store.put(key, pattern(1));
    const tally = new Tally();
    await tally.expect('one key', store.remove([at('remove/one')]), 'resolved');
    await tally.expect('a missing key', store.remove([at('remove/none')]), 'resolved');
    await tally.expect('many keys', store.remove([...keys, at('remove/none')]), 'resolved');
    const left = await keysOf(subject.owner().list(at('remove/')));
    tally.check('they are gone', left.length === 0, `${left.length} are still there`);
    return tally.outcome('remove of one, of a missing and of many keys');
  },
};

const MISSING: Point = {
  id: 'E-missing',
  rules: ['C20', 'I46'],
  title: 'A missing object of the own folder is told as missing, not as denied',
  remedy: 'answer 404 to those who may list the folder, or allow the listing of it',
  async run(subject) {
    const { at, store } = await openOwn(subject);
    const hasListing = subject.capabilities.listing !== 'none';
    // Who may list nothing is not told what exists.
    const wanted = hasListing
      ? (['object.missing'] as const)
      : (['object.missing', 'access.denied'] as const);
    const tally = new Tally();
    await tally.expect('get', store.get(at('none')), ...wanted);
    const range = { start: 0, endInclusive: 9 };
    await tally.expect('get of a range', store.get(at('none'), { range }), ...wanted);
    if (hasListing) {
      tally.check('head', (await store.head(at('none'))) === null, 'it says that it is there');
    }
    return tally.outcome('get, get of a range and head of a key that is not there');
  },
};

export const OWN_FOLDER_POINTS: readonly Point[] = [
  OBJECTS,
  RANGES,
  LARGE,
  CREATE_ONLY,
  CREATE_ONLY_LARGE,
  LISTING,
  REMOVAL,
  MISSING,
];
