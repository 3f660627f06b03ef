import { azureSecond } from './instants.ts';
import { readSas, VERSION_MAX } from './sas.ts';
import { sasString } from './sas-string.ts';
import { signBase64 } from './shared-key.ts';

/** What a service SAS of the owner opens; an empty directory means the whole container. */
export interface ServiceSasRequest {
  readonly accountName: string;
  readonly accountKey: Buffer;
  readonly container: string;
  /** Without slashes at its ends. */
  readonly directory: string;
  readonly permissions: string;
  /** Epoch ms; cut down to whole seconds. */
  readonly startsAt?: number;
  readonly expiresAt: number;
}

/** The query string of an ad hoc service SAS for a container or a directory. */
export function makeServiceSas(request: ServiceSasRequest): string {
  const { accountName, container, directory } = request;
  const resource: [string, string][] =
    directory === ''
      ? [['sr', 'c']]
      : [
          ['sr', 'd'],
          ['sdd', String(directory.split('/').length)],
        ];
  const fields: [string, string][] = [
    ['sv', VERSION_MAX],
    ...resource,
    ['sp', request.permissions],
    ...(request.startsAt === undefined
      ? []
      : [['st', azureSecond(request.startsAt)] as [string, string]]),
    ['se', azureSecond(request.expiresAt)],
  ];
  const unsigned = readSas({ query: [...fields, ['sig', '-']] })!;
  const name = `/blob/${accountName}/${container}${directory === '' ? '' : `/${directory}`}`;
  const text = sasString(unsigned, name, { headers: new Map(), query: [] });
  const signed: [string, string][] = [...fields, ['sig', signBase64(request.accountKey, text)]];
  return signed.map(([field, value]) => `${field}=${encodeURIComponent(value)}`).join('&');
}
