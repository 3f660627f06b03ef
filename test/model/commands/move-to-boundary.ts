import fc from 'fast-check';
import { renewalRule } from '../../../machines/rules/lifetimes.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import { MARGIN_MS } from '../composed/jobs.ts';
import { CLIENTS, clientName } from '../composed/setting.ts';
import { type ComposedCommand, command } from './command.ts';

const DIRECT = ['vault', 'azure', 'short'] as const;
const BOUNDARIES = ['line', 'expiry', 'margin'] as const;

/** How long before the expiry each boundary lies (C2, C3, C14 with `adaptThreshold`, C15). */
function beforeExpiryMs(
  boundary: (typeof BOUNDARIES)[number],
  repository: (typeof DIRECT)[number],
): number {
  if (boundary === 'expiry') return 0;
  if (boundary === 'margin') return MARGIN_MS;
  if (repository === 'short') return HOUR_MS / 2;
  return repository === 'azure'
    ? (renewalRule('azure', 'sas')?.renewBelowMs ?? 0)
    : (renewalRule('s3-compatible', 'limited')?.renewBelowMs ?? 0);
}

/**
 * The instant of a boundary of the newest credential, 1 ms before or after it, on the clock that
 * decides: the tenant's, and the SP's for a SAS (C3, C11).
 */
export const moveToBoundary: fc.Arbitrary<ComposedCommand> = fc
  .record({
    client: fc.constantFrom(...CLIENTS),
    repository: fc.constantFrom(...DIRECT),
    boundary: fc.constantFrom(...BOUNDARIES),
    offsetMs: fc.constantFrom(-1, 0, 1),
    isSuspended: fc.boolean(),
  })
  .map(({ client, repository, boundary, offsetMs, isSuspended }) => {
    const offset = offsetMs === 0 ? '' : offsetMs > 0 ? ' + 1ms' : ' - 1ms';
    const place = `${boundary}${offset}, ${clientName(client)}, ${repository}`;
    return command(`${isSuspended ? 'suspendTo' : 'moveTo'}(${place})`, async (world) => {
      const { tenant, subtenant } = client;
      const newest = await world.newestCredential({ tenant, subtenant, repository });
      if (newest === null) return;
      const clock = repository === 'azure' ? world.providerClock : world.tenantClock(tenant);
      const at = newest.expiresAt - beforeExpiryMs(boundary, repository) + offsetMs - clock.aheadMs;
      if (isSuspended) world.jumpTo(at);
      else await world.moveTo(at);
    });
  });
