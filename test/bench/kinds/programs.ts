import { join } from 'node:path';
import { debianProgram, runProgram } from '../../real/programs.ts';
import { startStopwatch } from '../measure.ts';
import type { SdkAddress } from '../sdk-task.ts';

/** Our programs and their Debian packages have the same names. */
export const PROGRAMS = ['rclone', 'restic'] as const;
export type ProgramName = (typeof PROGRAMS)[number];

export interface ProgramTask {
  readonly address: Extract<SdkAddress, { family: 's3' }>;
  readonly bucket: string;
  /** Working folder and home of the programs; the data lies in it. */
  readonly folder: string;
  /** Name of the folder with the data. */
  readonly data: string;
  readonly parallel: number;
  readonly limitMs: number;
}

/** Start of the process to its exit. */
export interface ProgramTimes {
  readonly backupMs: number;
  readonly restoreMs: number;
  /** Where the restored files lie. */
  readonly restored: string;
}

/** Puts the data up and brings it back, as a user of the program would. */
export function runBackupProgram(name: ProgramName, task: ProgramTask): Promise<ProgramTimes> {
  return name === 'rclone' ? runRclone(task) : runRestic(task);
}

async function runRclone(task: ProgramTask): Promise<ProgramTimes> {
  const { address, bucket, data, folder, parallel } = task;
  const settings = 'provider=Other,env_auth=true,no_check_bucket=true';
  const remote = `:s3,${settings},endpoint='${address.endpoint}':${bucket}/rclone`;
  const atOnce = ['--transfers', String(parallel)];
  const restored = 'rclone-restored';
  return {
    backupMs: await timed('rclone', ['copy', data, remote, ...atOnce], task),
    restoreMs: await timed('rclone', ['copy', remote, restored, ...atOnce], task),
    restored: join(folder, restored),
  };
}

async function runRestic(task: ProgramTask): Promise<ProgramTimes> {
  const { address, bucket, data, folder, parallel } = task;
  const repository = ['--repo', `s3:${address.endpoint}/${bucket}/restic`];
  const restic = (...words: string[]) =>
    timed('restic', [...repository, '-o', `s3.connections=${parallel}`, ...words], task);
  await restic('init');
  const restored = 'restic-restored';
  return {
    backupMs: await restic('backup', data),
    restoreMs: await restic('restore', 'latest', '--target', restored),
    restored: join(folder, restored, data),
  };
}

async function timed(
  program: ProgramName,
  parameters: readonly string[],
  { address, folder, limitMs }: ProgramTask,
): Promise<number> {
  const read = startStopwatch();
  const { code, output } = await runProgram(debianProgram(program), parameters, {
    limitMs,
    cwd: folder,
    // Nothing of the caller's environment: its proxies and profiles are none of our business.
    env: {
      PATH: '/usr/bin:/bin',
      HOME: folder,
      RCLONE_CONFIG: '/dev/null',
      RESTIC_PASSWORD: 'not secret',
      AWS_DEFAULT_REGION: address.region,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ACCESS_KEY_ID: address.accessKeyId,
      AWS_SECRET_ACCESS_KEY: address.secretAccessKey,
    },
  });
  const tookMs = read();
  if (code !== 0) throw new Error(`${program} ${parameters[0]} ended with ${code}\n${output}`);
  return tookMs;
}
