import { createHmac } from 'node:crypto';
import type { Account } from './account.ts';
import { receiveText } from './body.ts';
import type { AzureCall, AzureReply } from './call.ts';
import { azureDocument, branch, leaf } from './document.ts';
import { AzureError } from './errors.ts';
import { azureSecond, parseAzureInstant } from './instants.ts';
import type { DelegationFields } from './sas.ts';
import { childText, parseXml } from './xml.ts';

const LIFETIME_MS_MAX = 7 * 86_400_000;

/**
 * The value of a user-delegation key. It follows from the account and from what the SAS says
 * about the key, so the storage has nothing to keep (and Azure does not list such keys either).
 */
export function delegationKeyValue(account: Account, key: DelegationFields): Buffer {
  const text = [key.objectId, key.tenantId, key.start, key.expiry, key.service, key.version];
  const message = ['user-delegation-key', account.name, ...text].join('\n');
  return createHmac('sha256', account.key).update(message).digest();
}

/**
 * GetUserDelegationKey: start and expiry must be within seven days of now (C21), and the expiry
 * behind both.
 */
export async function getUserDelegationKey(call: AzureCall): Promise<AzureReply> {
  const { caller } = call;
  if (caller.kind !== 'bearer') {
    throw new AzureError('AuthenticationFailed', {
      elements: { AuthenticationErrorDetail: 'Only authentication scheme Bearer is supported' },
    });
  }
  const root = parseXml(await receiveText(call), 'KeyInfo');
  const start = readInstant('Start', childText(root, 'Start') ?? '');
  const expiry = readInstant('Expiry', childText(root, 'Expiry') ?? '');
  const startAt = start ?? call.at;
  if (expiry === undefined) throw invalidNode('Expiry', '', 'is mandatory');
  if (Math.abs(startAt - call.at) > LIFETIME_MS_MAX) {
    throw invalidNode('Start', azureSecond(startAt), 'must be within 7 days of the current time');
  }
  if (expiry - call.at > LIFETIME_MS_MAX) {
    throw invalidNode('Expiry', azureSecond(expiry), 'must be within 7 days of the current time');
  }
  if (expiry <= call.at || expiry <= startAt) {
    throw invalidNode('Expiry', azureSecond(expiry), 'must be after the start and after now');
  }
  const key: DelegationFields = {
    objectId: caller.principal.objectId,
    tenantId: caller.principal.tenantId,
    start: azureSecond(startAt),
    expiry: azureSecond(expiry),
    service: 'b',
    version: call.version,
  };
  const { xml } = branch(
    'UserDelegationKey',
    leaf('SignedOid', key.objectId),
    leaf('SignedTid', key.tenantId),
    leaf('SignedStart', key.start),
    leaf('SignedExpiry', key.expiry),
    leaf('SignedService', key.service),
    leaf('SignedVersion', key.version),
    leaf('Value', delegationKeyValue(call.target.account, key).toString('base64')),
  );
  return { status: 200, xml: azureDocument(xml) };
}

function readInstant(node: string, text: string): number | undefined {
  if (text === '') return undefined;
  const at = parseAzureInstant(text);
  if (at === undefined) throw invalidNode(node, text, 'is not a valid time');
  return at;
}

function invalidNode(name: string, value: string, reason: string): AzureError {
  return new AzureError('InvalidXmlNodeValue', {
    elements: { XmlNodeName: name, XmlNodeValue: value, Reason: reason },
  });
}
