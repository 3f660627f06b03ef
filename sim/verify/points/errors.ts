import type { Damage } from '../access/access.ts';
import { type Answer, notApplicable, Tally } from '../outcome.ts';
import type { Subject } from '../subject.ts';
import type { Point } from './point.ts';

const REFUSED: readonly Answer[] = [
  'credential.invalid',
  'credential.unknownKey',
  'access.denied',
  'request.invalid',
];

/** What a mover may make of it: only an unknown key is waited for (C19). */
function wantedOf({ target }: Subject, what: Damage['what']): readonly Answer[] {
  // Refused is enough: no mover ever has a key with another's token.
  if (what === 'wrong token') return REFUSED;
  // A directory SAS is looked for by its place: a wrong signature is no different from no right.
  if (target.kind === 'azure') {
    const isPolicy = target.storedAccessPolicy;
    return ['credential.invalid', isPolicy ? 'credential.unknownKey' : 'access.denied'];
  }
  if (target.kind === 'gcs') return ['credential.invalid', 'credential.unknownKey'];
  return [what === 'wrong secret' ? 'credential.invalid' : 'credential.unknownKey'];
}

function damagePoint(what: Damage['what'], title: string, remedy: string): Point {
  return {
    id: `E-${what.replace(' ', '-')}`,
    rules: ['C19', 'C20'],
    title,
    remedy,
    async run(subject) {
      const { access, names } = subject;
      const damages = access.damages(await subject.shared());
      const damage = damages.find((one) => one.what === what);
      if (damage === undefined) return notApplicable('such credentials have no such part');
      const store = access.store(names.tenant, damage.credential);
      const wanted = wantedOf(subject, what);
      const tally = new Tally();
      await tally.expect('get', store.get(`${names.own}own`), ...wanted);
      await tally.expect('put', store.put(`${names.own}damaged`, new Uint8Array(1)), ...wanted);
      const listing = store.list(names.own)[Symbol.asyncIterator]().next();
      await tally.expect('list', listing, ...wanted);
      return tally.outcome(`get, put and list with a ${what}`);
    },
  };
}

export const ERROR_POINTS: readonly Point[] = [
  damagePoint(
    'wrong secret',
    'A wrong signature is told as such',
    'answer SignatureDoesNotMatch, not AccessDenied: the one is final, the other asks for a check',
  ),
  damagePoint(
    'unknown key',
    'An unknown key is told as such',
    'answer InvalidAccessKeyId: a mover waits a minute for a new key to be known (C19)',
  ),
  damagePoint('wrong token', 'A wrong session token is refused', 'check the token at each request'),
];
