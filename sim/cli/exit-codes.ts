import type { ErrorCode } from '../../machines/rules/errors.ts';

/** Every way in which a command can end; `docs` and `--help` show this table. */
export const EXIT = {
  ok: 0,
  /** A rule was violated, or a session failed. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The scenario file or a setting is wrong. */
  config: 3,
  /** The environment: runtime, disk, storage or service provider not reachable. */
  environment: 4,
  /** Nothing was violated, but not everything that should be seen was seen. */
  inconclusive: 5,
  /** Ctrl-C: 128 + SIGINT. */
  interrupted: 130,
  /** 128 + SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODE_HELP = `Exit codes:
  0  all is well            3  wrong scenario file or setting   130  interrupted (Ctrl-C)
  1  a rule was violated,   4  environment: runtime, disk,      143  terminated
     or a session failed       storage not reachable
  2  wrong command line     5  inconclusive`;

const ENVIRONMENT_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'storage.unreachable',
  'storage.unavailable',
  'storage.full',
  'channel.lost',
  'channel.refused',
  'disk.full',
  'disk.failed',
  'records.failed',
  'issuer.unavailable',
  'mover.notStarted',
]);

const CONFIG_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'settings.unknown',
  'route.strictGateway',
  'route.optionNotApplicable',
  'route.gatewayServerMissing',
  'route.mountServerMissing',
  'route.immutabilityDirect',
]);

const USAGE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'source.missing',
  'target.notEmpty',
  'restorePoint.missing',
]);

/** The exit code of a command that an expected error ended. */
export function exitCodeOfError(code: ErrorCode): ExitCode {
  if (ENVIRONMENT_CODES.has(code)) return EXIT.environment;
  if (CONFIG_CODES.has(code)) return EXIT.config;
  if (USAGE_CODES.has(code)) return EXIT.usage;
  return EXIT.failed;
}
