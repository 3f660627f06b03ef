import type { Keys, Lab } from './lab.ts';
import { type RawReply, sendRaw, signRequest } from './raw-client.ts';

/** A call of IAM or STS as it goes on the wire, signed; there is no IAM SDK in this project. */
export function query(
  lab: Lab,
  action: string,
  parameters: Readonly<Record<string, string>> = {},
  options: { readonly keys?: Keys; readonly service?: 'iam' | 'sts' } = {},
): Promise<RawReply> {
  const service = options.service ?? 'iam';
  const Version = service === 'iam' ? '2010-05-08' : '2011-06-15';
  const form = new URLSearchParams({ Action: action, Version, ...parameters }).toString();
  return sendForm(lab, form, options);
}

export function sendForm(
  lab: Lab,
  form: string,
  { keys, service = 'iam' }: { readonly keys?: Keys; readonly service?: 'iam' | 'sts' } = {},
): Promise<RawReply> {
  const request = signRequest({
    method: 'POST',
    path: '/',
    at: Math.floor(lab.clock.at / 1000) * 1000,
    body: Buffer.from(form),
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    service,
    ...(keys === undefined ? {} : { keys }),
  });
  return sendRaw(lab.storage.port, request);
}

/** The text of the first element of this name. */
export function element(reply: RawReply, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(reply.text)?.[1] ?? '';
}

export function elements(reply: RawReply, name: string): string[] {
  const found = reply.text.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'));
  return Array.from(found, (match) => match[1] ?? '');
}
