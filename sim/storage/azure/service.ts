import { httpDate } from '../core/instants.ts';
import { bucketOf } from './account.ts';
import { quoted } from './attributes.ts';
import { type AzureCall, type AzureReply, readInclude, readMaxResults } from './call.ts';
import { branch, leaf, listingDocument } from './document.ts';
import { readMarker, writeMarker } from './marker.ts';

export function listContainers(call: AzureCall): AzureReply {
  const prefix = call.query.get('prefix') ?? '';
  const marker = call.query.get('marker') ?? '';
  const include = readInclude(call, ['metadata', 'deleted', 'system']);
  const maxResults = readMaxResults(call);
  const after = marker === '' ? '' : readMarker(marker);
  const start = bucketOf(call.target.account.name, '');
  const found = call.containers
    .all()
    .filter((one) => one.bucket.startsWith(`${start}${prefix}`))
    .filter((one) => one.bucket.slice(start.length) > after);
  const page = found.slice(0, maxResults);
  const rows = page.map((one) =>
    branch(
      'Container',
      leaf('Name', one.bucket.slice(start.length)),
      branch(
        'Properties',
        leaf('Last-Modified', httpDate(one.modifiedAt)),
        leaf('Etag', quoted(one.etag)),
        leaf('LeaseStatus', 'unlocked'),
        leaf('LeaseState', 'available'),
        leaf('HasImmutabilityPolicy', false),
        leaf('HasLegalHold', false),
      ),
      include.has('metadata')
        ? branch('Metadata', ...Object.entries(one.metadata).map(([key, text]) => leaf(key, text)))
        : undefined,
    ),
  );
  const last = page.at(-1)?.bucket.slice(start.length);
  const hasMore = found.length > page.length && last !== undefined;
  const xml = listingDocument(
    { ServiceEndpoint: call.accountUrl },
    prefix === '' ? undefined : leaf('Prefix', prefix),
    marker === '' ? undefined : leaf('Marker', marker),
    call.query.has('maxresults') ? leaf('MaxResults', maxResults) : undefined,
    branch('Containers', ...rows),
    leaf('NextMarker', hasMore ? writeMarker({ afterKey: last }) : ''),
  );
  return { status: 200, xml };
}

export function getAccountInfo(call: AzureCall): AzureReply {
  const headers = {
    'x-ms-sku-name': 'Standard_LRS',
    'x-ms-account-kind': 'StorageV2',
    'x-ms-is-hns-enabled': String(call.target.account.hasDirectories),
  };
  return { status: 200, headers };
}
