import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { debianProgram, installMissing } from '../programs.ts';
import { sendSigned } from '../wire/signed-request.ts';
import { createFakeTime, type FakeTime, realTime } from './fake-time.ts';
import { freePort, ServerFolder, Unavailable, waitForPort } from './running.ts';

/** Ceph's RADOS Gateway: S3 and STS at one address, on a clock that can be moved. */
export interface CephServer {
  readonly name: 'Ceph RGW';
  /** As `16.2.15`. */
  readonly version: string;
  readonly endpoint: string;
  readonly region: 'us-east-1';
  /** The owner: buckets are made with it, and roles assumed. */
  readonly credentials: CephKeys;
  /** Another user, who owns nothing and is trusted by no role. */
  readonly stranger: CephKeys;
  /** Roles that may do everything; what they differ in is their longest session. */
  readonly roles: { readonly twelveHours: string; readonly oneHour: string };
  /** Its clock is real time plus this from now on (also negative); 0 is real time again. */
  moveClock(offsetMs: number): void;
  /** Its clock stands still at this instant from now on, until it is moved. */
  stopClock(at: number): void;
  /** Ends its processes and removes its folder. */
  stop(): Promise<void>;
}

export interface CephKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface CephOptions {
  /** Default true. Without libfaketime (for a benchmark) moveClock throws. */
  readonly movableClock?: boolean;
}

const PACKAGES = {
  'ceph-mon': 'ceph-mon',
  'ceph-osd': 'ceph-osd',
  radosgw: 'radosgw',
};
const START_LIMIT_MS = 30_000;
const STEP_LIMIT_MS = 20_000;
const OWNER = { accessKeyId: 'CEPHOWNER00000000001', secretAccessKey: 'ceph-owner-secret' };
const STRANGER = { accessKeyId: 'CEPHSTRANGER00000001', secretAccessKey: 'ceph-stranger-secret' };
const HOUR_S = 3_600;

/** Installs what is missing; why Ceph cannot be started here, or undefined when it can. */
export function cephIsMissing(write: (line: string) => void): string | undefined {
  const [lacking] = installMissing(PACKAGES, write);
  return lacking === undefined ? undefined : `${lacking[0]}: ${lacking[1]}`;
}

/**
 * Starts one monitor, one OSD in memory and one gateway, from Debian's packages, which are
 * installed when they are missing. Throws Unavailable when they cannot be; leaves nothing behind
 * when it fails.
 */
export async function startCeph(
  write: (line: string) => void,
  options: CephOptions = {},
): Promise<CephServer> {
  const missing = cephIsMissing(write);
  if (missing !== undefined) throw new Unavailable(missing);
  const folder = new ServerFolder('ceph');
  try {
    const fakeTime =
      options.movableClock === false ? realTime() : createFakeTime(folder.file('clock'), write);
    return await startIn(folder, fakeTime);
  } catch (error) {
    await folder.stop();
    if (error instanceof Unavailable) throw error;
    throw new Error(`Ceph RGW could not be started: ${(error as Error).message}`);
  }
}

async function startIn(folder: ServerFolder, fakeTime: FakeTime): Promise<CephServer> {
  const [monitorPort, gatewayPort] = [await freePort(), await freePort()];
  const cluster = randomUUID();
  const configuration = folder.file('ceph.conf');
  writeFileSync(configuration, clusterConfiguration(folder, cluster, monitorPort, gatewayPort));
  for (const data of ['mon', 'osd', 'rgw']) mkdirSync(folder.file(`${data}-data`));
  const run = (program: string, ...words: string[]) => step(folder, program, words);
  const at = ['-c', configuration];
  const mapFile = folder.file('monmap');
  const monitorAt = `[v2:127.0.0.1:${monitorPort}/0]`;
  await run('monmaptool', '--create', '--addv', 'a', monitorAt, '--fsid', cluster, mapFile);
  await run('ceph-mon', ...at, '--mkfs', '-i', 'a', '--monmap', mapFile);
  folder.start('mon', debianProgram('ceph-mon'), [...at, '-f', '-i', 'a']);
  const disk = randomUUID();
  await run('ceph', ...at, '--connect-timeout', '15', 'osd', 'new', disk);
  await run('ceph-osd', ...at, '--mkfs', '-i', '0', '--osd-uuid', disk);
  folder.start('osd', debianProgram('ceph-osd'), [...at, '-f', '-i', '0']);
  const admin = (...words: string[]) => run('radosgw-admin', ...at, ...words);
  const caps = 'roles=*;user-policy=*';
  const owner = ['--access-key', OWNER.accessKeyId, '--secret', OWNER.secretAccessKey];
  const other = ['--access-key', STRANGER.accessKeyId, '--secret', STRANGER.secretAccessKey];
  await admin('user', 'create', '--uid=owner', '--display-name=owner', `--caps=${caps}`, ...owner);
  await admin('user', 'create', '--uid=stranger', '--display-name=stranger', ...other);
  const gateway = folder.start(
    'rgw',
    debianProgram('radosgw'),
    [...at, '-n', 'client.rgw', '-f'],
    fakeTime.environment,
  );
  const endpoint = `http://127.0.0.1:${gatewayPort}`;
  await waitForPort(gatewayPort, gateway, START_LIMIT_MS, () => folder.tail('rgw'));
  const version = /version (\S+)/.exec(await run('radosgw', '--version'))?.[1] ?? 'unknown';
  return {
    name: 'Ceph RGW',
    version,
    endpoint,
    region: 'us-east-1',
    credentials: OWNER,
    stranger: STRANGER,
    roles: {
      twelveHours: await makeRole(endpoint, 'twelve-hours', 12 * HOUR_S),
      oneHour: await makeRole(endpoint, 'one-hour', HOUR_S),
    },
    moveClock: (offsetMs) => fakeTime.moveClock(offsetMs),
    stopClock: (at) => fakeTime.stopClock(at),
    stop: () => folder.stop(),
  };
}

