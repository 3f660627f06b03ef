import type { ObjectStore } from '../../../machines/ports/object-store.ts';
import type { StorageCredential } from '../../../machines/ports/storage-credential.ts';
import type { CredentialScope } from '../../../machines/rules/scope.ts';
import { FOREIGN_BYTES, isSame, keysOf, pattern } from '../content.ts';
import type { ForeignGroup } from '../names.ts';
import { type Answer, type Answered, answerOf, notApplicable, Tally } from '../outcome.ts';
import type { Subject } from '../subject.ts';
import type { Point } from './point.ts';

/**
 * Refused for good. To another container than the credential's own the signature itself may be
 * wrong, where the storage takes the container for a part of it, or its policy may be unknown.
 */
function deniedBy({ access }: Subject): readonly Answer[] {
  return access.hasOnePlace ? ['access.denied'] : REFUSED_ELSEWHERE;
}

const REFUSED_ELSEWHERE: readonly Answer[] = [
  'access.denied',
  'credential.invalid',
  'credential.unknownKey',
];

interface Thief {
  readonly credential: StorageCredential;
  /** The credential's store, where foreign objects lie. */
  readonly store: ObjectStore;
}

async function thief(subject: Subject): Promise<Thief> {
  const credential = await subject.shared();
  return { credential, store: subject.access.store(null, credential) };
}

/** Everything that a mover does with an object, tried on somebody else's. */
async function tryAll(subject: Subject, key: string, tally: Tally): Promise<void> {
  const { store } = await thief(subject);
  const denied = deniedBy(subject);
  const range = { start: 0, endInclusive: 0 };
  await tally.expect(`get ${key}`, store.get(key), ...denied);
  await tally.expect(`get of a range of ${key}`, store.get(key, { range }), ...denied);
  await tally.expect(`head ${key}`, store.head(key), ...denied);
  const tried: [string, () => Promise<unknown>][] = [
    ['put', () => store.put(key, pattern(1))],
    ['create-only put', () => store.put(key, pattern(1), { ifAbsent: true })],
    ['put in parts', () => store.put(key, new Uint8Array(store.properties.partBytes))],
    ['remove', () => store.remove([key])],
    ['remove with an own key', () => store.remove([`${subject.names.own}none`, key])],
  ];
  for (const [what, run] of tried) await tally.expect(`${what} ${key}`, run(), ...denied);
  await checkUnharmed(subject, key, tally);
}

/** And puts it right, so that a later point sees what it expects. */
async function checkUnharmed(
  subject: Subject,
  key: string,
  tally: Tally,
  place: CredentialScope | null = null,
): Promise<void> {
  const owner = subject.owner(place);
  const isThere = (await owner.head(key))?.sizeBytes === FOREIGN_BYTES.byteLength;
  tally.check(`${key} is unharmed`, isThere, 'it was changed or removed');
  if (!isThere) await owner.put(key, FOREIGN_BYTES);
}

function foreignPoint(group: ForeignGroup, title: string, remedy: string): Point {
  return {
    id: `C9-${group}`,
    rules: ['C9', 'I44', 'I46'],
    title,
    remedy,
    async run(subject) {
      const { access, names } = subject;
      const keys = names.foreign[group].filter((key) => !access.isNameless(key));
      if (keys.length === 0) return notApplicable('this storage cannot name such keys');
      const tally = new Tally();
      for (const key of keys) await tryAll(subject, key, tally);
      const shown = keys.map((key) => JSON.stringify(key.slice(names.clients.length)));
      const told = keys.every((key) => key.startsWith(names.clients)) ? shown : keys;
      return tally.outcome(
        `get, range, head, put, create-only put, put in parts, two removes of ${told.join(' ')}`,
      );
    },
  };
}

const FOREIGN_POINTS: readonly Point[] = [
  foreignPoint(
    'twin-prefix',
    'T.1 does not open T.10 and other names that begin alike',
    'compare whole folder names: the allowed prefix ends with a slash',
  ),
  foreignPoint(
    'wildcards',
    'Names that hold or match wildcards stay closed',
    'take the resource of a policy literally but for its own * and ?; a dot is a dot',
  ),
  foreignPoint('quotes', 'Names with quotes and backslashes stay closed', 'do not unescape keys'),
  foreignPoint('dots', 'Names with dots stay closed', 'do not resolve dots in keys'),
  foreignPoint(
    'spelling',
    'Other spellings of the folder stay closed: case, percent signs, slashes, spaces',
    'compare keys byte by byte, and decode an address once',
  ),
  foreignPoint('parent', 'Objects above the folder stay closed', 'allow nothing above the folder'),
  foreignPoint('siblings', 'Other tenants and repositories stay closed', 'honour the policy'),
  foreignPoint('subtenants', "A tenant's subtenants stay closed", 'end the prefix with a slash'),
  foreignPoint('outside', 'The rest of the bucket stays closed', 'honour the policy'),
];

