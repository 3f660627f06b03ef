import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from '../../../machines/rules/time.ts';
import type { Fleet, FleetEvent, FleetFault } from '../../fleet/types.ts';
import type { Offer } from '../../tui/live-run.ts';
import type { FleetChange } from '../../tui/runs/fleet-run.ts';

/** What can be changed in a fleet while it is watched; each is an event or a fault of its file. */
interface FleetOffer extends Offer {
  readonly event?: FleetEvent;
  readonly fault?: Omit<FleetFault, 'name'>;
}

const ALL = 1_000_000;
const NEXT = 'from the next session on (M8)';

/** Instants are filled in when something is chosen. */
const atMs = 0;
const now = { kind: 'at', atMs } as const;

function settingOffers({ repositories }: Fleet): readonly FleetOffer[] {
  return repositories.flatMap(({ name: repository }) => {
    const set = (words: string, changes: object): FleetOffer => ({
      label: `set ${repository}: ${words}`,
      hint: NEXT,
      destroys: false,
      event: { kind: 'repository', atMs, repository, changes },
    });
    return [
      set('mode gateway', { mode: 'gateway' }),
      set('mode direct', { mode: 'direct' }),
      set('when it expires reconnect', { inSession: 'reconnect' }),
      set('when it expires fail', { inSession: 'strict' }),
    ];
  });
}

function tenantOffers({ groups }: Fleet): readonly FleetOffer[] {
  return groups.flatMap(({ name: group, count, quotaBytes }): FleetOffer[] => {
    const of = (label: string, hint: string, event: FleetEvent, destroys = false): FleetOffer => {
      return { label, hint, destroys, event };
    };
    const all = `all ${count} of ${group}`;
    return [
      of(`disable ${all}`, 'C22', { kind: 'disable', atMs, group, sharePpm: ALL }, true),
      of(`enable ${all}`, 'C22', { kind: 'enable', atMs, group, sharePpm: ALL }),
      of(`quota of ${all}: doubled`, 'Q2', {
        kind: 'quota',
        atMs,
        group,
        quotaBytes: quotaBytes * 2,
      }),
      of(`quota of ${all}: halved`, 'I56', {
        kind: 'quota',
        atMs,
        group,
        quotaBytes: Math.floor(quotaBytes / 2),
      }),
    ];
  });
}

function faultOffers({ groups, gateways, storages }: Fleet): readonly FleetOffer[] {
  const down = { kind: 'down', direction: 'both' } as const;
  const outage = (
    site: FleetFault['site'],
    of: string | null,
    forMs: number,
    label: string,
  ): FleetOffer => ({
    label: `fault ${label}`,
    hint: 'an outage that begins now',
    destroys: true,
    fault: { site, of, trigger: now, forMs, effect: down },
  });
  const error = (
    site: 'issuer' | 'storage',
    of: string,
    code: 'issuer.unavailable' | 'storage.throttled',
    words: string,
  ): FleetOffer => ({
    label: `fault ${site} ${of}: ${words}`,
    hint: 'each call in this time',
    destroys: false,
    fault: { site, of, trigger: now, forMs: HOUR_MS, effect: { kind: 'error', code } },
  });
  return [
    outage('sp', null, 10 * MINUTE_MS, 'SP: down for 10 m'),
    ...gateways.map(({ name }) => outage('gateway', name, HOUR_MS, `gateway ${name}: down 1 h`)),
    ...storages.map(({ name }) => outage('storage', name, HOUR_MS, `storage ${name}: down 1 h`)),
    ...groups.map(({ name }) => outage('network', name, HOUR_MS, `network of ${name}: down 1 h`)),
    ...storages.map(({ name }) => error('issuer', name, 'issuer.unavailable', 'no issue for 1 h')),
    ...storages.map(({ name }) => error('storage', name, 'storage.throttled', 'slow down for 1 h')),
  ];
}

export function fleetOffers(fleet: Fleet): readonly FleetOffer[] {
  return [...settingOffers(fleet), ...tenantOffers(fleet), ...faultOffers(fleet)];
}

/** The fleet as if its file had said so: the same up to each change, because chance is numbered. */
export function changedFleet(fleet: Fleet, changes: readonly FleetChange[]): Fleet {
  const offers = fleetOffers(fleet);
  const events = [...fleet.events];
  const faults = [...fleet.faults];
  for (const [index, { name, at }] of changes.entries()) {
    const { event, fault } = offers.find(({ label }) => label === name) ?? {};
    const after = afterMs(fleet, at);
    if (event !== undefined) events.push({ ...event, atMs: after });
    if (fault === undefined) continue;
    const trigger = { kind: 'at', atMs: after } as const;
    faults.push({ ...fault, name: `yours ${index + 1}: ${fault.site}`, trigger });
  }
  return { ...fleet, events, faults };
}

/** The millisecond after what is shown, and within the days of the fleet. */
function afterMs({ startAt, days }: Fleet, at: EpochMs): number {
  return Math.max(0, Math.min(Math.floor(at - startAt) + 1, days * DAY_MS - 1));
}