/**
 * A role that the owner may assume and that may do everything; its ARN. Over IAM's own protocol:
 * radosgw-admin cannot set the longest session.
 */
async function makeRole(endpoint: string, name: string, longestSeconds: number): Promise<string> {
  const owner = { AWS: ['arn:aws:iam:::user/owner'] };
  const trust = { Effect: 'Allow', Principal: owner, Action: ['sts:AssumeRole'] };
  await callIam(endpoint, {
    Action: 'CreateRole',
    RoleName: name,
    Path: '/',
    MaxSessionDuration: String(longestSeconds),
    AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
  });
  const all = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
  await callIam(endpoint, {
    Action: 'PutRolePolicy',
    RoleName: name,
    PolicyName: 'all',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [all] }),
  });
  return `arn:aws:iam:::role/${name}`;
}

async function callIam(endpoint: string, parameters: Record<string, string>): Promise<void> {
  const reply = await sendSigned(endpoint, {
    method: 'POST',
    path: '/',
    query: parameters,
    keys: OWNER,
  });
  if (reply.status === 200) return;
  throw new Error(`${parameters.Action} was answered with ${reply.status}: ${reply.text}`);
}

async function step(
  folder: ServerFolder,
  program: string,
  words: readonly string[],
): Promise<string> {
  const { code, output } = await folder.run(program, debianProgram(program), words, STEP_LIMIT_MS);
  if (code === 0) return output;
  throw new Error(`${program} ${words[2] ?? ''} ended with ${code}:\n${firstLines(output)}`);
}

function firstLines(output: string): string {
  return output.trim().split('\n').slice(0, 8).join('\n');
}

/** Everything on the loopback, nothing authenticated inside, nothing on disk but small maps. */
function clusterConfiguration(
  folder: ServerFolder,
  cluster: string,
  monitorPort: number,
  gatewayPort: number,
): string {
  const settings: Readonly<Record<string, string>> = {
    fsid: cluster,
    mon_host: `[v2:127.0.0.1:${monitorPort}/0]`,
    mon_initial_members: 'a',
    public_network: '127.0.0.0/8',
    cluster_network: '127.0.0.0/8',
    public_addr: '127.0.0.1',
    cluster_addr: '127.0.0.1',
    ms_bind_msgr1: 'false',
    ms_bind_msgr2: 'true',
    // Without authentication the wire must be in the clear too, or the gateway hangs.
    auth_cluster_required: 'none',
    auth_service_required: 'none',
    auth_client_required: 'none',
    ms_cluster_mode: 'crc',
    ms_service_mode: 'crc',
    ms_client_mode: 'crc',
    ms_mon_cluster_mode: 'crc',
    ms_mon_service_mode: 'crc',
    ms_mon_client_mode: 'crc',
    // One monitor has nobody to wait for: 1 s instead of 12 s to start.
    paxos_propose_interval: '0.02',
    paxos_min_wait: '0.01',
    mon_allow_pool_delete: 'true',
    mon_data_avail_warn: '0',
    mon_data_avail_crit: '0',
    osd_pool_default_size: '1',
    osd_pool_default_min_size: '1',
    osd_pool_default_pg_num: '1',
    osd_pool_default_pgp_num: '1',
    osd_pool_default_pg_autoscale_mode: 'off',
    osd_crush_chooseleaf_type: '0',
    osd_crush_update_on_start: 'true',
    osd_objectstore: 'memstore',
    memstore_device_bytes: '4294967296',
    log_to_stderr: 'true',
    err_to_stderr: 'true',
    log_file: '',
    // Else a crash prints ten thousand lines of what came before it.
    log_max_recent: '0',
    mon_cluster_log_file: '',
    run_dir: folder.path,
    admin_socket: '',
    pid_file: '',
    mon_data: folder.file('mon-data'),
    osd_data: folder.file('osd-data'),
    rgw_data: folder.file('rgw-data'),
    keyring: '/dev/null',
    rgw_frontends: `beast endpoint=127.0.0.1:${gatewayPort}`,
    rgw_s3_auth_use_sts: 'true',
    rgw_sts_key: 'abcdefghijklmnop',
    rgw_enable_usage_log: 'false',
    rgw_crypt_require_ssl: 'false',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return `[global]\n${lines.join('\n')}\n`;
}