const DOT_SEGMENTS: Point = {
  id: 'C9-dot-segments',
  rules: ['C9', 'I44'],
  title: 'Dot segments in a key of the own folder lead nowhere else',
  remedy: 'take keys literally: do not resolve "..", encoded or not, before or after the policy',
  async run(subject) {
    const { access, names } = subject;
    const { store } = await thief(subject);
    const keys = ['../T2/secret', '%2e%2e/T2/secret', '..%2FT2/secret', './../T2/secret']
      .map((name) => `${names.own}${name}`)
      .filter((key) => !access.isNameless(key));
    if (keys.length === 0 || !access.hasOnePlace) {
      return notApplicable('this storage cannot name such keys, or has a container a tenant');
    }
    const tally = new Tally();
    const mine = pattern(5);
    for (const key of keys) {
      const before = await store.get(key).catch(() => new Uint8Array());
      tally.check(`get ${key}`, !isSame(before, FOREIGN_BYTES), "it gave the neighbour's object");
      await answerOf(store.put(key, mine));
      await checkUnharmed(subject, names.victim, tally);
      await answerOf(store.remove([key]));
      await checkUnharmed(subject, names.victim, tally);
    }
    return tally.outcome(`get, put and remove of ${keys.length} keys with dot segments`);
  },
};

const CONFIG_READ: Point = {
  id: 'C9-config-read',
  rules: ['C9', 'I47'],
  title: 'The configuration of the repository is read',
  remedy: 'honour the second part of the policy: reading below Config/',
  async run(subject) {
    const { access, names } = subject;
    const store = access.store(names.tenant, await subject.shared());
    const tally = new Tally();
    for (const name of ['Owner', 'Repository']) {
      const read = await store.get(`${names.config}${name}`);
      tally.check(`get ${name}`, isSame(read, FOREIGN_BYTES), 'other bytes came');
    }
    if (subject.capabilities.listing !== 'none') {
      const listed = await keysOf(store.list(names.config));
      tally.check('the listing of Config/', listed.length === 2, `${listed.length} keys`);
    }
    return tally.outcome('get of two objects below Config/, and the listing of it');
  },
};

const CONFIG_WRITE: Point = {
  id: 'C9-config-write',
  rules: ['C9', 'I47'],
  title: 'The configuration is never written',
  remedy: 'honour the policy: below Config/ nothing but reading is allowed',
  async run(subject) {
    const { access, names } = subject;
    const store = access.store(names.tenant, await subject.shared());
    const owner = subject.owner();
    const tally = new Tally();
    for (const name of ['Owner', 'Repository', 'new']) {
      const key = `${names.config}${name}`;
      await tally.expect(`put ${name}`, store.put(key, pattern(1)), 'access.denied');
      await tally.expect(`remove ${name}`, store.remove([key]), 'access.denied');
      const size = (await owner.head(key))?.sizeBytes;
      const isRight = name === 'new' ? size === undefined : size === FOREIGN_BYTES.byteLength;
      tally.check(`${name} is as it was`, isRight, 'it was changed');
      if (isRight) continue;
      if (name === 'new') await owner.remove([key]);
      else await owner.put(key, FOREIGN_BYTES);
    }
    return tally.outcome('put and remove of three keys below Config/');
  },
};

const LIST_OUTSIDE: Point = {
  id: 'C9-list-outside',
  rules: ['C9', 'I44'],
  title: 'Nothing is listed outside of the folder and the configuration',
  remedy: 'compare the prefix of a listing with the policy (s3:prefix), whole and with its slash',
  async run(subject) {
    const { store } = await thief(subject);
    const tally = new Tally();
    for (const prefix of subject.names.foreignPrefixes) {
      // The first page says enough, and the bucket may hold millions.
      const first = store.list(prefix)[Symbol.asyncIterator]().next();
      await tally.expect(`list ${JSON.stringify(prefix)}`, first, ...deniedBy(subject));
    }
    return tally.outcome(`listings of ${subject.names.foreignPrefixes.length} prefixes`);
  },
};

const MISSING_FOREIGN: Point = {
  id: 'C9-missing-foreign',
  rules: ['C9', 'I44'],
  title: 'Whether a foreign object exists is not told',
  remedy: 'look at the policy before the object: 403, not 404, where nothing is allowed',
  async run(subject) {
    const { store } = await thief(subject);
    const tally = new Tally();
    const denied = deniedBy(subject);
    for (const name of ['T.10/none', 'T2/none']) {
      const key = `${subject.names.clients}${name}`;
      await tally.expect(`get ${name}`, store.get(key), ...denied);
      await tally.expect(`head ${name}`, store.head(key), ...denied);
    }
    return tally.outcome('get and head of keys outside that are not there');
  },
};

