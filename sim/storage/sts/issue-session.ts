import { hashToken, type SessionRecord } from '../access/accounts.ts';
import { makeKeys } from '../access/make-keys.ts';
import { isoInstant, isoSeconds } from '../core/instants.ts';
import { constraint, type QueryCall } from '../query/call.ts';
import type { StorageWorld } from '../wire/world.ts';
import { branch, leaf, type Xml } from '../wire/xml.ts';

/** Makes keys and token of a session and keeps the session; the token is given only here. */
export function issueSession(
  world: StorageWorld,
  call: Pick<QueryCall, 'at' | 'keyDelayMs'>,
  wanted: Pick<SessionRecord, 'roleArn' | 'sessionName' | 'issuer' | 'policyText'> & {
    readonly seconds: number;
  },
): { readonly session: SessionRecord; readonly token: string } {
  const { seconds, ...described } = wanted;
  const { token, ...keys } = makeKeys(world, 'ASIA');
  const session: SessionRecord = {
    ...described,
    ...keys,
    tokenHash: hashToken(token),
    issuedAt: call.at,
    usableFrom: call.at + call.keyDelayMs,
    expiresAt: call.at + seconds * 1000,
  };
  world.accounts.issue(session);
  return { session, token };
}

export function credentialsElement(session: SessionRecord, token: string): Xml {
  return branch(
    'Credentials',
    leaf('AccessKeyId', session.accessKeyId),
    leaf('SecretAccessKey', session.secretAccessKey),
    leaf('SessionToken', token),
    leaf('Expiration', expirationText(session.expiresAt)),
  );
}

/** Whole seconds as AWS writes them; milliseconds only when the clock stands between seconds. */
function expirationText(expiresAt: number): string {
  return expiresAt % 1000 === 0 ? isoSeconds(expiresAt) : isoInstant(expiresAt);
}

/** `DurationSeconds` within the bounds of the action; throws ValidationError. */
export function readSeconds(
  world: StorageWorld,
  call: QueryCall,
  bounds: { readonly default: number; readonly max: number },
): number {
  const text = call.parameters.get('DurationSeconds');
  if (text === undefined) return bounds.default;
  const refuse = (rule: string): never => {
    throw constraint(text, 'DurationSeconds', rule);
  };
  if (!/^-?\d{1,10}$/.test(text)) refuse('be a whole number');
  const seconds = Number(text);
  const min = Math.ceil(world.profile.shortestSessionMs / 1000);
  if (seconds < min) refuse(`have value greater than or equal to ${min}`);
  if (seconds > bounds.max) refuse(`have value less than or equal to ${bounds.max}`);
  return seconds;
}
