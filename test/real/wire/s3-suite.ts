import { CreateBucketCommand } from '@aws-sdk/client-s3';
import type { ProfileName } from '../../../sim/storage/index.ts';
import type { RealReport } from '../report.ts';
import { startCeph } from '../servers/ceph.ts';
import { Unavailable } from '../servers/running.ts';
import { runFamily, type WireResult } from './family.ts';
import { CEPH_DEVIATIONS } from './s3/ceph-deviations.ts';
import { S3_CHECKS } from './s3/table.ts';
import { BUCKET, cephTarget, oursTarget, type S3Target } from './s3-target.ts';

export interface FamilyRun extends WireResult {
  /** The real server that was asked, as `Ceph RGW 16.2.15`; undefined when it is not there. */
  readonly server: string | undefined;
}

/** S3 and STS: ours in three profiles, and Ceph's RADOS Gateway. */
export async function runS3Wire(
  report: RealReport,
  write: (line: string) => void,
): Promise<FamilyRun> {
  const targets: S3Target[] = [];
  try {
    const ours = {} as Record<ProfileName, S3Target>;
    for (const profile of ['aws', 'minio', 'ceph'] as const) {
      ours[profile] = await oursTarget(profile);
      targets.push(ours[profile]);
    }
    const ceph = await openCeph(report, write);
    if (ceph !== undefined) targets.push(ceph.target);
    for (const target of targets) {
      await target.s3().send(new CreateBucketCommand({ Bucket: BUCKET }));
    }
    const result = await runFamily(
      {
        name: 'S3',
        checks: S3_CHECKS,
        deviations: CEPH_DEVIATIONS,
        ours,
        comparedVariant: 'ceph',
        serverName: 'Ceph RGW',
        server: ceph?.target,
      },
      report,
    );
    return { ...result, server: ceph?.name };
  } finally {
    for (const target of targets) await target.stop();
  }
}

async function openCeph(
  report: RealReport,
  write: (line: string) => void,
): Promise<{ readonly target: S3Target; readonly name: string } | undefined> {
  try {
    const server = await startCeph(write);
    return { target: cephTarget(server), name: `${server.name} ${server.version}` };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    report.skip('Ceph RGW', error.message);
    return undefined;
  }
}
