import {
  type ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { type AzureTarget, answers, outcome, type SasWords } from '../azure-target.ts';
import type { Answer } from '../check.ts';
import type { AzureCheck } from './checks.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const read = (container: ContainerClient, name = 'blob') =>
  outcome(container.getBlockBlobClient(name).download());
const write = (container: ContainerClient, name = 'new') =>
  outcome(container.getBlockBlobClient(name).upload('x', 1));
const remove = (container: ContainerClient, name = 'blob') =>
  outcome(container.getBlockBlobClient(name).delete());
const list = async (container: ContainerClient, prefix = ''): Promise<Answer> =>
  outcome(
    container
      .listBlobsFlat({ prefix })
      .byPage()
      .next()
      .then(({ value }) => value),
  );

async function filled(target: AzureTarget): Promise<ContainerClient> {
  const container = await target.container();
  for (const name of ['blob', 'other']) await container.getBlockBlobClient(name).upload('x', 1);
  return container;
}

/** A container with two blobs, and the same by a SAS. */
function sasCheck(
  id: string,
  title: string,
  words: SasWords,
  documented: Answer,
  run: (bySas: ContainerClient, owner: ContainerClient, target: AzureTarget) => Promise<Answer>,
): AzureCheck {
  return {
    id: `sas.${id}`,
    title,
    documented,
    run: async (target) => {
      const owner = await filled(target);
      const query = target.sas(owner.containerName, words);
      return run(target.bySas(owner.containerName, query), owner, target);
    },
  };
}

const DENIED = '403 AuthorizationPermissionMismatch';
const FAILED = '403 AuthenticationFailed';

async function across(
  target: AzureTarget,
  offsetsMs: readonly number[],
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const all: Answer[] = [];
  for (const offsetMs of offsetsMs) all.push(await target.at(offsetMs, ask));
  return all.join(' then ');
}

/** A stored access policy of the container, and a SAS that only names it. */
async function stored(
  target: AzureTarget,
  owner: ContainerClient,
  endsInMs: number,
): Promise<ContainerClient> {
  await setPolicy(owner, endsInMs);
  const words = { permissions: '', endsInMs: null, identifier: 'wire' };
  return target.bySas(owner.containerName, target.sas(owner.containerName, words));
}

function setPolicy(owner: ContainerClient, endsInMs: number) {
  const accessPolicy = { permissions: 'r', expiresOn: new Date(Date.now() + endsInMs) };
  return owner.setAccessPolicy(undefined, [{ id: 'wire', accessPolicy }]);
}

function storedCheck(
  id: string,
  title: string,
  documented: Answer,
  run: (bySas: ContainerClient, owner: ContainerClient, target: AzureTarget) => Promise<Answer>,
): AzureCheck {
  return {
    id: `policy.${id}`,
    title,
    documented,
    run: async (target) => {
      const owner = await filled(target);
      return run(await stored(target, owner, 15 * MINUTE_MS), owner, target);
    },
  };
}

/** A user-delegation SAS of a key with that life. */
async function delegated(
  target: AzureTarget,
  owner: ContainerClient,
  keyMs: number,
  sasMs: number,
) {
  const start = new Date(Date.now() - MINUTE_MS);
  const service = target.byToken(target.token());
  const key = await service.getUserDelegationKey(start, new Date(Date.now() + keyMs));
  const values = {
    containerName: owner.containerName,
    permissions: ContainerSASPermissions.parse('r'),
    expiresOn: new Date(Date.now() + sasMs),
  };
  const query = generateBlobSASQueryParameters(values, key, target.accountName).toString();
  return target.bySas(owner.containerName, query);
}

export const SAS_CHECKS: readonly AzureCheck[] = [
  sasCheck(
    'read',
    'r reads, and does nothing else',
    { permissions: 'r' },
    `200 then ${DENIED} then ${DENIED} then ${DENIED}`,
    (bySas) =>
      answers([() => read(bySas), () => write(bySas), () => remove(bySas), () => list(bySas)]),
  ),
  sasCheck(
    'list',
    'l lists, and does nothing else',
    { permissions: 'l' },
    `200 then ${DENIED} then ${DENIED}`,
    (bySas) => answers([() => list(bySas), () => read(bySas), () => write(bySas)]),
  ),
  sasCheck(
    'write',
    'w makes and replaces, and does not read',
    { permissions: 'w' },
    `201 then 201 then ${DENIED}`,
    (bySas) => answers([() => write(bySas), () => write(bySas, 'blob'), () => read(bySas)]),
  ),
  sasCheck(
    'create',
    'c makes, and does not replace',
    { permissions: 'c' },
    '201 then 403 UnauthorizedBlobOverwrite',
    (bySas) => answers([() => write(bySas), () => write(bySas, 'blob')]),
  ),
  sasCheck(
    'delete',
    'd deletes, and does not read',
    { permissions: 'd' },
    `${DENIED} then 202`,
    (bySas) => answers([() => read(bySas), () => remove(bySas)]),
  ),
  sasCheck(
    'blob',
    'the SAS of one blob opens no other and no listing',
    { permissions: 'r', blob: 'blob' },
    `200 then ${FAILED} then ${FAILED}`,
    (bySas) => answers([() => read(bySas), () => read(bySas, 'other'), () => list(bySas)]),
  ),
  sasCheck(
    'other-container',
    'the SAS of one container opens no other',
    {},
    FAILED,
    async (_bySas, owner, target) => {
      const other = await filled(target);
      return read(target.bySas(other.containerName, target.sas(owner.containerName)));
    },
  ),
  sasCheck(
    'container-operations',
    'no service SAS opens operations on the container itself',
    {},
    '403 AuthorizationFailure then 403 AuthorizationFailure',
    (bySas) => answers([() => outcome(bySas.getProperties()), () => outcome(bySas.delete())]),
  ),
  sasCheck(
    'widened',
    'permissions added to a SAS by hand',
    { permissions: 'r' },
    FAILED,
    async (_bySas, owner, target) => {
      const query = target.sas(owner.containerName, { permissions: 'r' }).replace('sp=r', 'sp=rw');
      return write(target.bySas(owner.containerName, query));
    },
  ),
  sasCheck(
    'other-key',
    'a SAS that another key has signed',
    {},
    FAILED,
    async (_bySas, owner, target) => {
      const wrong = Buffer.alloc(64, 1).toString('base64');
      const key = new StorageSharedKeyCredential(target.accountName, wrong);
      return read(target.bySas(owner.containerName, target.sas(owner.containerName, { key })));
    },
  ),
  sasCheck(
    'other-ip',
    'a SAS for another address',
    { ipRange: '192.0.2.1' },
    '403 AuthorizationSourceIPMismatch',
    (bySas) => read(bySas),
  ),
  sasCheck(
    'expiry',
    'C10: a SAS of 15 minutes works until its end, not after it, and again when the clock is back',
    {},
    `200 then ${FAILED} then ${FAILED} then 200`,
    (bySas, _owner, target) =>
      across(target, [14 * MINUTE_MS, 16 * MINUTE_MS, 30 * DAY_MS, 0], () => read(bySas)),
  ),
  sasCheck(
    'start',
    'a SAS does not work before its start',
    { startsInMs: 5 * MINUTE_MS },
    `${FAILED} then 200`,
    (bySas, _owner, target) => across(target, [0, 6 * MINUTE_MS], () => read(bySas)),
  ),
  storedCheck(
    'works',
    'a SAS that names a stored access policy has its permissions',
    `200 then ${DENIED}`,
    (bySas) => answers([() => read(bySas), () => write(bySas)]),
  ),
  storedCheck(
    'expiry',
    'C10: a stored access policy ends its SAS',
    `200 then ${FAILED} then 200`,
    (bySas, _owner, target) =>
      across(target, [14 * MINUTE_MS, 16 * MINUTE_MS, 0], () => read(bySas)),
  ),
  storedCheck(
    'moved',
    'the end of a stored access policy is moved, and the same SAS lives longer',
    '200',
    async (bySas, owner, target) => {
      await setPolicy(owner, 2 * 60 * MINUTE_MS);
      return target.at(60 * MINUTE_MS, () => read(bySas));
    },
  ),
  storedCheck(
    'removed',
    'a stored access policy is removed, and its SAS ends at once',
    `200 then ${FAILED}`,
    async (bySas, owner) => {
      const before = await read(bySas);
      await owner.setAccessPolicy(undefined, []);
      return `${before} then ${await read(bySas)}`;
    },
  ),
  {
    id: 'policy.six',
    title: 'six stored access policies are one too many',
    documented: '400 InvalidXmlDocument',
    run: async (target) => {
      const container = await target.container();
      const policies = Array.from({ length: 6 }, (_, index) => ({
        id: `policy-${index}`,
        accessPolicy: { permissions: 'r', expiresOn: new Date(Date.now() + DAY_MS) },
      }));
      return outcome(container.setAccessPolicy(undefined, policies));
    },
  },
  {
    id: 'key.wrong',
    title: 'an account key that is not the account’s',
    documented: FAILED,
    run: async (target) => {
      const wrong = Buffer.alloc(64, 1).toString('base64');
      const key = new StorageSharedKeyCredential(target.accountName, wrong);
      return outcome(target.service(key).getContainerClient('wire-x').create());
    },
  },
  {
    id: 'key.skew-14',
    title: 'a shared key request dated 14 minutes ago',
    documented: '404 ContainerNotFound',
    run: (target) => dated(target, -14 * MINUTE_MS),
  },
  {
    id: 'key.skew-16',
    title: 'a shared key request dated 16 minutes ago',
    documented: FAILED,
    run: (target) => dated(target, -16 * MINUTE_MS),
  },
  {
    id: 'anonymous.read',
    title: 'a request without any authorisation',
    documented: '401 NoAuthenticationInformation',
    run: async (target) => {
      const { containerName } = await filled(target);
      const request = { method: 'GET', path: `/${containerName}/blob`, isSigned: false };
      return target.send(request);
    },
  },
  {
    id: 'token.works',
    title: 'a bearer token of one who may',
    documented: '200',
    run: async (target) => {
      const { containerName } = await filled(target);
      return read(target.byToken(target.token()).getContainerClient(containerName));
    },
  },
  {
    id: 'token.expired',
    title: 'a bearer token that has ended',
    documented: '401 InvalidAuthenticationInfo',
    run: async (target) => {
      const { containerName } = await filled(target);
      const token = target.token(-2 * 60 * MINUTE_MS);
      return read(target.byToken(token).getContainerClient(containerName));
    },
  },
  {
    id: 'delegation.expiry',
    title: 'C10: a user-delegation SAS works until its end and not after it',
    documented: `200 then ${FAILED} then 200`,
    run: async (target) => {
      const owner = await filled(target);
      const bySas = await delegated(target, owner, DAY_MS, 15 * MINUTE_MS);
      return across(target, [0, 16 * MINUTE_MS, 0], () => read(bySas));
    },
  },
  {
    id: 'delegation.key-ends',
    title: 'a user-delegation SAS ends with its key, however long it says itself',
    documented: `200 then ${FAILED}`,
    run: async (target) => {
      const owner = await filled(target);
      const bySas = await delegated(target, owner, 15 * MINUTE_MS, DAY_MS);
      return across(target, [0, 16 * MINUTE_MS], () => read(bySas));
    },
  },
  {
    id: 'delegation.too-long',
    title: 'C21: a user-delegation key of eight days',
    documented: '400 InvalidXmlNodeValue',
    run: (target) => {
      const service = target.byToken(target.token());
      return outcome(service.getUserDelegationKey(new Date(), new Date(Date.now() + 8 * DAY_MS)));
    },
  },
];

function dated(target: AzureTarget, offMs: number): Promise<Answer> {
  const query = { restype: 'container' };
  return target.send({ method: 'GET', path: '/wire-none', query, at: Date.now() + offMs });
}
