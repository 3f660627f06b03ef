import { MINUTE_MS } from '../../../machines/rules/time.ts';
import { buildFault } from '../file/build.ts';
import type { FleetFile } from '../file/schema.ts';
import type { Fleet, FleetFault } from '../types.ts';
import { runFleet } from './run-fleet.ts';

type FileFault = NonNullable<FleetFile['faults']>[number];

const OUTAGE = { for: 10 * MINUTE_MS };

/** What can go wrong at one call, or in one hour, of each site; see "Faults" in docs/simulate.md. */
export const POINT_FAULTS: readonly Omit<FileFault, 'nth'>[] = [
  { site: 'issuer', error: 'issuer.unavailable' },
  { site: 'issuer', lost: true },
  { site: 'issuer', delay: 3 * MINUTE_MS },
  { site: 'storage', error: 'storage.throttled' },
  { site: 'storage', error: 'credential.expired' },
  { site: 'storage', error: 'access.denied' },
  { site: 'storage', delay: MINUTE_MS },
  { site: 'storage', down: 'both', ...OUTAGE },
  { site: 'records', of: 'intent', error: 'records.failed' },
  { site: 'records', of: 'save', error: 'records.failed' },
  { site: 'message', lost: true },
  { site: 'message', duplicate: true },
  { site: 'message', delay: 2 * MINUTE_MS },
  { site: 'mover', crash: 'source' },
  { site: 'mover', crash: 'target' },
  { site: 'mover', error: 'mover.exited' },
  { site: 'sp', down: 'both', ...OUTAGE },
  { site: 'gateway', down: 'both', ...OUTAGE },
  { site: 'network', down: 'both', ...OUTAGE },
  { site: 'network', down: 'up', ...OUTAGE },
  { site: 'network', down: 'down', ...OUTAGE },
];

/** One run of its own: this fault at this call, and no other. */
export interface FaultPoint {
  readonly fault: FleetFault;
  /** As it would stand in a fleet file, for the command that shows the run again. */
  readonly written: FileFault;
}

/** How a fleet's first, undisturbed run came to so many calls. */
export interface FaultPoints {
  readonly points: readonly FaultPoint[];
  /** By `nameOfFault`: calls of its site in the undisturbed run. */
  readonly calls: ReadonlyMap<string, number>;
}

const NEVER = Number.MAX_SAFE_INTEGER;

/**
 * Counts the calls of every site in a run without faults, and lays one point at every `every`-th of
 * them, from the first. The fleet's own faults are left out; its events stay.
 */
export async function faultPoints(
  fleet: Fleet,
  seed: number | string,
  every: number,
): Promise<FaultPoints> {
  const waiting = POINT_FAULTS.map((fault, index) => buildFault({ ...fault, nth: NEVER }, index));
  const { faultCalls } = await runFleet({
    fleet: { ...fleet, faults: waiting },
    seed,
    isHashed: false,
    isChecked: false,
  });
  const points: FaultPoint[] = [];
  const calls = new Map<string, number>();
  for (const [index, fault] of POINT_FAULTS.entries()) {
    const count = faultCalls[index] ?? 0;
    calls.set(nameOfFault(fault), count);
    for (let nth = 1; nth <= count; nth += every) {
      const { site, ...rest } = fault;
      const written = { site, nth, ...rest };
      points.push({ written, fault: buildFault(written, 0) });
    }
  }
  return { points, calls };
}

/** `message lost`, `records of intent error records.failed`, `sp down both`. */
export function nameOfFault({ site, of, ...rest }: Omit<FileFault, 'nth'>): string {
  const effect = Object.entries(rest).find(([key]) => key !== 'for' && key !== 'nth');
  const [kind, value] = effect ?? ['', ''];
  const told =
    value === true ? '' : kind === 'delay' ? ` ${Number(value) / MINUTE_MS}m` : ` ${value}`;
  return `${site}${of === undefined ? '' : ` of ${of}`} ${kind}${told}`;
}

/** `[{site: message, nth: 17, lost: true}]`: the value of `--set faults=…`. */
export function writeFaults({ written }: FaultPoint): string {
  const members = Object.entries(written).map(([key, value]) =>
    key === 'for' || key === 'delay' ? `${key}: ${Number(value) / MINUTE_MS}m` : `${key}: ${value}`,
  );
  return `[{${members.join(', ')}}]`;
}
