import { AzureError, authenticationFailed } from './errors.ts';

/** Checks the client against `sip`: one IPv4 address or `first-last`. Throws AzureError. */
export function checkIpRange(range: string, clientAddress: string): void {
  if (range === '') return;
  const [first, last = first] = range.split('-', 2).map(ipv4Number);
  if (first === undefined || last === undefined || range.split('-').length > 2) {
    throw authenticationFailed(`sip=${range} is not a valid value`);
  }
  const client = ipv4Number(clientAddress.replace(/^::ffff:/i, ''));
  if (client === undefined || client < first || client > last) {
    throw new AzureError('AuthorizationSourceIPMismatch');
  }
}

function ipv4Number(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const bytes = match?.slice(1).map(Number) ?? [];
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return undefined;
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
