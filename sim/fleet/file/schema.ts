import { z } from 'zod';
import { ERROR_CATALOGUE, type ErrorCode } from '../../../machines/rules/errors.ts';
import { JOB_KINDS } from '../../../machines/rules/settings.ts';
import {
  duration,
  instant,
  positiveDuration,
  quota,
  safeName,
  signedDuration,
  size,
  timeOfDay,
} from '../../scenario/scalars.ts';
import { scenarioSchema } from '../../scenario/schema.ts';
import { FAULT_SITES } from '../types.ts';
import { bandwidth, durationSpread, share, signedDurationSpread, sizeSpread } from './scalars.ts';

/**
 * The one description of the fleet file. Storages and repositories are those of the scenario file
 * with what a fleet needs besides; a new setting there is one here, too.
 */
const scenarioStorage = scenarioSchema.shape.storages.unwrap().element;
const scenarioRepository = scenarioSchema.shape.repositories.element;

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const storage = scenarioStorage.extend({
  requestLatency: durationSpread.optional().describe('Of one request. Left out: 5ms to 200ms.'),
  bandwidth: bandwidth
    .optional()
    .describe('What all direct sessions together can write. Left out: no limit.'),
  issue: z
    .strictObject({
      latency: durationSpread.optional().describe('Left out: 50ms to 2s.'),
      perSecond: z.number().positive().max(1_000_000).optional().describe('Left out: no limit.'),
      burst: z.int().min(1).optional().describe('At once after a rest. Left out: 10.'),
      propagation: durationSpread
        .optional()
        .describe('C19: until a new credential is known everywhere. Left out: 0ms.'),
    })
    .optional()
    .describe('Its credential API.'),
});

const repository = scenarioRepository.extend({
  gateway: z.string().optional().describe('Name of a gateway; may be left out if there is one.'),
});

const gateway = z
  .strictObject({
    name: safeName('gateway'),
    bandwidth: bandwidth.describe('Of one gateway.'),
    count: z.int().min(1).max(1_000).optional().describe('So many of them. Left out: 1.'),
  })
  .describe('Cloud gateways of the service provider.');

const clock = z
  .strictObject({
    offset: signedDurationSpread.optional().describe('How far it is off, like -2d or a range.'),
    drift: z.int().min(-1_000).max(1_000).optional().describe('Gains so many ms in a million.'),
    jumps: z
      .array(z.strictObject({ at: duration, by: signedDuration }))
      .optional()
      .describe('At this time after the start it jumps.'),
  })
  .describe('What a node takes for the time. Left out: the true time.');

const schedule = z
  .strictObject({
    daily: timeOfDay.optional().describe('Once a day at this time, UTC.'),
    weekly: z.enum(WEEKDAYS).optional().describe('Once a week on this day.'),
    at: timeOfDay.optional().describe('For weekly: the time of day. Left out: "22:00".'),
    every: positiveDuration.optional().describe('Again and again from the onboarding on.'),
    jitter: duration.optional().describe('A run starts up to this much later. Left out: 0ms.'),
    businessHours: z
      .strictObject({ from: timeOfDay, to: timeOfDay })
      .optional()
      .describe('Runs that would start outside, or at a weekend, are left out.'),
  })
  .describe('When backups run: exactly one of daily, weekly, every.');

const group = z
  .strictObject({
    name: safeName('group'),
    count: z.int().describe('How many tenants.'),
    subtenants: z.int().min(0).max(1_000).optional().describe('Of each tenant. Left out: 0.'),
    repository: z.string().optional().describe('May be left out if there is one.'),
    job: z.enum(JOB_KINDS).optional().describe('P1. Left out: server.'),
    quota: quota.describe('Of each tenant.'),
    subtenantQuota: quota.optional().describe('Left out: only the tenant’s counts (Q4).'),
    schedule,
    onboarding: z
      .strictObject({
        day: z.int().min(0).optional().describe('From this day on. Left out: 0.'),
        over: duration.optional().describe('Spread evenly over this long. Left out: 0ms.'),
      })
      .optional()
      .describe('When the tenants come. Left out: all at the start.'),
    first: sizeSpread.describe('Of the first, full backup.'),
    incremental: sizeSpread.describe('Of every later backup.'),
    throughput: bandwidth.describe('What one session can move at most.'),
    keep: z.int().min(1).max(1_000).optional().describe('Restore points. Left out: 14.'),
    clock: clock.optional(),
  })
  .describe('Tenants that are alike.');

const errorCode = z.enum(Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]]);

