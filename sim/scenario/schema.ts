import { z } from 'zod';
import { ERROR_CATALOGUE, type ErrorCode } from '../../machines/rules/errors.ts';
import { ISSUER_KINDS } from '../../machines/rules/issuers.ts';
import {
  ACCESS_OPTIONS,
  CONNECTION_MODES,
  IN_SESSION_POLICIES,
  JOB_KINDS,
  OPERATIONS,
  STORAGE_KINDS,
} from '../../machines/rules/settings.ts';
import {
  blockSize,
  duration,
  instant,
  positiveDuration,
  quota,
  safeName,
  signedDuration,
  size,
  timeOfDay,
} from './scalars.ts';
import { FAULT_ERRORS, FAULT_SITES, STORAGE_OPERATIONS } from './types.ts';

/**
 * The one description of the scenario file: it validates, it is what `fortnight schema` prints, and
 * its output type is what `build.ts` turns into a `Scenario`. What needs a look at two places of
 * the file at once is in `references.ts`.
 */
const seed = z
  .union([z.int(), z.string().min(1)])
  .describe('Where all chance of the run comes from: a whole number or any text.');

const storage = z
  .strictObject({
    name: safeName('storage'),
    kind: z.enum(STORAGE_KINDS).describe('M2: the storage system.'),
    longestSession: positiveDuration
      .optional()
      .describe(
        'C14: the longest credential that it issues. Left out: what the vendor allows with the ' +
          'issuer (AssumeRole: aws 12h, s3-compatible 365d; GetFederationToken 36h; GCS token 1h).',
      ),
    hierarchicalNamespace: z
      .boolean()
      .optional()
      .describe(
        'Azure: SAS links for directories. Left out: true. Without it every tenant gets a ' +
          'container of its own.',
      ),
  })
  .describe('An object storage system of the service provider.');

const accessSetting = z
  .enum([...ACCESS_OPTIONS, 'unset'])
  .describe(
    'M3: access permission of S3-compatible storage; beats the mode. ' +
      'Left out, or "unset": not specified yet (M4, M6).',
  );

const host = (name: string) =>
  z
    .union([z.boolean(), safeName('host')])
    .describe(`Host name of the ${name} server; true takes a name, false means there is none.`);

const sas = z
  .strictObject({
    validity: positiveDuration.describe('C4: how long a SAS link lives instead of 30d.'),
    threshold: positiveDuration.describe('C4: reissued below this, instead of 15d.'),
  })
  .describe('C4: overrides of the SAS limits; they touch nothing else.');

/** What `set` may change as well. */
const repositorySettings = {
  mode: z.enum(CONNECTION_MODES).describe('M1: the connection mode.'),
  access: accessSetting.optional(),
  gatewayServer: host('gateway').optional(),
  mountServer: host('mount').optional(),
  strictGateway: z
    .boolean()
    .optional()
    .describe('M7: refuse an option that makes the route direct although the mode says gateway.'),
  httpProxy: z.boolean().optional().describe('X1: jobs must use an HTTP proxy.'),
  immutability: z.boolean().optional().describe('X3: the repository has immutability.'),
  inSession: z
    .enum(IN_SESSION_POLICIES)
    .optional()
    .describe('C15: what a session does when its credential ends. Left out: reconnect.'),
  margin: duration
    .optional()
    .describe('C15: this long before the expiry no new request starts. Left out: 1m.'),
  checkClock: z
    .enum(['tenant', 'sp'])
    .optional()
    .describe('C11: whose clock the renewal check uses. Left out: tenant.'),
  strictRenewal: z
    .boolean()
    .optional()
    .describe('C17: refuse the old credential while a renewal fails.'),
  adaptThreshold: z.boolean().optional().describe('C14: let renewalFloor cap the threshold.'),
  renewalFloor: positiveDuration
    .optional()
    .describe('C14: the capped threshold. Left out: half of the effective lifetime.'),
  sas: sas.optional(),
  entraId: z.boolean().optional().describe('C21: the Azure repository was added with Entra ID.'),
  issuer: z
    .enum(ISSUER_KINDS)
    .optional()
    .describe(
      'C7: how credentials are issued. Left out: aws iam-user, s3-compatible assume-role, azure ' +
        'account-key-sas (with entraId user-delegation-sas), gcs downscoped-token.',
    ),
  softLimit: size
    .optional()
    .describe('Q5: once this much is stored, running backups finish and new ones are refused.'),
  storedAccessPolicy: z
    .boolean()
    .optional()
    .describe('Azure: SAS links hang on a stored access policy and can be revoked (C13).'),
};

const repository = z
  .strictObject({
    name: safeName('repository'),
    storage: z.string().optional().describe('Name of a storage; may be left out if there is one.'),
    ...repositorySettings,
  })
  .describe('A repository that the service provider offers.');

const tenant = z
  .strictObject({
    name: safeName('tenant'),
    quota: quota.describe('Bytes in each repository that the tenant uses.'),
    disabled: z.boolean().optional().describe('C22: no new sessions.'),
    subtenants: z
      .array(
        z.strictObject({
          name: safeName('subtenant'),
          quota: quota.optional().describe("Left out: only the tenant's quota counts (Q4)."),
        }),
      )
      .optional(),
  })
  .describe('A tenant with its quota.');

const syntheticSource = z.strictObject({
  synthetic: z
    .strictObject({
      files: z.int().min(1).max(100_000).describe('How many files.'),
      size: size.describe('All files together.'),
      seed: seed.optional(),
      changedShare: z
        .number()
        .min(0)
        .max(1)
        .optional()
        .describe('Share of the blocks that change from one backup to the next. Left out: 0.1.'),
    })
    .describe('Made-up files, the same for the same seed.'),
});
const folderSource = z.strictObject({
  folder: z
    .string()
    .min(1)
    .describe("A folder on this machine; a relative path counts from the scenario file's folder."),
});

