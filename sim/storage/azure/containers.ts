import { metadataHeaders, readMetadata, versionHeaders } from './attributes.ts';
import { receiveText } from './body.ts';
import {
  type AzureCall,
  type AzureReply,
  bucketOfCall,
  headerOf,
  requireContainer,
} from './call.ts';
import { checkRead, readConditions } from './conditions.ts';
import type { ContainerRecord, StoredPolicy } from './container-shelf.ts';
import { azureDocument, branch, leaf } from './document.ts';
import { AzureError, invalidHeader } from './errors.ts';
import { parseAzureInstant } from './instants.ts';
import { childText, onlyChildren, parseXml, type XmlElement } from './xml.ts';

const POLICIES_MAX = 5;
const POLICY_ID_LENGTH_MAX = 64;

export function createContainer(call: AzureCall): AzureReply {
  refusePublicAccess(call);
  const bucket = bucketOfCall(call);
  if (call.containers.find(bucket) !== undefined) throw new AzureError('ContainerAlreadyExists');
  const metadata = readMetadata(call.request);
  const record = newContainer(bucket, { etag: call.newEtag(), at: call.at, metadata });
  call.core.createBucket(bucket, call.at);
  call.containers.set(record);
  return { status: 201, headers: versionHeaders(record) };
}

export function newContainer(
  bucket: string,
  parts: { etag: string; at: number; metadata: Readonly<Record<string, string>> },
): ContainerRecord {
  const { etag, at, metadata } = parts;
  return { bucket, etag, modifiedAt: at, metadata, policies: [] };
}

/** Anonymous reading is off, as it is on a new storage account today. */
function refusePublicAccess(call: AzureCall): void {
  const access = headerOf(call, 'x-ms-blob-public-access');
  if (access === undefined) return;
  if (access !== 'container' && access !== 'blob') {
    throw invalidHeader('x-ms-blob-public-access', access);
  }
  throw new AzureError('PublicAccessNotPermitted');
}

function checkContainerConditions(call: AzureCall, container: ContainerRecord): void {
  const conditions = readConditions((name) => headerOf(call, name));
  if (checkRead(conditions, container) === 'notModified') throw new AzureError('ConditionNotMet');
}

export function deleteContainer(call: AzureCall): AzureReply {
  const container = requireContainer(call);
  checkContainerConditions(call, container);
  // The record goes first: from then on the container is gone, and what is left of it is
  // cleared at the next start should this process be killed here.
  call.containers.delete(container.bucket);
  clearBucket(call.core, container.bucket);
  return { status: 202 };
}

/** Deletes a bucket of the core with everything in it. */
export function clearBucket(core: AzureCall['core'], bucket: string): void {
  if (!core.hasBucket(bucket)) return;
  for (const key of [...core.keysFrom(bucket, '')]) core.deleteObject(bucket, key);
  core.deleteBucket(bucket);
}

export function getContainerProperties(call: AzureCall): AzureReply {
  const container = requireContainer(call);
  const headers = {
    ...versionHeaders(container),
    ...metadataHeaders(container.metadata),
    'x-ms-lease-status': 'unlocked',
    'x-ms-lease-state': 'available',
    'x-ms-has-immutability-policy': 'false',
    'x-ms-has-legal-hold': 'false',
  };
  return { status: 200, headers };
}

export function setContainerMetadata(call: AzureCall): AzureReply {
  const container = requireContainer(call);
  checkContainerConditions(call, container);
  const metadata = readMetadata(call.request);
  const changed = { ...container, metadata, etag: call.newEtag(), modifiedAt: call.at };
  call.containers.set(changed);
  return { status: 200, headers: versionHeaders(changed) };
}

export function getContainerAcl(call: AzureCall): AzureReply {
  const container = requireContainer(call);
  const rows = container.policies.map((policy) =>
    branch(
      'SignedIdentifier',
      leaf('Id', policy.id),
      branch(
        'AccessPolicy',
        policy.start === '' ? undefined : leaf('Start', policy.start),
        policy.expiry === '' ? undefined : leaf('Expiry', policy.expiry),
        policy.permissions === '' ? undefined : leaf('Permission', policy.permissions),
      ),
    ),
  );
  const { xml } = branch('SignedIdentifiers', ...rows);
  return { status: 200, headers: versionHeaders(container), xml: azureDocument(xml) };
}

/** Replaces all stored access policies: one that is not named any more is revoked. */
export async function setContainerAcl(call: AzureCall): Promise<AzureReply> {
  refusePublicAccess(call);
  requireContainer(call);
  const text = await receiveText(call);
  const policies = text === '' ? [] : readPolicies(parseXml(text, 'SignedIdentifiers'));
  // Looked up again: the container may have gone while the document came in.
  const { policiesKnownFrom: _before, ...container } = requireContainer(call);
  checkContainerConditions(call, container);
  const changed: ContainerRecord = {
    ...container,
    policies,
    etag: call.newEtag(),
    modifiedAt: call.at,
    ...(call.propagationMs > 0 ? { policiesKnownFrom: call.at + call.propagationMs } : {}),
  };
  call.containers.set(changed);
  return { status: 200, headers: versionHeaders(changed) };
}

function readPolicies(root: XmlElement): StoredPolicy[] {
  onlyChildren(root, ['SignedIdentifier']);
  const policies = root.children.map(readPolicy);
  const ids = new Set(policies.map((policy) => policy.id));
  if (policies.length > POLICIES_MAX || ids.size !== policies.length) {
    throw new AzureError('InvalidXmlDocument');
  }
  return policies;
}

function readPolicy(element: XmlElement): StoredPolicy {
  onlyChildren(element, ['Id', 'AccessPolicy']);
  const id = childText(element, 'Id') ?? '';
  if (id === '' || id.length > POLICY_ID_LENGTH_MAX) throw invalidNode('Id', id);
  const access = element.children.find((child) => child.name === 'AccessPolicy');
  if (access === undefined) return { id, start: '', expiry: '', permissions: '' };
  onlyChildren(access, ['Start', 'Expiry', 'Permission']);
  const [start, expiry] = ['Start', 'Expiry'].map((name) => {
    const text = childText(access, name) ?? '';
    if (text !== '' && parseAzureInstant(text) === undefined) throw invalidNode(name, text);
    return text;
  });
  const permissions = childText(access, 'Permission') ?? '';
  if (!/^[racwdxyltmeopfi]*$/.test(permissions)) throw invalidNode('Permission', permissions);
  return { id, start: start!, expiry: expiry!, permissions };
}

function invalidNode(name: string, value: string): AzureError {
  return new AzureError('InvalidXmlNodeValue', {
    elements: { XmlNodeName: name, XmlNodeValue: value },
  });
}