const fault = z
  .strictObject({
    site: z.enum(FAULT_SITES).describe('Where it strikes.'),
    of: z.string().optional().describe('Which storage, gateway or group. Left out: any.'),
    at: duration.optional().describe('At this time after the start.'),
    nth: z.int().min(1).optional().describe('At this call of the site, from 1.'),
    repeat: z.int().min(1).optional().describe('With nth: so many calls. Left out: 1.'),
    oneIn: z.int().min(1).optional().describe('By chance, at one call in so many.'),
    for: duration.optional().describe('Goes on for this long. Left out: 0ms.'),
    error: errorCode.optional().describe('The call is answered with this code.'),
    delay: positiveDuration.optional().describe('The answer comes this much later.'),
    lost: z.literal(true).optional().describe('No answer; a message breaks its connection.'),
    duplicate: z.literal(true).optional().describe('The message comes twice.'),
    crash: z.enum(['source', 'target']).optional().describe('This mover process is gone.'),
    down: z.enum(['both', 'up', 'down']).optional().describe('Not reachable; up: to the SP.'),
  })
  .describe('One of at, nth, oneIn; and one of error, delay, lost, duplicate, crash, down.');

const event = z
  .strictObject({
    day: z.number().min(0).describe('Days after the start; 10.5 is noon of day 10.'),
    set: scenarioRepository
      .omit({ name: true, storage: true })
      .partial()
      .extend({ repository: z.string() })
      .optional()
      .describe('Settings of a repository; sessions that run keep theirs (M8).'),
    disable: z.string().optional().describe('C22: this group.'),
    enable: z.string().optional().describe('This group again.'),
    quota: quota.optional().describe('With group: the new quota of its tenants.'),
    group: z.string().optional(),
    share: share.optional().describe('Of the group. Left out: 100%.'),
    maintenance: z
      .boolean()
      .optional()
      .describe('X5: from now on nothing new starts (true), or again (false).'),
  })
  .describe(
    'Something that the SP does on a day: one of set, disable, enable, quota, maintenance.',
  );

export const fleetSchema = z
  .strictObject({
    version: z.literal(1).describe('Version of this file format.'),
    title: z.string().min(1).optional(),
    seed: scenarioSchema.shape.seed,
    start: instant.optional().describe('Left out: 2026-01-05T00:00:00Z, a Monday.'),
    days: z.int().describe('How long backups are started.'),
    settle: positiveDuration
      .optional()
      .describe('L1: how long what runs may take to end after the last day. Left out: 14d.'),
    network: z
      .strictObject({
        latency: durationSpread.optional().describe('One way. Left out: 5ms to 100ms.'),
        loss: share.optional().describe('Of control messages; each breaks its connection.'),
        duplicate: share.optional().describe('Of control messages that come twice.'),
        reorder: share.optional().describe('Of control messages that are overtaken.'),
        reorderBy: positiveDuration.optional().describe('So much later. Left out: 2s.'),
      })
      .optional(),
    control: z
      .strictObject({
        heartbeat: positiveDuration.optional().describe('P5. Left out: 1m.'),
        silence: positiveDuration.optional().describe('Then it counts as lost. Left out: 3m.'),
        reconnectEvery: positiveDuration.optional().describe('At the most. Left out: 15m.'),
        budget: positiveDuration.optional().describe('P8: of a session. Left out: 30m.'),
        answer: positiveDuration.optional().describe('Left out: 5m.'),
        quotaWait: duration.optional().describe('Q3: for a raised quota. Left out: 0ms.'),
        moverStart: durationSpread.optional().describe('Left out: 1s to 20s.'),
        restarts: z.int().min(0).max(100).optional().describe('Of movers. Left out: 3.'),
      })
      .optional()
      .describe('How SP and tenants wait for each other.'),
    sp: z.strictObject({ clock }).optional(),
    grantChunk: size.optional().describe('Q2: what is granted at once. Left out: 256GiB.'),
    storages: z.array(storage).min(1).optional(),
    gateways: z.array(gateway).min(1).optional().describe('Left out: one with 10Gbit/s.'),
    repositories: z.array(repository).min(1),
    tenants: z.array(group).min(1),
    faults: z.array(fault).optional(),
    events: z.array(event).optional(),
  })
  .describe('A fleet for fortnight simulate.');

export type FleetFile = z.output<typeof fleetSchema>;

/** JSON Schema (draft 2020-12) of the file as people write it, for editor completion. */
export function fleetJsonSchema(): Record<string, unknown> {
  return {
    $id: 'https://fortnight.invalid/fleet.schema.json',
    title: 'Fortnight fleet',
    ...z.toJSONSchema(fleetSchema, { io: 'input' }),
  };
}