const job = z
  .strictObject({
    name: safeName('job'),
    tenant: z.string().describe('Name of a tenant.'),
    subtenant: z.string().optional().describe('Name of one of its subtenants.'),
    repository: z.string().describe('Name of a repository.'),
    kind: z.enum(JOB_KINDS).optional().describe('P1: where the movers run. Left out: server.'),
    backup: safeName('backup').optional().describe("Left out: the job's name."),
    source: z.union([folderSource, syntheticSource]).describe('What is backed up.'),
    blockSize: blockSize.optional().describe('4KiB to 64MiB. Left out: 1MiB.'),
    httpProxy: z.boolean().optional().describe('X1: the job must use an HTTP proxy.'),
    tenantConfigBackup: z.boolean().optional().describe("X2: backs up the tenant's configuration."),
    inSession: z.enum(IN_SESSION_POLICIES).optional().describe("C15: beats the repository's."),
    schedule: z
      .strictObject({
        every: positiveDuration.describe('The period, like 1d.'),
        at: timeOfDay.optional().describe('First run, UTC. Left out: one period after the start.'),
        times: z.int().min(1).optional().describe('Left out: as long as the steps last.'),
      })
      .optional()
      .describe('Backups that start by themselves while warps move the clock.'),
  })
  .describe('A backup job of a tenant.');

const errorCode = z.enum(Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]]);

const runStep = z.strictObject({
  run: z.string().describe('Name of a job.'),
  operation: z.enum(OPERATIONS).optional().describe('P9. Left out: backup.'),
  expect: z.enum(['done', 'failed']).optional().describe('How the session must end.'),
  code: errorCode.optional().describe('The error code of an expected failure.'),
  generation: z.int().min(1).optional().describe('The credential generation it must end with.'),
});

const warpStep = z.strictObject({
  warp: z
    .union([
      duration,
      z.strictObject({
        to: z
          .enum(['expiry', 'renewalLine'])
          .describe('Its end, or the instant at which exactly the renewal threshold is left.'),
        of: z.string().describe('A job, or a scope like acme/vault or acme@branch/vault.'),
        offset: signedDuration.optional().describe('Like -1ms.'),
      }),
    ])
    .describe('Moves the clock: by a duration, or to an instant of a credential.'),
});

const setStep = z.strictObject({
  set: z
    .union([
      z.strictObject({
        repository: z.string(),
        ...repositorySettings,
        mode: repositorySettings.mode.optional(),
      }),
      z.strictObject({
        tenant: z.string(),
        subtenant: z.string().optional(),
        quota: quota.optional().describe('The new quota of the tenant, or of the subtenant.'),
        disabled: z.boolean().optional().describe('C22: no new sessions; running ones stop.'),
      }),
      z.strictObject({
        maintenance: z
          .boolean()
          .describe('X5: the provider is in maintenance; what runs goes on, nothing new starts.'),
      }),
    ])
    .describe('Changes settings; sessions that run keep theirs (M8).'),
});

const faultStep = z.strictObject({
  fault: z
    .strictObject({
      site: z.enum(FAULT_SITES).describe('Storage requests, its credential API, or the channel.'),
      storage: z.string().optional().describe('Name of a storage. Left out: any.'),
      operation: z.enum(STORAGE_OPERATIONS).optional().describe('Left out: every operation.'),
      nth: z.int().min(1).optional().describe('Strikes at this call, from 1. Left out: 1.'),
      repeat: z.int().min(1).optional().describe('So many calls in a row. Left out: 1.'),
      jump: positiveDuration.optional().describe('All clocks jump ahead just before the call.'),
      error: z.enum(FAULT_ERRORS).optional().describe('The call is answered with this error.'),
      reset: z.literal(true).optional().describe('The connection is cut.'),
      corruptBody: z.literal(true).optional().describe('A bit of the answer is flipped.'),
      delay: positiveDuration.optional().describe('The answer comes this much later.'),
      down: positiveDuration.optional().describe('Not reachable for this long.'),
    })
    .describe('Arms one fault. Give exactly one of jump, error, reset, corruptBody, delay, down.'),
});

const restoreAllStep = z.strictObject({
  restoreAll: z.literal(true).describe('Restores and compares everything that succeeded (I72).'),
});

export const scenarioSchema = z
  .strictObject({
    version: z.literal(1).describe('Version of this file format.'),
    title: z.string().min(1).optional().describe('One line for reports.'),
    seed: seed.optional(),
    start: instant.optional().describe('When the scenario starts. Left out: 2026-01-05T08:00:00Z.'),
    storages: z
      .array(storage)
      .min(1)
      .optional()
      .describe('Left out: one s3-compatible storage named "s3" that issues up to 365d.'),
    repositories: z.array(repository).min(1),
    tenants: z.array(tenant).min(1),
    jobs: z.array(job).min(1).optional().describe('What can be run. A lab file needs none.'),
    steps: z
      .array(z.union([runStep, warpStep, setStep, faultStep, restoreAllStep]))
      .min(1)
      .optional()
      .describe('What happens, in this order. A lab file needs none.'),
  })
  .describe('A Fortnight scenario.');

/** The file after shape and units are checked; names may still point nowhere. */
export type ScenarioFile = z.output<typeof scenarioSchema>;

/** JSON Schema (draft 2020-12) of the file as people write it, for editor completion. */
export function scenarioJsonSchema(): Record<string, unknown> {
  return {
    $id: 'https://fortnight.invalid/scenario.schema.json',
    title: 'Fortnight scenario',
    ...z.toJSONSchema(scenarioSchema, { io: 'input' }),
  };
}