const UPLOADS: Point = {
  id: 'C9-upload-listing',
  rules: ['C9', 'I44', 'I75'],
  title: 'Unfinished uploads of others are not listed',
  remedy: 'deny ListBucketMultipartUploads unless a policy allows it: it covers the whole bucket',
  async run(subject) {
    const { access, names } = subject;
    const { credential } = await thief(subject);
    const tally = new Tally();
    const denied = deniedBy(subject);
    for (const prefix of ['', names.clients, `${names.clients}T2/`]) {
      const listing = access.listUploads(null, credential, prefix);
      await tally.expect(`uploads below ${JSON.stringify(prefix)}`, listing, ...denied);
    }
    if (!access.listsUploadsWithObjects) {
      const listing = access.listUploads(names.tenant, credential, names.own);
      await tally.expect('uploads of the own folder', listing, 'access.denied');
    }
    return tally.outcome('listings of unfinished uploads');
  },
};

/** A copy reads and writes at once; it may be refused for either reason, and for its source. */
const COPY_REFUSED: readonly Answer[] = [
  'access.denied',
  'credential.invalid',
  'credential.unknownKey',
  'object.missing',
  'request.invalid',
];

const COPIES: Point = {
  id: 'C9-copy',
  rules: ['C9', 'I44', 'I47'],
  title: 'Nothing is copied from outside into the folder, nor out of it',
  remedy: 'check the rights on the source of a copy as those of a read',
  async run(subject) {
    const { access, names } = subject;
    const { credential } = await thief(subject);
    const own = (name: string) => ({ place: names.tenant, key: `${names.own}${name}` });
    const foreign = (key: string) => ({ place: null, key });
    const tally = new Tally();
    const answers: string[] = [];
    const ways = access.copies(credential, own('own'), own('copied'));
    const foreignKeys = [names.victim, `${names.clients}T.10/secret`, ...names.foreign.outside];
    for (const [index, way] of ways.entries()) {
      const control = await answerOf(way.run());
      if (control.answer !== 'resolved') {
        answers.push(`${way.name} does not work in the own folder: ${control.answer}`);
        continue;
      }
      const attempt = async (what: string, from: Place, to: Place): Promise<void> => {
        const answered: Answered = await answerOf(
          (access.copies(credential, from, to)[index] as typeof way).run(),
        );
        tally.note(`${way.name} ${what}`, answered, COPY_REFUSED);
      };
      for (const key of foreignKeys) {
        await attempt(`from ${key}`, foreign(key), own('stolen'));
        await attempt(`onto ${key}`, own('own'), foreign(key));
        await checkUnharmed(subject, key, tally);
      }
      const config = { place: names.tenant, key: `${names.config}Owner` };
      if (access.hasOnePlace) await attempt('onto Config/Owner', own('own'), config);
    }
    const stolen = await subject.owner().head(own('stolen').key);
    tally.check('nothing was stolen', stolen === null, 'the copy is in the own folder');
    if (answers.length === ways.length) return notApplicable(answers.join('; '));
    return tally.outcome(ways.map(({ name }) => name).join(' and '), answers.join('; '));
  },
};

type Place = Parameters<Subject['access']['copies']>[1];

const SUBTENANT: Point = {
  id: 'C9-subtenant',
  rules: ['C9', 'C12', 'I45'],
  title: "A subtenant's credential opens its own folder, and not its tenant's",
  remedy: 'honour the policy: "T.1@S.1/" lies beside "T.1/", not below it',
  async run(subject) {
    const { access, names } = subject;
    const credential = await subject.shared(names.subtenant);
    const own = access.store(names.subtenant, credential);
    const tally = new Tally();
    const key = `${names.subtenantOwn}object`;
    await tally.expect('put in its folder', own.put(key, pattern(5)), 'resolved');
    await tally.expect('get from its folder', own.get(key), 'resolved');
    // Its tenant's objects lie in the tenant's place, which may be another container.
    const tenants = access.store(names.tenant, credential);
    const denied = deniedBy(subject);
    const other = `${names.own}own`;
    await tally.expect("get from its tenant's", tenants.get(other), ...denied);
    await tally.expect("put into its tenant's", tenants.put(other, pattern(1)), ...denied);
    await tally.expect("remove in its tenant's", tenants.remove([other]), ...denied);
    await checkUnharmed(subject, other, tally, names.tenant);
    const listing = tenants.list(names.own)[Symbol.asyncIterator]().next();
    await tally.expect("list its tenant's", listing, ...denied);
    const twin = `${names.clients}T.1@S.10/secret`;
    const foreign = access.store(null, credential);
    await tally.expect('get from S.10', foreign.get(twin), ...denied);
    await checkUnharmed(subject, twin, tally);
    return tally.outcome("operations in its own, its tenant's and its twin's folder");
  },
};

export const SCOPE_POINTS: readonly Point[] = [
  ...FOREIGN_POINTS,
  DOT_SEGMENTS,
  CONFIG_READ,
  CONFIG_WRITE,
  LIST_OUTSIDE,
  MISSING_FOREIGN,
  UPLOADS,
  COPIES,
  SUBTENANT,
];
