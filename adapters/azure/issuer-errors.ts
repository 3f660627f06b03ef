import type { Clock } from '../../machines/ports/clock.ts';
import type { StorageCredential } from '../../machines/ports/storage-credential.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import { translateAzureError } from './errors.ts';

/** Refusals that pass: clocks are set right, a load ends, a policy gets known. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'storage.throttled',
  'storage.unavailable',
  'storage.unreachable',
  'clock.skewed',
  'credential.notYetValid',
  'credential.unknownKey',
]);

/** Every other answer refuses for good. What is an issuer's error already stays what it is. */
export function issuerError(error: FortnightError): FortnightError {
  if (error.code.startsWith('issuer.')) return error;
  const code = PASSING.has(error.code) ? 'issuer.unavailable' : 'issuer.refused';
  return new FortnightError(code, error.detail === '' ? error.message : error.detail);
}

/** One request of an issuer. `credential` is the SP's own one and is scrubbed from the text. */
export async function asIssuer<Result>(
  operation: string,
  { credential, clock }: { readonly credential: StorageCredential; readonly clock: Clock },
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (thrown) {
    const context = { operation, credential, sas: null, now: clock.now() };
    throw issuerError(translateAzureError(thrown, context));
  }
}
