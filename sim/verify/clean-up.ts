import { toFortnightError } from '../../machines/rules/errors.ts';
import { keysOf } from './content.ts';
import type { Outcome } from './outcome.ts';
import type { Subject } from './subject.ts';

/** What a run has made and could not take away, one sentence a thing. */
class Leftovers {
  readonly sentences: string[] = [];

  async try(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      const { code, detail } = toFortnightError(thrown);
      this.sentences.push(`${what}: ${code}${detail === '' ? '' : ` (${detail})`}`);
    }
  }
}

/** Removes everything that the run has made: credentials first, so that nobody writes any more. */
export async function cleanUp(
  subject: Subject,
): Promise<Outcome & { readonly left: readonly string[] }> {
  const left = new Leftovers();
  const { access, ledger, names } = subject;
  const counts = { credentials: 0, objects: 0 };
  if (subject.capabilities.revocation !== 'never') {
    for (const entry of ledger.open()) {
      const { generation, scope } = entry;
      await left.try(`generation ${generation} of ${scope.tenant}`, async () => {
        await access.issuer.revoke(scope, generation, entry.keyId);
        ledger.forget(entry);
        counts.credentials += 1;
      });
    }
  }
  if (subject.hasTouched) {
    // Where each scope has a container, the containers go with all that is in them.
    if (access.hasOnePlace) await removeObjects(subject, left, counts);
    await left.try('places', async () => {
      left.sentences.push(...(await access.removePlaces(names)));
    });
  }
  const { sentences } = left;
  const removed = `${counts.objects} objects removed, ${counts.credentials} credentials revoked`;
  return {
    verdict: sentences.length === 0 ? 'pass' : 'fail',
    sent: 'everything that this run has made',
    answered: sentences.length === 0 ? removed : `left behind: ${sentences.join('; ')}`,
    left: sentences,
  };
}

async function removeObjects(
  subject: Subject,
  left: Leftovers,
  counts: { objects: number },
): Promise<void> {
  const { names } = subject;
  const owner = subject.owner();
  for (const prefix of names.prefixes) {
    await left.try(`uploads below ${prefix}`, () => owner.abortUploads(prefix));
    await left.try(`objects below ${prefix}`, async () => {
      const keys = await keysOf(owner.list(prefix));
      await owner.remove(keys);
      counts.objects += keys.length;
      const rest = await keysOf(owner.list(prefix));
      if (rest.length > 0) left.sentences.push(`${rest.length} objects below ${prefix}`);
    });
  }
}
