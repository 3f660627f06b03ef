import type { Clock } from '../../machines/ports/clock.ts';
import type { AzureSas, StorageLocation } from '../../machines/ports/storage-credential.ts';
import { FortnightError, toFortnightError } from '../../machines/rules/errors.ts';
import { DAY_MS, type EpochMs, MINUTE_MS } from '../../machines/rules/time.ts';
import { issuerError } from './issuer-errors.ts';
import { createAzureObjectStore } from './object-store.ts';

/** Shorter than any SAS policy that lets backups run at all. */
const SHORT_MS = 5 * MINUTE_MS;
/** Asked for and not there: a 404 is the storage's yes, and costs no listing. */
const PROBE_NAME = 'fortnight-probe';

export interface Draft {
  /** `null`: valid from its first use on. */
  readonly startsAt: EpochMs | null;
  readonly expiresAt: EpochMs;
}

export interface ProbeOptions {
  /** Where the scope's keys lie. */
  readonly location: StorageLocation;
  readonly clock: Clock;
  /** Below which the credential must open something. */
  readonly prefixes: readonly string[];
}

async function probe(credential: AzureSas, options: ProbeOptions): Promise<FortnightError | null> {
  const { clock, location } = options;
  const store = createAzureObjectStore({ location, credential, clock, socketsMax: 2 });
  try {
    for (const prefix of options.prefixes) await store.head(`${prefix}${PROBE_NAME}`);
    return null;
  } catch (thrown) {
    return toFortnightError(thrown);
  } finally {
    store.close();
  }
}

function isUnbelieved({ code }: FortnightError): boolean {
  return code === 'access.denied' || code === 'credential.invalid';
}

/**
 * Signs, and tries what was signed once before anybody gets it: an account can have a SAS policy
 * (`sasExpirationPeriod` with the action Block) that nobody is told of until a SAS is used. A policy
 * counts from the start of a SAS, so one that allows just the lifetime is met by leaving the start
 * out. What is refused although a short SAS of the same kind is accepted, is refused for its length.
 */
export async function signProbed(
  sign: (draft: Draft) => AzureSas,
  draft: Draft,
  options: ProbeOptions,
): Promise<AzureSas> {
  const backDated = sign(draft);
  const problem = await probe(backDated, options);
  if (problem === null) return backDated;
  if (!isUnbelieved(problem)) throw issuerError(problem);
  const fromNow = sign({ ...draft, startsAt: null });
  if ((await probe(fromNow, options)) === null) return fromNow;
  const now = options.clock.now();
  const short = sign({ startsAt: null, expiresAt: Math.min(draft.expiresAt, now + SHORT_MS) });
  if ((await probe(short, options)) !== null) throw issuerError(problem);
  const days = ((draft.expiresAt - now) / DAY_MS).toFixed(2);
  throw new FortnightError(
    'issuer.limit',
    `the SAS policy of the storage account refuses a SAS of ${days} days: set a shorter lifetime ` +
      'for the repository (C4), or raise sasExpirationPeriod of the account',
  );
}
